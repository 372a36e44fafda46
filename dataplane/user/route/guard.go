package route

import (
	"cmp"
	"slices"

	"culvert/spd"
)

// A guardRule says what becomes of packets that arrive unprotected and match selectors with a protocol or ports.
type guardRule struct {
	priority      int
	pass          bool // of a bypass policy
	protocol      uint8
	local, remote spd.Selector
}

// maxGuards bounds the rules of the guard, which the host walks for each packet.
const maxGuards = 4096

// guard renews the guard when one of the changed policies has rules in it. Policies stand without it, with a warning.
func (p *Plumber) guard(changed ...needs) {
	if !slices.ContainsFunc(changed, func(n needs) bool { return len(n.guards) > 0 }) {
		return
	}
	if err := p.kernel.setGuard(p.guards()); err != nil {
		p.note(Warning{WarnNoGuard, err})
	}
}

// guards returns the rules of all policies in the order of the SPD. Rules of one priority that drop come first.
func (p *Plumber) guards() []guardRule {
	var all []guardRule
	for _, n := range p.policies {
		all = append(all, n.guards...)
	}
	slices.SortFunc(all, guardRule.compare)
	all = slices.Compact(all)
	return all[:min(len(all), maxGuards)]
}

func (g guardRule) compare(o guardRule) int {
	passes := func(g guardRule) int {
		if g.pass {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(o.priority, g.priority), cmp.Compare(passes(g), passes(o)), cmp.Compare(g.protocol, o.protocol),
		compareSelectors(g.local, o.local), compareSelectors(g.remote, o.remote),
	)
}

func compareSelectors(a, b spd.Selector) int {
	return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End), cmp.Compare(a.StartPort, b.StartPort), cmp.Compare(a.EndPort, b.EndPort))
}
