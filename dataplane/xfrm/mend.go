package xfrm

import (
	"errors"
	"sync"

	"culvert/dataplane"
	"culvert/dataplane/removal"
	"culvert/dataplane/xfrm/nl"
)

// Other programs remove policies and states, as `ip xfrm policy flush` does, and rules and routes that they do not know, as
// systemd-networkd does. Policies, rules, routes and addresses are put back. A state is not: its sequence numbers and its replay window
// went with it, and an SA that began them anew would use a nonce twice. So its SA has ended.

// A lookout is what to look at.
type lookout struct {
	mu   sync.Mutex
	find suspects
}

// suspects is what may be missing.
type suspects struct {
	policies, states bool
	rules, addresses bool
	everyRoute       bool
	routes           map[string]bool // destinations; true: another route has taken the place
	replaced         bool            // more of them than are kept apart
	links            bool            // interfaces of ours
}

// mostSuspects bounds the routes that are kept apart. With more, all are looked at.
const mostSuspects = 1024

// note takes an event in, and tells whether there is something to look at. table is that of our routes.
func (l *lookout) note(e removal.Event, table int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := &l.find
	switch e.Kind {
	case removal.Lost:
		*f = suspects{policies: true, states: true, rules: true, addresses: true, everyRoute: true, links: true}
	case removal.Policy:
		f.policies = true
	case removal.State:
		f.states = true
	case removal.Rule:
		f.rules = f.rules || e.Table == table
		return e.Table == table
	case removal.Route, removal.Displaced:
		return e.Table == table && f.route(e.Remote.String(), e.Kind == removal.Displaced)
	case removal.Address: // with it the kernel forgets the routes that have it as source, and tells nobody
		f.addresses, f.everyRoute = true, true
	case removal.Link: // one that comes back is without its routes
		f.everyRoute, f.links = f.everyRoute || e.Up, f.links || !e.Up
	case removal.Unlinked:
		f.links = true
	default:
		return false
	}
	return true
}

func (f *suspects) route(to string, displaced bool) bool {
	if f.routes == nil {
		f.routes = make(map[string]bool)
	}
	if f.routes[to] = f.routes[to] || displaced; len(f.routes) > mostSuspects {
		f.routes, f.everyRoute, f.replaced = nil, true, f.replaced || displaced
	}
	return true
}

func (l *lookout) take() suspects {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.find
	l.find = suspects{}
	return f
}

// keep begins to put back what others remove. own is the port from which we ask the kernel ourselves.
func (b *Backend) keep(own uint32, r *routes) error {
	xfrm, err := removal.XFRM(own)
	if err != nil {
		return err
	}
	routing, err := removal.Routing(protocol)
	if err != nil {
		return errors.Join(err, xfrm.Close())
	}
	note := func(e removal.Event) bool { return b.lookout.note(e, r.table) }
	b.stopKeeping = sync.OnceValue(removal.Keep(note, b.mend, xfrm, routing))
	return nil
}

// mend looks at what may be missing, and puts it back.
func (b *Backend) mend() {
	f := b.lookout.take()
	n := b.plumber.Mend(f)
	b.mu.Lock()
	if f.policies {
		n.Policies = b.mendPolicies()
	}
	if f.states {
		n.States = b.endLost()
	}
	b.unlock()
	if tell := b.restored.Load(); tell != nil && n != (dataplane.Restored{}) {
		(*tell)(n)
	}
}

// SetRestored is that of dataplane.Restorer.
func (b *Backend) SetRestored(f func(dataplane.Restored)) { b.restored.Store(&f) }

// mendPolicies gives the kernel the policies that it should have and has not. The caller holds the lock.
func (b *Backend) mendPolicies() (missing int) {
	list, err := b.kernel.Policies()
	b.note(err)
	if err != nil {
		return 0
	}
	there := make(map[nl.PolicyID]bool, len(list))
	for _, p := range list {
		there[p.PolicyID] = true
	}
	for id, p := range b.database.shown {
		if !there[id] {
			missing++
			b.note(b.kernel.SetPolicy(&p))
		}
	}
	return missing
}

// endLost has SAs that the kernel has no more be taken for used up, so that others come in their place. The caller holds the lock.
func (b *Backend) endLost() (lost int) {
	list, err := b.kernel.States()
	b.note(err)
	if err != nil {
		return 0
	}
	there := make(map[nl.StateID]bool, len(list))
	for _, s := range list {
		there[s.StateID] = true
	}
	for id, s := range b.byState {
		if !there[id] && !s.hard {
			lost++
			b.news = append(b.news, s.limit(true))
		}
	}
	return lost
}
