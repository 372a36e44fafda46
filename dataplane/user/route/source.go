package route

import (
	"fmt"
	"net/netip"
	"slices"

	"culvert/dataplane"
	"culvert/spd"
)

// sourceIn returns an address of the host in the view's source prefix, invalid when there is none.
func (p *Plumber) sourceIn(v view) netip.Addr {
	for _, a := range p.local {
		if v.local.Contains(a.Addr()) {
			return a.Addr()
		}
	}
	return netip.Addr{}
}

// refresh looks at the host's addresses again and changes the routes whose source is another now.
func (p *Plumber) refresh() error {
	local, err := p.kernel.localAddresses()
	if err != nil {
		return fmt.Errorf("addresses of the host: %w", err)
	}
	p.stale = p.stale || !slices.Equal(local, p.local)
	p.local = local
	for v, t := range p.views {
		source := p.sourceIn(v)
		if source == t.source {
			continue
		}
		for remote := range t.routes {
			if err := p.kernel.addRoute(route{t.number, remote, source}); err != nil {
				return err // the next change of addresses tries again
			}
		}
		t.source = source
	}
	return nil
}

// checkFilter warns when the kernel is going to take ESP packets of the peer for spoofed, as the way back to it leads
// into the device. Routes by source spare all but policies that hold the addresses of both gateways.
func (p *Plumber) checkFilter(policy dataplane.Policy) {
	contains := func(list []spd.Selector, a netip.Addr) bool {
		return slices.ContainsFunc(list, func(s spd.Selector) bool { return s.ContainsAddr(a) })
	}
	own := slices.ContainsFunc(p.local, func(a address) bool { return a.Addr().Is4() && contains(policy.Local, a.Addr()) })
	if !p.strict || policy.Action != spd.Protect || !policy.Peer.Is4() || !own || !contains(policy.Remote, policy.Peer) {
		return
	}
	for _, w := range p.warnings {
		if w, ok := w.(Warning); ok && w.Code == WarnStrictFilter {
			return
		}
	}
	p.note(Warning{WarnStrictFilter, fmt.Errorf("policy %d (%s) protects the peer's address %v: set net.ipv4.conf.all.rp_filter and that of the interface to 2", policy.ID, policy.Name, policy.Peer)})
}
