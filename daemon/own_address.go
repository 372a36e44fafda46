package daemon

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"culvert/explain"
	"culvert/ike"
	"culvert/lease"
	"culvert/wire"
)

// ownAddresses are those that belong to users and are in use. It is safe for concurrent use.
type ownAddresses struct {
	mu    sync.Mutex
	users map[netip.Addr]*owner
}

// An owner is who uses an address, and with how many IKE SAs.
type owner struct {
	identity string
	sas      int
}

// take notes one more user of an address. It is refused while somebody else has it, or another device of the same user: one that
// neither asks for it, as who authenticates anew does, nor takes the place of the other.
func (o *ownAddresses) take(identity string, addr netip.Addr, again bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.users == nil {
		o.users = map[netip.Addr]*owner{}
	}
	u := o.users[addr]
	if u == nil {
		u = &owner{identity: identity}
		o.users[addr] = u
	}
	if u.identity != identity || u.sas > 0 && !again {
		return false
	}
	u.sas++
	return true
}

func (o *ownAddresses) release(addr netip.Addr) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if u := o.users[addr]; u != nil {
		if u.sas--; u.sas == 0 {
			delete(o.users, addr)
		}
	}
}

// ownAddress is the address of a family that belongs to the user alone, as the accounts say. The last one counts.
func ownAddress(a ike.Admission, four bool) (addr netip.Addr) {
	for _, g := range a.Grants {
		if own := g.IPv4; four && own.IsValid() {
			addr = own
		}
		if own := g.IPv6; !four && own.IsValid() {
			addr = own
		}
	}
	return addr
}

// own gives a user the address that is the user's. If a pool has it too, the pool hands it out, so that nobody else gets it.
func (l *leases) own(now time.Time, a ike.Admission, addr netip.Addr, wishes []netip.Addr) (grant, bool) {
	g := grant{identity: a.Identity.String(), addr: addr, own: true}
	if !l.owners.take(g.identity, addr, takesOver(a) || slices.Contains(wishes, addr)) {
		return grant{}, false
	}
	p := l.holding(addr)
	if p == nil {
		return g, true
	}
	if _, err := p.Acquire(now, lease.Request{Identity: g.identity, Want: []netip.Addr{addr}, Exactly: true}); err != nil {
		l.owners.release(addr)
		return grant{}, false
	}
	g.pool = p.Pool
	return g, true
}

// holding is the pool that could hand out an address.
func (l *leases) holding(addr netip.Addr) *servedPool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.pools, func(p *servedPool) bool { return p.Holds(addr) })
	if i < 0 {
		return nil
	}
	return l.pools[i]
}

// ownTaken refuses a Child SA whose user cannot have the address that is the user's (RFC 7296, Section 3.15.4).
func ownTaken(a ike.Admission, addr netip.Addr) *ike.Failure {
	return &ike.Failure{
		Code: explain.UserAddress, Notify: wire.NotifyInternalAddressFailure,
		Err: fmt.Errorf("%v belongs to %s and is in use: by another device of the user, or by somebody else", addr, a.Identity),
	}
}
