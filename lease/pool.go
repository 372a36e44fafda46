package lease

import (
	"container/list"
	"math/big"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// A Pool is a set of addresses of one family. It is safe for concurrent use.
//
// An identity gets the address that it had before. When it connects a second time while its address is online it gets
// another one, unless it asks for that very address, as a client does that authenticates anew before it lets the old IKE SA
// go. What was never leased goes first; then the address that has been offline longest.
type Pool struct {
	mu      sync.Mutex
	config  Config
	owners  map[netip.Addr]string // of static addresses
	byAddr  map[netip.Addr]*holding
	byID    map[string][]*holding
	offline *list.List // of *holding, the one that has been offline longest first; static ones are not in it
	online  int
	fresh   netip.Addr // the next address of the current range that was never looked at
	at      int        // the current range
	trouble error      // of the store, since it last worked
}

// A holding is a lease and who uses it.
type holding struct {
	Lease
	users int           // connections; 0 is offline
	place *list.Element // in the list of offline leases
}

// New returns a pool with the leases that its store knows, all offline. What of them is not in the pool is forgotten. A
// store that fails is no reason not to have a pool; see Trouble.
func New(c Config) (*Pool, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &Pool{byAddr: make(map[netip.Addr]*holding), byID: make(map[string][]*holding), offline: list.New()}
	p.set(c)
	if c.Store == nil {
		return p, nil
	}
	known, err := c.Store.Load(c.Name)
	p.trouble = err
	slices.SortFunc(known, func(a, b Lease) int { return a.Since.Compare(b.Since) })
	for _, l := range known {
		if _, twice := p.byAddr[l.Addr]; !twice && p.leasable(l.Addr) && len(p.byAddr) < c.maxLeases() {
			l.Online, l.Static = false, false
			p.retire(p.add(l))
		}
	}
	return p, nil
}

// Reconfigure changes what the pool holds. Leases that do not fit any more end: those online when they are released, the
// others now. A configuration that is refused changes nothing. The store stays.
func (p *Pool) Reconfigure(c Config) error {
	if err := c.check(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c.Store = p.config.Store
	p.set(c)
	for _, h := range p.offlineInOrder() {
		p.unlist(h)
		p.retire(h)
	}
	return nil
}

// offlineInOrder returns the offline leases, that offline longest first, and finds out anew which leases are static.
func (p *Pool) offlineInOrder() []*holding {
	var all []*holding
	for addr, h := range p.byAddr {
		owner, static := p.owners[addr]
		h.Static = static && owner == h.Identity
		if h.users == 0 {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b *holding) int { return a.Since.Compare(b.Since) })
	return all
}

func (p *Pool) set(c Config) {
	p.config, p.owners, p.at, p.fresh = c, c.owners(), 0, c.Ranges[0].First
}

// leasable tells whether the address may be leased to anybody.
func (p *Pool) leasable(a netip.Addr) bool {
	_, static := p.owners[a]
	return !static && Contains(p.config.Ranges, a) && !Contains(p.config.Exclude, a)
}

// add takes an address into the books.
func (p *Pool) add(l Lease) *holding {
	h := &holding{Lease: l}
	p.byAddr[l.Addr] = h
	p.byID[l.Identity] = append(p.byID[l.Identity], h)
	return h
}

// retire keeps the lease of somebody who is offline in mind, for as long as nobody else needs the address. One that does
// not fit the pool any more is forgotten.
func (p *Pool) retire(h *holding) {
	switch {
	case h.Static:
	case p.leasable(h.Addr):
		h.place = p.offline.PushBack(h)
	default:
		p.disown(h)
		delete(p.byAddr, h.Addr)
	}
}

// unlist takes a lease off the list of offline ones.
func (p *Pool) unlist(h *holding) {
	if h.place != nil {
		p.offline.Remove(h.place)
		h.place = nil
	}
}

// disown takes a lease away from its identity.
func (p *Pool) disown(h *holding) {
	rest := slices.DeleteFunc(p.byID[h.Identity], func(o *holding) bool { return o == h })
	if len(rest) == 0 {
		delete(p.byID, h.Identity)
		return
	}
	p.byID[h.Identity] = rest
}

// Release ends one use of an address. With the last one the lease is offline; the identity gets the address again when it
// comes back.
func (p *Pool) Release(now time.Time, identity string, addr netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.byAddr[addr]
	if h == nil || h.Identity != identity || h.users == 0 {
		return
	}
	if h.users--; h.users > 0 {
		return
	}
	p.online--
	h.Online, h.Since = false, now
	p.save(h)
	p.retire(h)
}

// Forget has nobody be known to have had an address, so that it is as if it were never leased. An address that is online stays
// with its identity. known tells whether there was a lease.
func (p *Pool) Forget(addr netip.Addr) (known, online bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.byAddr[addr]
	if h == nil || h.users > 0 {
		return h != nil, h != nil
	}
	p.unlist(h)
	p.disown(h)
	delete(p.byAddr, addr)
	p.at, p.fresh = 0, p.config.Ranges[0].First
	if p.config.Store != nil {
		p.trouble = p.config.Store.Forget(p.config.Name, addr)
	}
	return true, false
}

// save keeps a lease beyond the process. A store that fails does not stop the pool, which goes on in memory.
func (p *Pool) save(h *holding) {
	if p.config.Store != nil {
		p.trouble = p.config.Store.Save(p.config.Name, h.Lease)
	}
}

// Trouble is the store's last error, nil once it works again: a warning that leases may not survive the process.
func (p *Pool) Trouble() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble
}

// Counts returns how many addresses are online, and how many are remembered for identities that are not.
func (p *Pool) Counts() (online, offline int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.online, len(p.byAddr) - p.online
}

// Leases lists what is or was leased, in the order of the addresses.
func (p *Pool) Leases() []Lease {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Lease, 0, len(p.byAddr))
	for _, h := range p.byAddr {
		all = append(all, h.Lease)
	}
	slices.SortFunc(all, func(a, b Lease) int { return a.Addr.Compare(b.Addr) })
	return all
}

// Holds tells whether an address is one of the pool's, static or not.
func (p *Pool) Holds(a netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, static := p.owners[a]
	return static || Contains(p.config.Ranges, a) && !Contains(p.config.Exclude, a)
}

// Size is the number of addresses that the pool can lease.
func (p *Pool) Size() *big.Int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Count(p.config.Ranges, p.config.Exclude)
}
