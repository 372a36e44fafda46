package xfrm

import (
	"culvert/dataplane"
)

// Mend puts back what is missing of what policies have in the host.
func (r *routes) Mend(f suspects) (n dataplane.Restored) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.links {
		n.Links = r.mendLinks()
		f.addresses, f.everyRoute = f.addresses || n.Links > 0, f.everyRoute || n.Links > 0
	}
	if f.rules {
		n.Rules = r.mendRules()
	}
	for _, needs := range r.policies {
		if f.addresses {
			n.Addresses += r.mendAddresses(needs)
		}
		for i := range needs.routes {
			route := &needs.routes[i]
			displaced, suspected := f.routes[route.Dst.String()]
			switch {
			case displaced || f.replaced:
				n.Routes += absentOne(r.handle.RouteReplace(route))
			case f.everyRoute || suspected:
				n.Routes += absentOne(r.handle.RouteAdd(route))
			}
		}
	}
	return n
}

// absentOne is how many things an attempt to add one has found missing. What cannot be added, as a route into an interface that is
// down, is looked at again with the next event.
func absentOne(err error) int {
	if err != nil {
		return 0
	}
	return 1
}

func (r *routes) mendRules() (n int) {
	for family, there := range r.rules {
		if there {
			n += absentOne(r.handle.RuleAdd(r.rule(family)))
		}
	}
	return n
}

func (r *routes) mendAddresses(needs *needs) (n int) {
	for _, a := range needs.addresses {
		l, err := r.handle.LinkByName(needs.device)
		if err != nil {
			continue
		}
		n += absentOne(r.handle.AddrAdd(l, r.own(a.Addr())))
	}
	return n
}
