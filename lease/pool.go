package lease

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// A Pool is a set of addresses of one family. It is safe for concurrent use.
//
// An identity gets the address that it had before. When it connects a second time while its address is online it gets
// another one. What was never leased goes first; then the address that has been offline longest.
type Pool struct {
	config Config

	mu      sync.Mutex
	byAddr  map[netip.Addr]*Lease
	byID    map[string][]*Lease
	offline []*Lease   // the one that has been offline longest first
	fresh   netip.Addr // the next address of the current range that was never looked at
	at      int        // the current range
	trouble error      // of the store, since it last worked
}

// New returns a pool with the leases that its store knows. What of them is not in the pool any more is forgotten.
func New(c Config) (*Pool, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &Pool{config: c, byAddr: make(map[netip.Addr]*Lease), byID: make(map[string][]*Lease), fresh: c.Ranges[0].First}
	if c.Store == nil {
		return p, nil
	}
	known, err := c.Store.Load(c.Name)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(known, func(a, b Lease) int { return a.Since.Compare(b.Since) })
	for _, l := range known {
		if _, twice := p.byAddr[l.Addr]; p.leasable(l.Addr) && !twice {
			l.Online, l.Static = false, false
			p.offline = append(p.offline, p.add(l))
		}
	}
	return p, nil
}

func (c *Config) check() error {
	if len(c.Ranges) == 0 {
		return errors.New("a pool needs addresses")
	}
	for _, r := range c.Ranges {
		if !r.First.IsValid() || r.First.Is4() != r.Last.Is4() || r.Last.Less(r.First) {
			return fmt.Errorf("range %v-%v is none", r.First, r.Last)
		}
	}
	return nil
}

// contains tells whether an address is in one of some ranges.
func contains(ranges []Range, a netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(r Range) bool { return !a.Less(r.First) && !r.Last.Less(a) })
}

// leasable tells whether the address may be leased to anybody.
func (p *Pool) leasable(a netip.Addr) bool {
	return contains(p.config.Ranges, a) && !contains(p.config.Exclude, a) && !p.reserved(a)
}

// reserved tells whether the address belongs to one identity.
func (p *Pool) reserved(a netip.Addr) bool {
	for _, static := range p.config.Static {
		if static == a {
			return true
		}
	}
	return false
}

func (p *Pool) add(l Lease) *Lease {
	held := &l
	p.byAddr[l.Addr] = held
	p.byID[l.Identity] = append(p.byID[l.Identity], held)
	return held
}

// Acquire leases an address and marks it online: the static one of the identity, one that it had, one that it wishes for
// and that is free, a fresh one, or the one that has been offline longest. It returns ErrExhausted when all are online.
func (p *Pool) Acquire(now time.Time, r Request) (Lease, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.static(r.Identity)
	if l == nil {
		l = p.returning(r)
	}
	if l == nil {
		l = p.wished(r)
	}
	if l == nil {
		l = p.unused(r.Identity)
	}
	if l == nil {
		l = p.oldest(r.Identity)
	}
	if l == nil {
		return Lease{}, ErrExhausted
	}
	l.Online, l.Since = true, now
	p.offline = slices.DeleteFunc(p.offline, func(o *Lease) bool { return o == l })
	p.save(l)
	return *l, nil
}

// static is the address that the configuration gives to an identity; several IKE SAs share it.
func (p *Pool) static(identity string) *Lease {
	addr, ok := p.config.Static[identity]
	if !ok {
		return nil
	}
	if l := p.byAddr[addr]; l != nil {
		return l
	}
	return p.add(Lease{Addr: addr, Identity: identity, Static: true})
}

// returning is an offline address that the identity had, the wished one first.
func (p *Pool) returning(r Request) *Lease {
	var found *Lease
	for _, l := range p.byID[r.Identity] {
		if l.Online {
			continue
		}
		if found == nil || slices.Contains(r.Want, l.Addr) {
			found = l
		}
	}
	return found
}

func (p *Pool) wished(r Request) *Lease {
	for _, a := range r.Want {
		if _, taken := p.byAddr[a]; !taken && p.leasable(a) {
			return p.add(Lease{Addr: a, Identity: r.Identity})
		}
	}
	return nil
}

// unused goes on through the ranges to an address that was never leased.
func (p *Pool) unused(identity string) *Lease {
	for p.at < len(p.config.Ranges) {
		r := p.config.Ranges[p.at]
		for a := p.fresh; a.IsValid() && !r.Last.Less(a); a = a.Next() {
			if hole, ok := p.hole(a); ok {
				a = hole
				continue
			}
			if _, taken := p.byAddr[a]; !taken && !p.reserved(a) {
				p.fresh = a.Next()
				return p.add(Lease{Addr: a, Identity: identity})
			}
		}
		if p.at++; p.at < len(p.config.Ranges) {
			p.fresh = p.config.Ranges[p.at].First
		}
	}
	return nil
}

// hole returns the last address of the excluded range that an address lies in, so that a large one is crossed at once.
func (p *Pool) hole(a netip.Addr) (netip.Addr, bool) {
	for _, r := range p.config.Exclude {
		if !a.Less(r.First) && !r.Last.Less(a) {
			return r.Last, true
		}
	}
	return a, false
}

// oldest takes the address that has been offline longest from its identity.
func (p *Pool) oldest(identity string) *Lease {
	if len(p.offline) == 0 {
		return nil
	}
	l := p.offline[0]
	if rest := slices.DeleteFunc(p.byID[l.Identity], func(o *Lease) bool { return o == l }); len(rest) > 0 {
		p.byID[l.Identity] = rest
	} else {
		delete(p.byID, l.Identity)
	}
	l.Identity = identity
	p.byID[identity] = append(p.byID[identity], l)
	return l
}

// Release marks a lease offline; the identity gets the address again when it comes back.
func (p *Pool) Release(now time.Time, identity string, addr netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.byAddr[addr]
	if l == nil || l.Identity != identity || !l.Online {
		return
	}
	l.Online, l.Since = false, now
	if !l.Static {
		p.offline = append(p.offline, l)
	}
	p.save(l)
}

// save keeps a lease beyond the process. A store that fails does not stop the pool, which goes on in memory.
func (p *Pool) save(l *Lease) {
	if p.config.Store != nil {
		p.trouble = p.config.Store.Save(p.config.Name, *l)
	}
}

// Trouble is the store's last error, nil once it works again.
func (p *Pool) Trouble() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble
}

// Leases lists what is or was leased, in the order of the addresses.
func (p *Pool) Leases() []Lease {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]Lease, 0, len(p.byAddr))
	for _, l := range p.byAddr {
		list = append(list, *l)
	}
	slices.SortFunc(list, func(a, b Lease) int { return a.Addr.Compare(b.Addr) })
	return list
}

// Size is the number of addresses in the ranges, excluded ones not counted as long as exclusions do not overlap.
func (p *Pool) Size() *big.Int {
	sum := new(big.Int)
	for _, r := range p.config.Ranges {
		sum.Add(sum, r.size())
		for _, e := range p.config.Exclude {
			sum.Sub(sum, r.overlap(e).size())
		}
	}
	return sum
}

// overlap is what two ranges have in common; the zero Range when nothing.
func (r Range) overlap(o Range) Range {
	if r.First.Is4() != o.First.Is4() || o.Last.Less(r.First) || r.Last.Less(o.First) {
		return Range{}
	}
	if r.First.Less(o.First) {
		r.First = o.First
	}
	if o.Last.Less(r.Last) {
		r.Last = o.Last
	}
	return r
}

func (r Range) size() *big.Int {
	if !r.First.IsValid() {
		return new(big.Int)
	}
	first, last := new(big.Int).SetBytes(r.First.AsSlice()), new(big.Int).SetBytes(r.Last.AsSlice())
	return last.Add(last.Sub(last, first), big.NewInt(1))
}
