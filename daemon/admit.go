package daemon

import (
	"context"
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"sync"
	"time"

	"culvert/api"
	"culvert/explain"
	"culvert/ike"
	"culvert/lease"
	"culvert/supervisor"
	"culvert/wire"
)

// admit is the work that decides whether an authenticated peer gets its IKE SA, and with which addresses.
type admit struct {
	engine    *engine
	admission ike.Admission
}

// Run asks the supervisor about uniqueness and the pools for addresses. It answers with an ike.Verdict.
func (w admit) Run(ctx context.Context) any {
	var refusal *ike.Failure
	err := w.engine.supervisor.ask(ctx, func(now time.Time) ([]supervisor.Action, error) {
		refusal = w.engine.supervisor.machine.Admit(now, w.admission)
		return nil, nil
	})
	if err != nil {
		refusal = &ike.Failure{Code: explain.IKEInternal, Notify: wire.NotifyTemporaryFailure, Err: err}
	}
	if refusal != nil {
		return ike.Verdict{Refusal: refusal}
	}
	if w.admission.Initiator || len(w.admission.Connection.Pools) == 0 {
		return ike.Verdict{}
	}
	return w.engine.leases.admit(w.engine.clock.now(), w.admission)
}

// A namedPool is a pool of one family and the DNS servers that come with it.
type namedPool struct {
	*lease.Pool
	name   string
	four   bool
	config lease.Config
	dns    []netip.Addr
}

// same tells whether two pools hand out the same addresses, so that the older one may stay.
func (p *namedPool) same(other *namedPool) bool {
	a, b := p.config, other.config
	return slices.Equal(a.Ranges, b.Ranges) && slices.Equal(a.Exclude, b.Exclude) && maps.Equal(a.Static, b.Static) && slices.Equal(p.dns, other.dns)
}

// A grant is an address that an IKE SA holds.
type grant struct {
	pool     *namedPool
	identity string
	addr     netip.Addr
}

// leases hands out addresses and takes them back when their IKE SA ends. It is safe for concurrent use.
type leases struct {
	mu    sync.Mutex
	pools []*namedPool
	held  map[wire.SPI][]grant
}

func newLeases() *leases { return &leases{held: make(map[wire.SPI][]grant)} }

// admit leases an address of each family that the peer asks for, from the first pool of the connection that has one.
func (l *leases) admit(now time.Time, a ike.Admission) ike.Verdict {
	wishes := ike.RequestedAddresses(a.Request)
	var as ike.Assignment
	var grants []grant
	for _, four := range []bool{true, false} {
		wanted := ofFamily(wishes, four)
		if len(wanted) == 0 {
			continue
		}
		if g, ok := l.acquire(now, a, wanted, four); ok {
			grants = append(grants, g)
			as.Addresses = append(as.Addresses, netip.PrefixFrom(g.addr, g.addr.BitLen()))
			as.DNS = append(as.DNS, g.pool.dns...)
		}
	}
	if len(wishes) > 0 && len(grants) == 0 {
		return ike.Verdict{Refusal: noAddress(a)}
	}
	l.mu.Lock()
	l.held[a.SA] = grants
	l.mu.Unlock()
	var addrs []netip.Addr
	for _, g := range grants {
		addrs = append(addrs, g.addr)
	}
	return ike.Verdict{Addresses: addrs, Reply: as.Reply(a.Request)}
}

// noAddress refuses a Child SA whose peer needs an address (RFC 7296, Section 3.15.4).
func noAddress(a ike.Admission) *ike.Failure {
	return &ike.Failure{
		Code: explain.IKENoAddress, Notify: wire.NotifyInternalAddressFailure,
		Err: errNoAddress{identity: a.Identity.String(), pools: a.Connection.Pools},
	}
}

func ofFamily(list []netip.Addr, four bool) (out []netip.Addr) {
	for _, a := range list {
		if a.Is4() == four {
			out = append(out, a)
		}
	}
	return out
}

func (l *leases) acquire(now time.Time, a ike.Admission, wishes []netip.Addr, four bool) (grant, bool) {
	for _, name := range a.Connection.Pools {
		p := l.find(name, four)
		if p == nil {
			continue
		}
		got, err := p.Acquire(now, lease.Request{Identity: a.Identity.String(), Want: wishes})
		if err == nil {
			return grant{pool: p, identity: a.Identity.String(), addr: got.Addr}, true
		}
	}
	return grant{}, false
}

func (l *leases) find(name string, four bool) *namedPool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pools {
		if p.name == name && p.four == four {
			return p
		}
	}
	return nil
}

// follow moves or releases what an IKE SA holds, as news tell.
func (l *leases) follow(n ike.News) {
	l.mu.Lock()
	defer l.mu.Unlock()
	grants, ok := l.held[n.SA]
	if !ok {
		return
	}
	switch n.Kind {
	case ike.NewsRekeyed:
		l.held[n.Successor] = grants
		delete(l.held, n.SA)
	case ike.NewsClosed:
		for _, g := range grants {
			g.pool.Release(n.Time, g.identity, g.addr)
		}
		delete(l.held, n.SA)
	}
}

// of lists the addresses that an IKE SA holds.
func (l *leases) of(spi wire.SPI) (addrs []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.held[spi] {
		addrs = append(addrs, g.addr.String())
	}
	return addrs
}

// status tells about the pools for people; the two families of a configured pool are one.
func (l *leases) status() []api.Pool {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []api.Pool{}
	for _, p := range l.pools {
		if len(list) == 0 || list[len(list)-1].Name != p.name {
			list = append(list, api.Pool{Name: p.name, Size: "0", Leases: []api.Lease{}})
		}
		p.addTo(&list[len(list)-1])
	}
	return list
}

// addTo adds the state of a pool of one family.
func (p *namedPool) addTo(out *api.Pool) {
	sum, _ := new(big.Int).SetString(out.Size, 10)
	out.Size = sum.Add(sum, p.Size()).String()
	for _, held := range p.Leases() {
		if held.Online {
			out.Online++
		} else {
			out.Offline++
		}
		out.Leases = append(out.Leases, api.Lease{
			Address: held.Addr.String(), Identity: held.Identity, Online: held.Online, Static: held.Static, Since: held.Since,
		})
	}
}
