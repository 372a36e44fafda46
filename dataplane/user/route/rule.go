package route

import (
	"maps"
	"net/netip"
	"slices"
)

// A rule is one policy routing rule. Rules are comparable.
type rule struct {
	preference          int
	v6                  bool
	from, to            netip.Prefix // the zero value is any
	protocol            uint8
	source, destination ports
	mark                uint32
	// findSource lets an IPv6 rule meet packets without source address, which get one in from. For IPv4 a rule
	// from 0.0.0.0/32 does that.
	findSource bool

	// One of these says what happens; neither is the rule that does nothing, at the end.
	table  int
	jumpTo int
}

// unboundIPv4 is the source of packets that have none yet.
func unboundIPv4() netip.Prefix { return netip.PrefixFrom(netip.IPv4Unspecified(), 32) }

// all returns the rules for one family's views and bypasses.
func (p *Plumber) all(v6 bool) []rule {
	var middle []rule
	order := p.order(v6)
	for v, t := range p.views {
		if v.is6() == v6 {
			middle = append(middle, order.rules(v, t)...)
		}
	}
	for b := range p.bypasses {
		if b.view.is6() == v6 {
			middle = append(middle, twins(order.rule(b.view, rule{jumpTo: lastPreference, to: b.remote}), p.sourceIn(b.view))...)
		}
	}
	if len(middle) == 0 {
		return nil
	}
	return append(middle, rule{preference: firstPreference, v6: v6, mark: p.config.Mark, jumpTo: lastPreference}, rule{preference: lastPreference, v6: v6})
}

// An order is the ranks of one family in order.
type order []rank

func (p *Plumber) order(v6 bool) order {
	var o order
	for r := range p.ranks {
		if r.v6 == v6 {
			o = append(o, r)
		}
	}
	slices.SortFunc(o, rank.compare)
	return o
}

// rules returns those of a view.
func (o order) rules(v view, t *table) []rule {
	return twins(o.rule(v, rule{table: t.number}), t.source)
}

// rule fills in what the view asks for.
func (o order) rule(v view, r rule) rule {
	at, _ := slices.BinarySearchFunc(o, v.rank(), rank.compare)
	r.preference = min(firstPreference+1+at, lastPreference-1)
	r.v6, r.from, r.protocol, r.source, r.destination = v.is6(), v.local, v.protocol, v.source, v.destination
	return r
}

func (v view) is6() bool { return v.local.Addr().Is6() }

// twins lets a rule meet unbound packets too, when the host has a source address for them.
func twins(r rule, source netip.Addr) []rule {
	switch {
	case !source.IsValid() || r.from.Bits() == 0:
		return []rule{r} // any source includes none
	case r.v6:
		r.findSource = true
		return []rule{r}
	}
	unbound := r
	unbound.from = unboundIPv4()
	return []rule{r, unbound}
}

// arrange brings the rules in step with views and bypasses. As a rule a view came or went whose rank others have, so that
// no other rule changes.
func (p *Plumber) arrange() error {
	arrange := p.arrangeChanged
	if p.stale {
		arrange = p.arrangeAll
	}
	if err := arrange(); err != nil {
		p.stale = true
		return err
	}
	clear(p.changed)
	p.stale = false
	return nil
}

func (p *Plumber) arrangeChanged() error {
	orders := map[bool]order{}
	for t, v := range p.changed {
		v6 := v.is6()
		if orders[v6] == nil {
			orders[v6] = p.order(v6)
		}
		settle := p.addRules
		if p.views[v] != t {
			settle = p.deleteRules
		}
		if err := settle(orders[v6].rules(v, t)); err != nil {
			return err
		}
	}
	return nil
}

// arrangeAll installs the rules that are missing and then removes those that are not wanted any more, so that at no time
// a packet finds no rule.
func (p *Plumber) arrangeAll() error {
	wanted := append(p.all(false), p.all(true)...)
	if err := p.addRules(wanted); err != nil {
		return err
	}
	unwanted := maps.Clone(p.rules)
	for _, r := range wanted {
		delete(unwanted, r)
	}
	return p.deleteRules(slices.Collect(maps.Keys(unwanted)))
}

// addRules installs those that are missing.
func (p *Plumber) addRules(list []rule) error {
	for _, r := range list {
		if p.rules[r] {
			continue
		}
		if err := p.kernel.addRule(r); err != nil {
			return err
		}
		p.rules[r] = true
	}
	return nil
}

// deleteRules removes those that are there.
func (p *Plumber) deleteRules(list []rule) error {
	for _, r := range list {
		if !p.rules[r] {
			continue
		}
		if err := p.kernel.deleteRule(r); err != nil {
			return err
		}
		delete(p.rules, r)
	}
	return nil
}
