package config

import (
	"fmt"
	"math/big"
	"net/netip"
	"slices"

	"culvert/explain"
	"culvert/lease"
	"culvert/legible"
)

// finish refuses pools that contradict themselves.
func (p *Pool) finish(d *decoder) {
	for _, identity := range sorted(p.Static) {
		if a := p.Static[identity]; !inRanges(p.Addresses, a) {
			d.report(explain.ConfigPoolSize, p.span("static["+identity+"]"), finding{message: fmt.Sprintf("%s is outside of the pool's addresses", a)})
		}
	}
	for i, a := range p.DNS {
		if inRanges(p.Addresses, a) && !inRanges(p.Exclude, a) {
			d.report(explain.ConfigOverlap, p.span(element("dns", i)), finding{
				message: fmt.Sprintf("%s is a DNS server and would be handed to a client too", a), hint: fmt.Sprintf("add exclude = [%s]", quote(a.String()))})
		}
	}
	for i, r := range p.Exclude {
		if !slices.ContainsFunc(p.Addresses, func(other lease.Range) bool { return overlap(r, other) }) {
			d.warn(explain.ConfigUnused, p.span(element("exclude", i)), finding{message: fmt.Sprintf("%s is outside of the pool's addresses anyway", formatRange(r))})
		}
	}
	p.checkAttributes(d)
	if p.Given("addresses") && p.Size().Sign() <= 0 {
		d.report(explain.ConfigPoolSize, p.span("addresses"), finding{message: p.title() + " has no address to hand out"})
	}
}

// Size returns how many addresses the pool can hand out. Ranges of one pool do not overlap once it is loaded, exclusions
// may.
func (p *Pool) Size() *big.Int {
	n := new(big.Int)
	for _, r := range p.Addresses {
		n.Add(n, rangeSize(r))
	}
	for _, e := range merged(p.Exclude) {
		for _, r := range p.Addresses {
			if overlap(e, r) {
				n.Sub(n, rangeSize(lease.Range{First: later(e.First, r.First), Last: earlier(e.Last, r.Last)}))
			}
		}
	}
	return n
}

func rangeSize(r lease.Range) *big.Int {
	n := new(big.Int).SetBytes(r.Last.AsSlice())
	n.Sub(n, new(big.Int).SetBytes(r.First.AsSlice()))
	return n.Add(n, big.NewInt(1))
}

// merged returns ranges in order, overlapping ones joined.
func merged(ranges []lease.Range) []lease.Range {
	var out []lease.Range
	for _, r := range slices.SortedFunc(slices.Values(ranges), func(a, b lease.Range) int { return a.First.Compare(b.First) }) {
		if n := len(out); n > 0 && overlap(out[n-1], r) {
			out[n-1].Last = later(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}

func overlap(a, b lease.Range) bool {
	return a.First.BitLen() == b.First.BitLen() && a.First.Compare(b.Last) <= 0 && b.First.Compare(a.Last) <= 0
}

func inRanges(ranges []lease.Range, a netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(r lease.Range) bool { return overlap(r, lease.Range{First: a, Last: a}) })
}

func later(a, b netip.Addr) netip.Addr {
	if a.Less(b) {
		return b
	}
	return a
}

func earlier(a, b netip.Addr) netip.Addr {
	if b.Less(a) {
		return b
	}
	return a
}

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
		if overlap(a.Range, b.Range) {
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
