package route

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"

	"culvert/dataplane"
)

// A Plumber keeps rules, routes, addresses and the guard in step with policies. Its methods are safe for concurrent use.
type Plumber struct {
	config   Config
	kernel   kernel
	strict   bool // rp_filter
	stopping func() error
	missing  missing
	restored atomic.Pointer[func(dataplane.Restored)]

	mu        sync.Mutex
	policies  map[dataplane.PolicyID]needs
	views     map[view]*table
	bypasses  map[path]int // how many policies want it
	ranks     map[rank]int // how many views and bypasses have it
	addresses map[address]int
	rules     map[rule]bool
	changed   map[*table]view // that came or went, whose rules are not arranged yet
	stale     bool            // all rules have to be arranged anew
	nextTable int             // never used so far
	free      []int           // tables given back
	avoid     map[int]bool    // tables that a predecessor has filled
	local     []address       // of the host
	warnings  []error
}

// A table holds the routes of a view.
type table struct {
	number int
	source netip.Addr           // what unbound packets get, invalid when the host has none
	routes map[netip.Prefix]int // how many policies want it
}

// A route leads one destination of a view into the device.
type route struct {
	table  int
	remote netip.Prefix
	source netip.Addr
}

func newPlumber(c Config, k kernel) *Plumber {
	return &Plumber{
		config: c, kernel: k, stopping: func() error { return nil },
		policies: make(map[dataplane.PolicyID]needs), views: make(map[view]*table), bypasses: make(map[path]int),
		ranks: make(map[rank]int), addresses: make(map[address]int), rules: make(map[rule]bool), changed: make(map[*table]view),
		nextTable: firstTable,
	}
}

// Set makes the host follow a policy, in place of the one with its ID. After an error the host follows the old one,
// as far as it lets us.
func (p *Plumber) Set(policy dataplane.Policy) error {
	n, err := needsOf(policy)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	old, replaced := p.policies[policy.ID]
	taken, err := p.take(n)
	if err := errors.Join(err, p.settle(len(n.addresses) > 0)); err != nil {
		p.give(taken)
		return fmt.Errorf("policy %d (%s): %w", policy.ID, policy.Name, errors.Join(err, p.settle(true)))
	}
	p.policies[policy.ID] = n
	if replaced {
		p.give(old)
	}
	p.checkFilter(policy)
	p.guard(n, old)
	return p.settle(len(old.addresses) > 0)
}

// Remove undoes Set. Removing what is not there is not an error.
func (p *Plumber) Remove(id dataplane.PolicyID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, ok := p.policies[id]
	if !ok {
		return nil
	}
	delete(p.policies, id)
	p.give(n)
	p.guard(n)
	return p.settle(len(n.addresses) > 0)
}

// settle brings rules, and after a change of addresses sources, up to date.
func (p *Plumber) settle(addresses bool) error {
	if addresses || len(p.local) == 0 {
		if err := p.refresh(); err != nil {
			return err
		}
	}
	return p.arrange()
}

// take adds what a policy needs and returns what it added before any error, for give.
func (p *Plumber) take(n needs) (taken needs, err error) {
	taken.bypass = n.bypass
	for i, a := range n.addresses {
		if p.addresses[a] == 0 {
			if err := p.kernel.addAddress(a); err != nil {
				return taken, err
			}
		}
		p.addresses[a]++
		taken.addresses = n.addresses[:i+1]
	}
	for i, at := range n.paths {
		if err := p.takePath(at, n.bypass); err != nil {
			return taken, err
		}
		taken.paths = n.paths[:i+1]
	}
	return taken, nil
}

func (p *Plumber) takePath(at path, bypass bool) error {
	if !bypass {
		return p.takeRoute(at)
	}
	if p.bypasses[at]++; p.bypasses[at] == 1 {
		p.count(at.view, 1)
		p.stale = true
	}
	return nil
}

func (p *Plumber) takeRoute(at path) error {
	t := p.views[at.view]
	if t == nil {
		number, err := p.freeTable()
		if err != nil {
			return err
		}
		t = &table{number: number, source: p.sourceIn(at.view), routes: make(map[netip.Prefix]int)}
	}
	if t.routes[at.remote] == 0 {
		r := route{t.number, at.remote, t.source}
		if err := p.kernel.addRoute(r); err != nil {
			return errors.Join(err, p.kernel.deleteRoute(r)) // it may be there in part
		}
	}
	t.routes[at.remote]++
	if p.views[at.view] == nil {
		p.views[at.view] = t
		p.changed[t] = at.view
		p.count(at.view, 1)
	}
	return nil
}

// give releases what take took.
func (p *Plumber) give(n needs) {
	for _, at := range n.paths {
		if n.bypass {
			p.giveBypass(at)
			continue
		}
		p.giveRoute(at)
	}
	for _, a := range n.addresses {
		if release(p.addresses, a) {
			p.note(p.kernel.deleteAddress(a))
		}
	}
}

func (p *Plumber) giveBypass(at path) {
	if release(p.bypasses, at) {
		p.count(at.view, -1)
		p.stale = true
	}
}

func (p *Plumber) giveRoute(at path) {
	t := p.views[at.view]
	if t == nil {
		return
	}
	if release(t.routes, at.remote) {
		p.note(p.kernel.deleteRoute(route{t.number, at.remote, t.source}))
	}
	if len(t.routes) == 0 {
		delete(p.views, at.view)
		p.changed[t] = at.view
		p.count(at.view, -1)
		p.free = append(p.free, t.number)
	}
}

// count notes that a view or bypass came or went. Where the first of a rank comes, or the last goes, others move.
func (p *Plumber) count(v view, n int) {
	r := v.rank()
	had := p.ranks[r]
	p.ranks[r] += n
	if p.ranks[r] == 0 {
		delete(p.ranks, r)
	}
	p.stale = p.stale || had == 0 || p.ranks[r] == 0
}

// release counts down and reports whether the last one is gone.
func release[K comparable](counts map[K]int, k K) bool {
	if counts[k] == 0 {
		return false
	}
	counts[k]--
	if counts[k] > 0 {
		return false
	}
	delete(counts, k)
	return true
}

// note keeps an error that nobody can do anything about.
func (p *Plumber) note(err error) {
	if err != nil && len(p.warnings) < maxWarnings {
		p.warnings = append(p.warnings, err)
	}
}

// maxWarnings bounds what is kept for Warnings.
const maxWarnings = 32

var errNoTable = errors.New("no routing table is free")

func (p *Plumber) freeTable() (int, error) {
	if n := len(p.free); n > 0 {
		number := p.free[n-1]
		p.free = p.free[:n-1]
		return number, nil
	}
	for p.avoid[p.nextTable] {
		p.nextTable++
	}
	if p.nextTable > lastTable {
		return 0, errNoTable
	}
	p.nextTable++
	return p.nextTable - 1, nil
}

// Warnings returns what could not be done without failing: values of type Warning, and errors of removals.
func (p *Plumber) Warnings() []error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]error(nil), p.warnings...)
}

// LinkMTU returns the MTU of the link through which our own packets to a host leave, 0 when there is no way to it.
func (p *Plumber) LinkMTU(remote netip.Addr) int { return p.kernel.linkMTU(remote) }

// Unprotected returns how many packets the guard refused.
func (p *Plumber) Unprotected() (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kernel.refused()
}

// Settled removes what a predecessor that crashed left, which has kept packets of its policies from leaving in the clear: the
// caller says that policies stand in their place.
func (p *Plumber) Settled() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.kernel.settled(); err != nil {
		return fmt.Errorf("route: leftovers: %w", err)
	}
	return nil
}

// Close removes everything that the Plumber made.
func (p *Plumber) Close() error {
	err := p.stopping()
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, n := range p.policies {
		delete(p.policies, id)
		p.give(n)
	}
	return errors.Join(err, p.arrange(), p.kernel.close())
}
