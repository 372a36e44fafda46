package xfrm

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// maxRoutes bounds the routes of one policy.
const maxRoutes = 4096

// plan lists the routes of a policy.
func (r *routes) plan(p *dataplane.Policy, n *needs) (list []netlink.Route, err error) {
	prefixes, err := remotes(p.Remote)
	if err != nil {
		return nil, err
	}
	ways := map[bool]*netlink.Route{}
	for _, is4 := range []bool{true, false} {
		if ways[is4], err = r.way(p, n, is4); err != nil {
			return nil, err
		}
	}
	for _, to := range prefixes {
		if way := ways[to.Addr().Is4()]; way != nil {
			route := *way
			route.Dst = network(to)
			list = append(list, route)
		}
	}
	return list, nil
}

func remotes(list []spd.Selector) (prefixes []netip.Prefix, err error) {
	seen := map[netip.Prefix]bool{}
	for _, s := range list {
		for _, p := range s.Prefixes(nil) {
			if !seen[p] {
				seen[p] = true
				prefixes = append(prefixes, p)
			}
		}
		if len(prefixes) > maxRoutes {
			return nil, ErrTooMany
		}
	}
	return prefixes, nil
}

// way is where packets of a family go, without their destination: into the interface, or to where packets to the peer go, with a
// source address that the policy takes if the host has one. There is none in transport mode, to a peer that is not known, and
// where interfaces of others lead to the policy.
func (r *routes) way(p *dataplane.Policy, n *needs, is4 bool) (*netlink.Route, error) {
	route := &netlink.Route{Family: family(is4), Table: r.table, Protocol: protocol, MTU: r.routeMTU(p.ID, family(is4))}
	source, err := r.source(p, is4)
	if err != nil {
		return nil, err
	}
	if source.IsValid() {
		route.Src = source.AsSlice()
	}
	if n.link != "" {
		l, err := r.handle.LinkByName(n.link)
		if err != nil {
			return nil, err
		}
		route.LinkIndex = l.Attrs().Index
		return route, nil
	}
	if p.Mode == esp.Transport || !p.Peer.IsValid() || p.Kernel.IfIDOut.Number != 0 {
		return nil, nil
	}
	found, err := r.handle.RouteGetWithOptions(p.Peer.AsSlice(), &netlink.RouteGetOptions{Mark: r.mark})
	if err != nil || len(found) == 0 {
		return nil, nil // no way to the peer at this moment: packets find none either
	}
	route.LinkIndex = found[0].LinkIndex
	if p.Peer.Is4() == is4 { // otherwise the device alone: ESP takes the packets before they need a neighbour
		route.Gw = found[0].Gw
	}
	return route, nil
}

func family(is4 bool) int {
	if is4 {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// source is an address of the host among the selectors of our side, a virtual one before others.
func (r *routes) source(p *dataplane.Policy, is4 bool) (netip.Addr, error) {
	fits := func(a netip.Addr) bool {
		return a.Is4() == is4 && slices.ContainsFunc(p.Local, func(s spd.Selector) bool { return s.ContainsAddr(a) })
	}
	for _, a := range p.VirtualIPs {
		if fits(a.Addr()) {
			return a.Addr(), nil
		}
	}
	list, err := r.handle.AddrList(nil, family(is4))
	if err != nil {
		return netip.Addr{}, err
	}
	slices.SortFunc(list, func(a, b netlink.Addr) int { return cmp.Compare(a.LinkIndex, b.LinkIndex) })
	for _, at := range list {
		a, ok := netip.AddrFromSlice(at.IP)
		if a = a.Unmap(); ok && fits(a) && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
			return a, nil
		}
	}
	return netip.Addr{}, nil
}
