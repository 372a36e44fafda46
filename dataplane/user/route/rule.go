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

// rulesFor returns the rules for one family's views and bypasses, in the order of the SPD.
func (p *Plumber) rulesFor(v6 bool) []rule {
	var middle []rule
	classes := p.classes(v6)
	for v, t := range p.views {
		if v.is6() == v6 {
			middle = append(middle, twins(v.rule(classes, rule{table: t.number}), t.source)...)
		}
	}
	for b := range p.bypasses {
		if b.view.is6() == v6 {
			middle = append(middle, twins(b.view.rule(classes, rule{jumpTo: lastPreference, to: b.remote}), p.sourceIn(b.view))...)
		}
	}
	if len(middle) == 0 {
		return nil
	}
	return append(middle, rule{preference: firstPreference, v6: v6, mark: p.config.Mark, jumpTo: lastPreference}, rule{preference: lastPreference, v6: v6})
}

// rule fills in what the view asks for.
func (v view) rule(classes []view, r rule) rule {
	at, _ := slices.BinarySearchFunc(classes, v, view.compare)
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

// classes returns one view of each rank, in order: the index is the rank.
func (p *Plumber) classes(v6 bool) []view {
	var all []view
	for v := range p.views {
		all = append(all, v)
	}
	for b := range p.bypasses {
		all = append(all, b.view)
	}
	all = slices.DeleteFunc(all, func(v view) bool { return v.is6() != v6 })
	slices.SortFunc(all, view.compare)
	return slices.CompactFunc(all, func(a, b view) bool { return a.compare(b) == 0 })
}

// arrange installs the rules that are missing and then removes those that are not wanted any more, so that at no time
// a packet finds no rule.
func (p *Plumber) arrange() error {
	wanted := make(map[rule]bool)
	for _, r := range append(p.rulesFor(false), p.rulesFor(true)...) {
		wanted[r] = true
	}
	for r := range wanted {
		if p.rules[r] {
			continue
		}
		if err := p.kernel.addRule(r); err != nil {
			return err
		}
		p.rules[r] = true
	}
	for r := range maps.Clone(p.rules) {
		if wanted[r] {
			continue
		}
		if err := p.kernel.deleteRule(r); err != nil {
			return err
		}
		delete(p.rules, r)
	}
	return nil
}
