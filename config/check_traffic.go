package config

import (
	"fmt"
	"slices"

	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// childlessForced is the policy of connections that never have a child.
const childlessForced = ike.ChildlessForce

func (c *Connection) title() string { return "connection " + quote(c.Name) }
func (p *Pool) title() string       { return "pool " + quote(p.Name) }

// action returns the start action that an option of a child holds.
func (c *Child) action(name string) ike.StartAction {
	return map[string]ike.StartAction{"start": c.Start, "on_close": c.OnClose, "dpd_action": c.DPDAction}[name]
}

// checkSiblings warns of children of one connection that claim the same traffic without one being more specific.
func (d *decoder) checkSiblings(c *Connection) {
	const most = 256 // pairs grow with the square
	children := c.Children[:min(len(c.Children), most)]
	for i, b := range children {
		for _, a := range children[:i] {
			if a.Priority == b.Priority && rivals(a, b) {
				d.warnOverlap(&b.Origin, "remote", fmt.Sprintf("children %s and %s of %s claim the same traffic", quote(a.Name), quote(b.Name), c.title()), a.Place("remote"))
			}
		}
	}
}

func (d *decoder) warnOverlap(o *Origin, option, message string, other Place) {
	d.warn(explain.ConfigOverlap, o.span(option), finding{message: message, hint: "the other one is at " + other.String() + "; narrow one of them down, or give them different priorities"})
}

// rivals reports whether some packet matches both children and neither of the two pairs of selectors is inside the other.
func rivals(a, b *Child) bool {
	for _, la := range a.Local {
		for _, lb := range b.Local {
			for _, ra := range a.Remote {
				for _, rb := range b.Remote {
					if pairOverlaps(la, lb) && pairOverlaps(ra, rb) && !nests(la, ra, lb, rb) {
						return true
					}
				}
			}
		}
	}
	return false
}

// pairOverlaps reports whether some packet matches both. What is dynamic overlaps only what is dynamic as well.
func pairOverlaps(a, b spd.Selector) bool {
	if isDynamic(a) || isDynamic(b) {
		return a == b
	}
	_, ok := a.Intersect(b)
	return ok
}

// nests reports whether one pair of selectors is inside the other and smaller, so that it is the more specific one.
func nests(la, ra, lb, rb spd.Selector) bool {
	if la == lb && ra == rb {
		return false
	}
	return within(la, lb) && within(ra, rb) || within(lb, la) && within(rb, ra)
}

func within(inner, outer spd.Selector) bool { return inner == outer || outer.Contains(inner) }

// checkTraffic warns of children of different connections with the very same selectors.
func (d *decoder) checkTraffic() {
	type claim struct {
		local, remote spd.Selector
		priority      int
	}
	first := make(map[claim]*Child)
	owner := make(map[*Child]*Connection)
	for _, c := range d.config.Connections {
		for _, child := range c.Children {
			owner[child] = c
			for _, l := range child.Local {
				for i, r := range child.Remote {
					other := first[claim{l, r, child.Priority}]
					if isDynamic(l) || isDynamic(r) || other != nil && owner[other] == c {
						continue
					}
					if other == nil {
						first[claim{l, r, child.Priority}] = child
						continue
					}
					d.warnOverlap(&child.Origin, element("remote", i), fmt.Sprintf("%s/%s and %s/%s claim the same traffic", owner[other].Name, other.Name, c.Name, child.Name), other.Place("remote"))
				}
			}
		}
	}
}

// mostRivals bounds the connections for the same peers that another one is compared with.
const mostRivals = 64

// checkRivals warns of connections that wait for the same peers under the same identities, and demand the same of them.
func (d *decoder) checkRivals() {
	before := make(map[string][]*Connection)
	for _, c := range d.config.Connections {
		key := fmt.Sprint(c.Local.Addresses, c.Local.ID.Canonical(), c.Remote.Addresses, c.Remote.ID.Canonical(), c.Remote.Auth)
		same := func(other *Connection) bool { return len(differing(other.Remote.schema(), c.Remote.schema())) == 0 }
		if i := slices.IndexFunc(before[key], same); i >= 0 {
			other := before[key][i]
			d.warn(explain.ConfigOverlap, c.block, finding{
				message: fmt.Sprintf("%s and %s have the same addresses and identities: a peer that connects always gets the first one", c.title(), other.title()),
				hint:    "the first one is at " + placeOf(other.block).String() + "; give them different ids, or put all children in one"})
			continue
		}
		if len(before[key]) < mostRivals {
			before[key] = append(before[key], c)
		}
	}
}

// checkAlgorithms warns of what RFC 8247 and RFC 8221 advise against.
func (d *decoder) checkAlgorithms(c *Connection) {
	d.warnWeak(&c.Origin, "proposals", c.Proposals)
	for _, child := range c.Children {
		d.warnWeak(&child.Origin, "esp_proposals", child.Proposals)
	}
}

// warnWeak warns of weak algorithms that somebody has written down. Those that come with a peer_type are noted.
func (d *decoder) warnWeak(o *Origin, option string, proposals []wire.Proposal) {
	say := d.warn
	if !o.Given(option) {
		say = d.note
	}
	seen := make(map[wire.Transform]bool)
	for _, p := range proposals {
		for _, t := range p.Transforms {
			if why := suite.Weakness(t); why != "" && !seen[t] {
				seen[t] = true
				say(explain.ConfigWeakAlgorithm, o.span(option), finding{message: fmt.Sprintf("%s %s", suite.TransformName(t), why), hint: "remove it as soon as the peer knows something newer"})
			}
		}
	}
}
