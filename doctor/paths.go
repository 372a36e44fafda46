package doctor

import (
	"context"
	"net/netip"
)

// A peer is a configured address of a connection.
type peer struct {
	connection string
	address    netip.Addr
	port       uint16
}

// peers are those with an address. Names are resolved.
func (e *examination) peers(ctx context.Context) []peer {
	const most = 50 // looked at; more would take minutes
	var list []peer
	for _, c := range e.connections() {
		for _, a := range c.Remote.Addresses {
			switch {
			case len(list) >= most:
				return list
			case a.Name == "" && a.Prefix.IsSingleIP():
				list = append(list, peer{c.Name, a.Prefix.Addr(), c.Remote.Port})
			case a.Name != "":
				if found, err := e.Host.Lookup(ctx, a.Name); err == nil && len(found) > 0 {
					list = append(list, peer{c.Name, found[0].Unmap(), c.Remote.Port})
				}
			}
		}
	}
	return list
}

func checkRoutes(ctx context.Context, e *examination) {
	peers := e.peers(ctx)
	for _, p := range peers {
		if r, err := e.Host.Route(p.address); err != nil {
			e.fail("`ip route get "+p.address.String()+"`; add a route, or a default route", "there is no route to %s, the peer of %s: %v", p.address, p.connection, err)
		} else {
			e.ok("%s, the peer of %s, is reached over %s from %s", p.address, p.connection, r.Interface, r.Source)
		}
	}
	if len(peers) == 0 {
		e.ok("no peer with an address is configured")
	}
}

// leastMTU is what every link of IPv6 has (RFC 8200, Section 5), and what IPv4 is used to.
const leastMTU = 1280

func checkMTU(ctx context.Context, e *examination) {
	const most = 8 // peers that are asked
	for i, p := range e.peers(ctx) {
		r, err := e.Host.Route(p.address)
		if err != nil {
			continue // checkRoutes has told
		}
		if r.MTU < leastMTU {
			e.warn("raise the MTU of "+r.Interface+" or of what it runs over", "the way to %s begins with an MTU of %d on %s: packets in the tunnel get no more than about %d octets", p.address, r.MTU, r.Interface, max(0, r.MTU-overhead))
		}
		if i < most {
			e.walk(ctx, p, r)
		}
	}
}

// overhead is about what ESP in UDP takes of a packet.
const overhead = 82

// walk asks a peer with requests of different sizes.
func (e *examination) walk(ctx context.Context, p peer, r Route) {
	answers, mtu, err := e.Host.Reach(ctx, netip.AddrPortFrom(p.address, p.port))
	switch {
	case err != nil:
		e.unknown("", "the peer of %s cannot be asked: %v", p.connection, err)
	case !answers:
		e.warn("`culvert probe "+p.address.String()+"` tells more; look whether a packet filter on the way lets UDP 500 and 4500 pass",
			"%s, the peer of %s, does not answer on UDP port %d", p.address, p.connection, p.port)
	case mtu == 0:
		e.unknown("", "%s, the peer of %s, answers, but not to requests of a certain size", p.address, p.connection)
	case mtu < min(r.MTU, 1500)-16:
		e.warn("nothing, if tunnels find it out by themselves (`mtu = \"auto\"`); otherwise set mtu of the data plane",
			"packets to %s, the peer of %s, arrive whole up to %d octets, although the MTU of %s is %d", p.address, p.connection, mtu, r.Interface, r.MTU)
	default:
		e.ok("%s, the peer of %s, answers; packets up to %d octets arrive whole", p.address, p.connection, mtu)
	}
}
