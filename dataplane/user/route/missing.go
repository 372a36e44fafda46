package route

import (
	"net/netip"
	"sync"

	"culvert/dataplane/removal"
)

// missing is what may not be there any more, until somebody looks. It has a lock of its own, so that whoever listens never waits
// for the kernel.
type missing struct {
	mu   sync.Mutex
	down bool // the device
	find lookout
}

// A lookout is what to look at.
type lookout struct {
	rules     map[place]bool
	routes    map[spot]bool // true: another one has taken its place
	everyRule bool
	// replaced is for more routes of others in the place of ours than are kept apart.
	replaced bool
	// everyRoute is for addresses that went, too: the kernel forgets the routes with such a source, and tells nobody.
	everyRoute bool
	addresses  bool // of the host, and what is ours on the device
	guard      bool
	device     bool // it was set down
}

// A place is where a rule stands. Several rules may share it.
type place struct {
	v6                bool
	preference, table int
}

// A spot is a destination in a table.
type spot struct {
	table  int
	remote netip.Prefix
}

// mostMissing bounds what is kept apart. With more, everything is looked at.
const mostMissing = 1024

// note takes an event in, and tells whether there is something to look at.
func (m *missing) note(c *Config, e removal.Event) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &m.find
	switch e.Kind {
	case removal.Lost:
		f.everything()
	case removal.Rule:
		return f.rule(e)
	case removal.Route, removal.Displaced:
		return f.route(e)
	case removal.Arrival:
		f.addresses = true
	case removal.Address:
		f.addresses, f.everyRoute = true, true
	case removal.Link:
		return e.Link == c.Index && m.device(e.Up)
	case removal.Filter:
		f.guard = f.guard || e.Name == c.Guard
		return e.Name == c.Guard
	default:
		return false
	}
	return true
}

// device follows the device: when it goes down, the kernel forgets its routes and IPv6 addresses.
func (m *missing) device(up bool) bool {
	returned := up && m.down
	m.down, m.find.device = !up, !up
	if returned {
		m.find.everyRoute, m.find.addresses = true, true
	}
	return returned || !up
}

func (f *lookout) everything() {
	*f = lookout{everyRule: true, everyRoute: true, addresses: true, guard: true}
}

func (f *lookout) rule(e removal.Event) bool {
	if f.everyRule || e.Preference < firstPreference || e.Preference > lastPreference {
		return f.everyRule
	}
	if f.rules == nil {
		f.rules = make(map[place]bool)
	}
	f.rules[place{e.V6, e.Preference, e.Table}] = true
	if len(f.rules) > mostMissing {
		f.rules, f.everyRule = nil, true
	}
	return true
}

func (f *lookout) route(e removal.Event) bool {
	displaced := e.Kind == removal.Displaced
	if e.Table < firstTable || e.Table > lastTable {
		return f.everyRoute
	}
	if f.everyRoute && !displaced {
		return true
	}
	if f.routes == nil {
		f.routes = make(map[spot]bool)
	}
	at := spot{e.Table, e.Remote}
	f.routes[at] = f.routes[at] || displaced
	if len(f.routes) > mostMissing {
		f.routes, f.everyRoute, f.replaced = nil, true, f.replaced || displaced
	}
	return true
}

// take returns what to look at, and begins anew.
func (m *missing) take() lookout {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.find
	m.find = lookout{}
	return f
}
