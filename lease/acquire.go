package lease

import "time"

// Acquire leases an address and marks it online. The first of these counts: the static address of the identity, one of its
// own that it wishes for, one that it holds and takes over, one that it had, one that it wishes for and that is free, a
// fresh one, the one that has been offline longest. Acquire returns ErrExhausted when all are online. Each lease is given
// back by one Release. Who asks for exactly one address, which is in the pool, gets that one or none.
func (p *Pool) Acquire(now time.Time, r Request) (Lease, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	choices := []func(Request) *holding{p.static, p.own, p.taken, p.returning, p.wished, p.unused, p.oldest}
	if r.Exactly {
		choices = []func(Request) *holding{p.exact}
	}
	for _, choose := range choices {
		if h := choose(r); h != nil {
			p.use(now, h)
			return h.Lease, nil
		}
	}
	return Lease{}, ErrExhausted
}

// use counts one more user of a lease.
func (p *Pool) use(now time.Time, h *holding) {
	h.users++
	if h.users > 1 {
		return
	}
	p.unlist(h)
	p.online++
	h.Online, h.Since = true, now
	p.save(h)
}

// exact is the first wish, unless somebody else has it or the configuration gives it to somebody else.
func (p *Pool) exact(r Request) *holding {
	addr := r.Want[0]
	if owner, static := p.owners[addr]; static && owner != r.Identity {
		return nil
	}
	h := p.byAddr[addr]
	switch {
	case h == nil:
		return p.add(Lease{Addr: addr, Identity: r.Identity})
	case h.Identity == r.Identity:
		return h
	case h.users > 0:
		return nil
	}
	p.assign(h, r.Identity)
	return h
}

// static is the address that the configuration gives to an identity; several connections share it. While somebody else
// still has the address, from before it became static, it is not to be had.
func (p *Pool) static(r Request) *holding {
	addr, ok := p.config.Static[r.Identity]
	if !ok {
		return nil
	}
	h := p.byAddr[addr]
	switch {
	case h == nil:
		return p.add(Lease{Addr: addr, Identity: r.Identity, Static: true})
	case h.Identity == r.Identity:
		return h
	}
	return nil
}

// own is an address of the identity that it wishes for, in use or not.
func (p *Pool) own(r Request) *holding {
	for _, a := range r.Want {
		if h := p.byAddr[a]; h != nil && h.Identity == r.Identity && p.leasable(a) {
			return h
		}
	}
	return nil
}

// taken is the address that connections hold which are replaced, the one that is in use for the shortest time.
func (p *Pool) taken(r Request) *holding {
	if !r.Takeover {
		return nil
	}
	return p.latest(r.Identity, func(h *holding) bool { return h.users > 0 })
}

// returning is the address that the identity had last.
func (p *Pool) returning(r Request) *holding {
	return p.latest(r.Identity, func(h *holding) bool { return h.users == 0 })
}

// latest is the lease of an identity that came into its state last among some.
func (p *Pool) latest(identity string, among func(*holding) bool) *holding {
	var found *holding
	for _, h := range p.byID[identity] {
		if among(h) && p.leasable(h.Addr) && (found == nil || !h.Since.Before(found.Since)) {
			found = h
		}
	}
	return found
}

// wished is a free address that the identity wishes for.
func (p *Pool) wished(r Request) *holding {
	if p.full() {
		return nil
	}
	for _, a := range r.Want {
		if _, known := p.byAddr[a]; !known && p.leasable(a) {
			return p.add(Lease{Addr: a, Identity: r.Identity})
		}
	}
	return nil
}

// full tells whether no more addresses may be remembered.
func (p *Pool) full() bool { return len(p.byAddr) >= p.config.maxLeases() }

// unused goes on through the ranges to an address that was never leased.
func (p *Pool) unused(r Request) *holding {
	for !p.full() && p.at < len(p.config.Ranges) {
		last := p.config.Ranges[p.at].Last
		for a := p.fresh; a.IsValid() && !last.Less(a); a = a.Next() {
			if end, ok := p.config.hole(a); ok {
				a = end
				continue
			}
			if _, known := p.byAddr[a]; !known && p.leasable(a) {
				p.fresh = a.Next()
				return p.add(Lease{Addr: a, Identity: r.Identity})
			}
		}
		if p.at++; p.at < len(p.config.Ranges) {
			p.fresh = p.config.Ranges[p.at].First
		}
	}
	return nil
}

// oldest takes the address that has been offline longest from its identity.
func (p *Pool) oldest(r Request) *holding {
	front := p.offline.Front()
	if front == nil {
		return nil
	}
	h := front.Value.(*holding)
	p.assign(h, r.Identity)
	return h
}

// assign gives an address that is offline to another identity.
func (p *Pool) assign(h *holding, identity string) {
	p.disown(h)
	h.Identity = identity
	p.byID[identity] = append(p.byID[identity], h)
}
