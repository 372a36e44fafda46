package daemon

import (
	"fmt"
	"math/big"
	"net/netip"

	"culvert/api"
	"culvert/config"
	"culvert/lease"
)

// poolKey names a pool of one family. A configured pool may be of both.
type poolKey struct {
	name string
	four bool
}

// stored is the name by which a store knows the pool.
func (k poolKey) stored() string {
	if k.four {
		return k.name
	}
	return k.name + " (IPv6)"
}

// A servedPool is a pool and what comes with its addresses.
type servedPool struct {
	*lease.Pool
	key  poolKey
	dns  []netip.Addr
	tell *config.Pool // what is told whatever the family
}

// A poolPlan is what a configuration says about one pool.
type poolPlan struct {
	key    poolKey
	config lease.Config
	dns    []netip.Addr
	tell   *config.Pool
}

// configure makes the pools of a configuration, or none of them. A pool that was there keeps its leases.
func (l *leases) configure(pools []*config.Pool) error {
	plans := plansOf(pools, l.store)
	for _, p := range plans {
		dry := p.config
		dry.Store = nil
		if _, err := lease.New(dry); err != nil {
			return fmt.Errorf("pool %q: %w", p.key.name, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pools = nil
	for _, p := range plans {
		made, err := l.pool(p)
		if err != nil {
			return fmt.Errorf("pool %q: %w", p.key.name, err)
		}
		l.pools = append(l.pools, &servedPool{Pool: made, key: p.key, dns: p.dns, tell: p.tell})
	}
	return nil
}

// pool returns the pool of a plan, made anew or changed.
func (l *leases) pool(p poolPlan) (*lease.Pool, error) {
	if old := l.known[p.key]; old != nil {
		return old, old.Reconfigure(p.config)
	}
	made, err := lease.New(p.config)
	if err == nil {
		l.known[p.key] = made
	}
	return made, err
}

// plansOf parts configured pools by family.
func plansOf(pools []*config.Pool, store lease.Store) (plans []poolPlan) {
	for _, p := range pools {
		for _, four := range []bool{true, false} {
			key := poolKey{p.Name, four}
			c := lease.Config{
				Name: key.stored(), Store: store, Static: map[string]netip.Addr{},
				Ranges: rangesOf(p.Addresses, four), Exclude: rangesOf(p.Exclude, four),
			}
			for identity, addr := range p.Static {
				if addr.Is4() == four {
					c.Static[identity] = addr
				}
			}
			if len(c.Ranges) > 0 {
				plans = append(plans, poolPlan{key, c, ofFamily(p.DNS, four), p})
			}
		}
	}
	return plans
}

func rangesOf(list []lease.Range, four bool) (out []lease.Range) {
	for _, r := range list {
		if r.First.Is4() == four {
			out = append(out, r)
		}
	}
	return out
}

func ofFamily(list []netip.Addr, four bool) (out []netip.Addr) {
	for _, a := range list {
		if a.Is4() == four {
			out = append(out, a)
		}
	}
	return out
}

func (l *leases) find(key poolKey) *servedPool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pools {
		if p.key == key {
			return p
		}
	}
	return nil
}

// status tells about the pools for people; the two families of a configured pool are one.
func (l *leases) status() []api.Pool {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []api.Pool{}
	for _, p := range l.pools {
		if len(list) == 0 || list[len(list)-1].Name != p.key.name {
			list = append(list, api.Pool{Name: p.key.name, Size: "0", Leases: []api.Lease{}})
		}
		p.addTo(&list[len(list)-1])
	}
	return list
}

// addTo adds the state of a pool of one family.
func (p *servedPool) addTo(out *api.Pool) {
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

// configured tells whether there are any pools.
func (l *leases) configured() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pools) > 0
}
