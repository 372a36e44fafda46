package daemon

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"culvert/config"
	"culvert/explain"
	"culvert/ike"
	"culvert/lease"
	"culvert/wire"
)

// A grant is an address that an IKE SA holds.
type grant struct {
	pool     *lease.Pool // nil: the address belongs to the user, and to no pool
	identity string
	addr     netip.Addr
	own      bool // it belongs to the user
}

// leases hands out addresses and takes them back when their IKE SA ends. It is safe for concurrent use.
type leases struct {
	store  lease.Store // nil: leases end with the process
	log    *slog.Logger
	owners ownAddresses

	mu      sync.Mutex
	pools   []*servedPool           // configured, in order
	known   map[poolKey]*lease.Pool // all that ever were: of one that is not configured any more peers may hold addresses
	asking  map[wire.SPI]bool       // IKE SAs that are being admitted and live
	held    map[wire.SPI][]grant    // what admitted ones hold
	trouble bool                    // of the store, as the log knows
}

// newLeases returns the books without a pool.
func newLeases(store lease.Store, log *slog.Logger) *leases {
	return &leases{store: store, log: log, known: map[poolKey]*lease.Pool{}, asking: map[wire.SPI]bool{}, held: map[wire.SPI][]grant{}}
}

// expect notes that an IKE SA is about to be admitted. It is called before news of its end can come.
func (l *leases) expect(sa wire.SPI) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asking[sa] = true
}

// admit gives the peer an address of each family that it asks for: its own one, or one of the first pool of the connection that
// has one. DNS servers of the account take the place of those of the pool. What else the pool has to tell is told once.
func (l *leases) admit(now time.Time, a ike.Admission) ike.Verdict {
	wishes := ike.RequestedAddresses(a.Request)
	var as ike.Assignment
	var grants []grant
	var addrs []netip.Addr
	told := map[*config.Pool]bool{nil: true}
	for _, four := range []bool{true, false} {
		wanted := ofFamily(wishes, four)
		if len(wanted) == 0 {
			continue
		}
		g, dns, tell, ok := l.give(now, a, wanted, four)
		if own := ownAddress(a, four); !ok && own.IsValid() {
			l.release(now, grants)
			l.hold(now, a.SA, nil)
			return ike.Verdict{Refusal: ownTaken(a, own)}
		}
		if ok {
			grants, addrs = append(grants, g), append(addrs, g.addr)
			as.Addresses = append(as.Addresses, netip.PrefixFrom(g.addr, g.addr.BitLen()))
			as.DNS = append(as.DNS, dns...)
			if !told[tell] {
				told[tell] = true
				as.Subnets, as.Others = append(as.Subnets, tell.Subnets...), append(as.Others, tell.Tells()...)
			}
		}
	}
	l.watchStore()
	if len(wishes) > 0 && len(grants) == 0 {
		l.hold(now, a.SA, nil)
		return ike.Verdict{Refusal: noAddress(a)}
	}
	l.hold(now, a.SA, grants)
	return ike.Verdict{Addresses: addrs, Reply: as.Reply(a.Request)}
}

// hold enters what an IKE SA was granted. One that has ended meanwhile gets nothing.
func (l *leases) hold(now time.Time, sa wire.SPI, grants []grant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	alive := l.asking[sa]
	delete(l.asking, sa)
	switch {
	case !alive:
		l.release(now, grants)
	case len(grants) > 0:
		l.held[sa] = grants
	}
}

func (l *leases) release(now time.Time, grants []grant) {
	for _, g := range grants {
		if g.own {
			l.owners.release(g.addr)
		}
		if g.pool != nil {
			g.pool.Release(now, g.identity, g.addr)
		}
	}
}

// noAddress refuses a Child SA whose peer needs an address (RFC 7296, Section 3.15.4).
func noAddress(a ike.Admission) *ike.Failure {
	return &ike.Failure{
		Code: explain.IKENoAddress, Notify: wire.NotifyInternalAddressFailure,
		Err: errNoAddress{identity: a.Identity.String(), pools: a.Connection.Pools},
	}
}

// give takes the peer's own address of a family, or one of a pool, with the DNS servers that go with it and the pool that has
// more to tell.
func (l *leases) give(now time.Time, a ike.Admission, wishes []netip.Addr, four bool) (g grant, dns []netip.Addr, tell *config.Pool, ok bool) {
	if addr := ownAddress(a, four); addr.IsValid() {
		g, ok = l.own(now, a, addr, wishes)
	} else if p, got := l.acquire(now, a, wishes, four); p != nil {
		g, dns, tell, ok = got, p.dns, p.tell, true
	}
	for _, account := range a.Grants {
		if own := ofFamily(account.DNS, four); len(own) > 0 {
			dns = own
		}
	}
	return g, dns, tell, ok
}

func (l *leases) acquire(now time.Time, a ike.Admission, wishes []netip.Addr, four bool) (*servedPool, grant) {
	identity := holder(a)
	for _, name := range a.Connection.Pools {
		p := l.find(poolKey{name, four})
		if p == nil {
			continue
		}
		got, err := p.Acquire(now, lease.Request{Identity: identity, Want: wishes, Takeover: takesOver(a)})
		if err == nil {
			return p, grant{pool: p.Pool, identity: identity, addr: got.Addr}
		}
	}
	return nil, grant{}
}

// holder names who gets a lease. Peers that have proven nothing are all strangers to each other (RFC 7619, Section 2.3).
func holder(a ike.Admission) string {
	if a.Anonymous {
		return a.Identity.String() + " " + a.Session
	}
	return a.Identity.String()
}

// takesOver tells whether the new IKE SA replaces those that the peer has, and their addresses with them.
func takesOver(a ike.Admission) bool {
	return a.Connection.Unique == ike.UniqueReplace || a.InitialContact && a.Connection.Unique != ike.UniqueNever
}

// follow moves what an IKE SA holds to its successor, as news tell. When the SA has ended it returns the grants, which are to
// be given back.
func (l *leases) follow(n ike.News) []grant {
	if n.Kind != ike.NewsRekeyed && n.Kind != ike.NewsClosed {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	grants, ok := l.held[n.SA]
	delete(l.held, n.SA)
	delete(l.asking, n.SA)
	if ok && n.Kind == ike.NewsRekeyed {
		l.held[n.Successor] = grants
		return nil
	}
	return grants
}

// giveBack is the work of releasing what an IKE SA held: the store writes to a disk.
type giveBack struct {
	leases *leases
	grants []grant
	now    time.Time
}

// Run releases the grants. It answers with nothing.
func (w giveBack) Run(context.Context) any {
	w.leases.release(w.now, w.grants)
	w.leases.watchStore()
	return nil
}

// faults are the errors of the store, which do not keep anybody from getting an address.
func (l *leases) faults() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []error
	for _, p := range l.pools {
		if err := p.Trouble(); err != nil {
			list = append(list, err)
		}
	}
	return list
}

// watchStore logs when the store fails and when it works again.
func (l *leases) watchStore() {
	faults := l.faults()
	l.mu.Lock()
	changed := l.trouble != (len(faults) > 0)
	l.trouble = len(faults) > 0
	l.mu.Unlock()
	switch {
	case changed && len(faults) > 0:
		l.log.Warn("address leases are not kept beyond the process", "code", string(explain.HostLeaseStore), "error", faults[0])
	case changed:
		l.log.Info("address leases are kept again")
	}
}
