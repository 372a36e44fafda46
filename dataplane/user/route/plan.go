package route

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"

	"culvert/dataplane"
	"culvert/spd"
)

// ErrTooMany means that the selectors of a policy need more routes than is sensible.
var ErrTooMany = errors.New("selectors need too many routes")

// maxPaths bounds the routes of one policy. Peers may negotiate many selectors, each of which may be many prefixes.
const maxPaths = 4096

// address is an address of an interface.
type address = netip.Prefix

// ports is a range; zero is any.
type ports struct{ start, end uint16 }

// A view is a class of outbound packets that one rule finds, apart from their destination. Views are in the order of the
// SPD: by priority, then by how much they fix.
type view struct {
	priority            int
	local               netip.Prefix
	remoteBits          int
	protocol            uint8
	source, destination ports
}

// A rank is a place in the order of the SPD. Views of one rank share the preference of their rules.
type rank struct {
	v6                 bool
	priority, specific int
}

func (v view) rank() rank { return rank{v.is6(), v.priority, v.specific()} }

// compare orders ranks of one family as the SPD orders policies (RFC 4301, Section 4.4.1: the database is ordered).
func (r rank) compare(o rank) int {
	return cmp.Or(cmp.Compare(o.priority, r.priority), cmp.Compare(o.specific, r.specific))
}

// specific counts what the view fixes: bits of addresses, then a protocol, then bits of ports.
func (v view) specific() int {
	n := 128 * (v.local.Bits() + v.remoteBits)
	if v.protocol != 0 {
		n += 64
	}
	return n + v.source.bits() + v.destination.bits()
}

func (p ports) bits() int {
	if p == (ports{}) {
		return 0
	}
	return bits.LeadingZeros16(p.end - p.start)
}

// A path is a view with one destination.
type path struct {
	view   view
	remote netip.Prefix
}

// needs is what one policy asks for.
type needs struct {
	bypass    bool
	paths     []path
	guards    []guardRule
	addresses []address
}

// needsOf plans a policy. Discarded traffic is routed like protected, into the device, where it is dropped and counted.
func needsOf(p dataplane.Policy) (needs, error) {
	n := needs{bypass: p.Action == spd.Bypass}
	for _, l := range p.Local {
		for _, r := range p.Remote {
			if err := n.pair(p.Priority, l, r); err != nil {
				return needs{}, fmt.Errorf("policy %d (%s): %w", p.ID, p.Name, err)
			}
		}
	}
	for _, a := range p.VirtualIPs {
		n.addresses = append(n.addresses, netip.PrefixFrom(a.Addr(), a.Addr().BitLen()))
	}
	n.paths = unique(n.paths)
	n.addresses = unique(n.addresses)
	return n, nil
}

// pair plans one local with one remote selector.
func (n *needs) pair(priority int, l, r spd.Selector) error {
	conflict := l.Protocol != 0 && r.Protocol != 0 && l.Protocol != r.Protocol
	if l.Is4() != r.Is4() || conflict {
		return nil
	}
	v := view{priority: priority, protocol: l.Protocol | r.Protocol}
	if carriesPorts(v.protocol) {
		v.source, v.destination = portsOf(l), portsOf(r)
	}
	locals, remotes := l.Prefixes(nil), r.Prefixes(nil)
	if len(n.paths)+len(locals)*len(remotes) > maxPaths {
		return ErrTooMany
	}
	for _, v.local = range locals {
		for _, remote := range remotes {
			v.remoteBits = remote.Bits()
			n.paths = append(n.paths, path{v, remote})
		}
	}
	if v.protocol != 0 || !l.AnyPort() || !r.AnyPort() {
		n.guards = append(n.guards, guardRule{priority: priority, pass: n.bypass, protocol: v.protocol, local: l, remote: r})
	}
	return nil
}

// carriesPorts reports whether routing rules see ports in packets of a protocol, 0 being any.
func carriesPorts(protocol uint8) bool {
	const tcp, udp, dccp, sctp, udpLite = 6, 17, 33, 132, 136
	return slices.Contains([]uint8{0, tcp, udp, dccp, sctp, udpLite}, protocol)
}

// lastPort is not taken by the kernel in ranges of rules.
const lastPort = 1<<16 - 1

// portsOf returns the range that a rule can ask for. Rules know neither port 0 nor hidden ports. One with the last port is for all
// ports: nothing that a policy is to protect may pass beside it.
func portsOf(s spd.Selector) ports {
	if s.AnyPort() || s.IsOpaque() || s.EndPort == 0 || s.EndPort == lastPort {
		return ports{}
	}
	return ports{max(1, s.StartPort), s.EndPort}
}

func unique[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	return slices.DeleteFunc(list, func(v T) bool {
		defer func() { seen[v] = true }()
		return seen[v]
	})
}
