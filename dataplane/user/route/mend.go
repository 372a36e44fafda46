package route

import (
	"cmp"
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// mend puts back what others have removed, after note has heard of it. What the Plumber itself has removed is not its own any more, and so
// stays away.
func (p *Plumber) mend() {
	f := p.missing.take()
	if !p.kernel.present() {
		return // a successor may be at work already
	}
	var r dataplane.Restored
	if f.device {
		r.Links = p.found(p.kernel.raise()) // what went with it is to be looked at when word comes that it is up
	}
	if f.addresses {
		r.Addresses = p.mendAddresses()
	}
	r.Routes = p.mendRoutes(f)
	r.Rules = p.mendRules(f)
	if f.guard {
		r.Filters = p.mendGuard()
	}
	if r != (dataplane.Restored{}) {
		p.tell(r)
	}
}

// mendAddresses looks at the host's addresses, and puts back those that are ours.
func (p *Plumber) mendAddresses() (missing int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for a := range p.addresses {
		missing += p.found(p.kernel.restoreAddress(a))
	}
	if len(p.policies) > 0 {
		p.noteUnlessPassing(p.settle(true))
	}
	return missing
}

// found is how many things a restoration has found missing.
func (p *Plumber) found(missing bool, err error) int {
	p.noteUnlessPassing(err)
	if missing {
		return 1
	}
	return 0
}

// noteUnlessPassing is note but for a route whose source address has gone since the addresses were read: word of that is on its way, and
// everything is looked at again.
func (p *Plumber) noteUnlessPassing(err error) {
	if !errors.Is(err, unix.EINVAL) {
		p.note(err)
	}
}

// mendAtOnce is how many rules or routes are looked at before policies may change again.
const mendAtOnce = 64

func (p *Plumber) mendRoutes(f lookout) (missing int) {
	for list := range slices.Chunk(p.suspectRoutes(f), mendAtOnce) {
		missing += p.restoreRoutes(list)
	}
	return missing
}

// suspectRoutes are those of ours that are to be looked at.
func (p *Plumber) suspectRoutes(f lookout) (list []suspect) {
	if !f.everyRoute && len(f.routes) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for v, t := range p.views {
		for remote := range t.routes {
			displaced, suspected := f.routes[spot{t.number, remote}]
			if f.everyRoute || suspected {
				list = append(list, suspect{path{v, remote}, displaced || f.replaced})
			}
		}
	}
	return list
}

// A suspect is a route that may be missing, or have another one in its place.
type suspect struct {
	path
	displaced bool
}

func (p *Plumber) restoreRoutes(list []suspect) (missing int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, at := range list {
		if t := p.views[at.view]; t != nil && t.routes[at.remote] > 0 {
			missing += p.found(p.restoreRoute(route{t.number, at.remote, t.source}, at.displaced))
		}
	}
	return missing
}

// restoreRoute adds a route that is not there, or takes back the place of one. That another one is in it looks as if it were there.
func (p *Plumber) restoreRoute(r route, displaced bool) (missing bool, err error) {
	if !displaced {
		return p.kernel.restoreRoute(r)
	}
	err = p.kernel.addRoute(r)
	return err == nil, err
}

func (p *Plumber) mendRules(f lookout) (missing int) {
	for list := range slices.Chunk(p.suspectRules(f), mendAtOnce) {
		missing += p.restoreRules(list)
	}
	return missing
}

func (p *Plumber) suspectRules(f lookout) (list []rule) {
	if !f.everyRule && len(f.rules) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for r := range p.rules {
		if f.everyRule || f.rules[place{r.v6, r.preference, r.table}] {
			list = append(list, r)
		}
	}
	// A rule that jumps wants the one that it jumps to, and those that spare our own packets come before those that take any.
	slices.SortFunc(list, func(a, b rule) int { return cmp.Compare(a.turn(), b.turn()) })
	return list
}

// turn says when a rule comes back: the end first, then in order.
func (r *rule) turn() int { return r.preference % lastPreference }

func (p *Plumber) restoreRules(list []rule) (missing int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range list {
		if p.rules[r] {
			missing += p.found(p.kernel.restoreRule(r))
		}
	}
	return missing
}

func (p *Plumber) mendGuard() (missing int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kernel.guarded() {
		return 0
	}
	if err := p.kernel.setGuard(p.guards()); err != nil {
		p.note(Warning{WarnNoGuard, err})
		return 0
	}
	return 1
}

// tell says what was put back.
func (p *Plumber) tell(r dataplane.Restored) {
	if f := p.restored.Load(); f != nil {
		(*f)(r)
	}
}

// SetRestored names the function that learns what was put back. It does not block.
func (p *Plumber) SetRestored(f func(dataplane.Restored)) { p.restored.Store(&f) }
