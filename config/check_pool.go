package config

import (
	"fmt"
	"math/big"
	"slices"

	"culvert/explain"
	"culvert/lease"
	"culvert/legible"
)

// finish refuses pools that contradict themselves.
func (p *Pool) finish(d *decoder) {
	for _, identity := range sorted(p.Static) {
		if a := p.Static[identity]; !lease.Contains(p.Addresses, a) {
			d.report(explain.ConfigPoolSize, p.span("static["+identity+"]"), finding{message: fmt.Sprintf("%s is outside of the pool's addresses", a)})
		}
	}
	for i, a := range p.DNS {
		if lease.Contains(p.Addresses, a) && !lease.Contains(p.Exclude, a) {
			d.report(explain.ConfigOverlap, p.span(element("dns", i)), finding{
				message: fmt.Sprintf("%s is a DNS server and would be handed to a client too", a), hint: fmt.Sprintf("add exclude = [%s]", quote(a.String()))})
		}
	}
	for i, r := range p.Exclude {
		if !slices.ContainsFunc(p.Addresses, r.Overlaps) {
			d.warn(explain.ConfigUnused, p.span(element("exclude", i)), finding{message: fmt.Sprintf("%s is outside of the pool's addresses anyway", formatRange(r))})
		}
	}
	p.checkAttributes(d)
	if p.Given("addresses") && p.Size().Sign() <= 0 {
		d.report(explain.ConfigPoolSize, p.span("addresses"), finding{message: p.title() + " has no address to hand out"})
	}
}

// Size returns how many addresses the pool can hand out.
func (p *Pool) Size() *big.Int { return lease.Count(p.Addresses, p.Exclude) }

// A holding is a range of a pool.
type holding struct {
	lease.Range
	pool  *Pool
	index int
}

// checkPoolOverlap reports addresses that are in two pools, or twice in one.
func (d *decoder) checkPoolOverlap() {
	var all []holding
	for _, p := range d.config.Pools {
		for i, r := range p.Addresses {
			all = append(all, holding{r, p, i})
		}
	}
	slices.SortStableFunc(all, func(a, b holding) int { return a.First.Compare(b.First) })
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if a.Overlaps(b.Range) {
			d.report(explain.ConfigOverlap, b.pool.span(element("addresses", b.index)), finding{
				message: fmt.Sprintf("%s of %s overlaps %s of %s", formatRange(b.Range), b.pool.title(), formatRange(a.Range), a.pool.title()),
				hint:    "the other one is at " + a.pool.Place(element("addresses", a.index)).String()})
		}
		if a.Last.Compare(b.Last) > 0 && a.First.BitLen() == b.First.BitLen() {
			all[i] = a // it may reach into the next one as well
		}
	}
}

// checkPoolUse warns of pools that nobody uses, and of those that cannot serve every connection that does.
func (d *decoder) checkPoolUse() {
	users := make(map[string]int)
	for _, c := range d.config.Connections {
		for _, name := range c.Pools {
			users[name]++
		}
	}
	for _, p := range d.config.Pools {
		n := users[p.Name]
		switch {
		case n == 0:
			d.warn(explain.ConfigUnused, p.block, finding{message: fmt.Sprintf("no connection uses %s", p.title()), hint: fmt.Sprintf("add pools = [%s] to a connection", quote(p.Name))})
		case p.Size().Cmp(big.NewInt(int64(n))) < 0:
			d.warn(explain.ConfigPoolSize, p.span("addresses"), finding{message: fmt.Sprintf("%s has %s for %s: it runs out with one client each", p.title(), legible.Count(int(p.Size().Int64()), "address"), legible.Count(n, "connection"))})
		}
	}
}
