package filter

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// deepest bounds how many chains a packet is inside of at a time, as the kernel does.
const deepest = 16

// Judge says what the chains at a hook do with a packet: all of them have to let it pass.
func (r *Ruleset) Judge(hook *nftables.ChainHook, p *Packet) Judgement {
	best := Judgement{}
	for _, c := range r.at(hook, p) {
		w := &walk{rules: r, packet: newHeaders(p), base: c}
		j := w.judge()
		translated := best.Translated || j.Translated
		if j.Fate > best.Fate {
			best = j
		}
		best.Translated = translated
	}
	return best
}

// at lists the base chains at a hook that see a packet, in their order.
func (r *Ruleset) at(hook *nftables.ChainHook, p *Packet) []*Chain {
	var list []*Chain
	for i := range r.Chains {
		c := &r.Chains[i]
		if c.Hook != nil && *c.Hook == *hook && sees(c.Family, p) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b *Chain) int { return cmp.Compare(a.Priority, b.Priority) })
	return list
}

func sees(f nftables.TableFamily, p *Packet) bool {
	own := nftables.TableFamilyIPv4
	if p.Destination.Is6() {
		own = nftables.TableFamilyIPv6
	}
	return f == own || f == nftables.TableFamilyINet
}

// A walk is the way of one packet through one base chain.
type walk struct {
	rules  *Ruleset
	packet *headers
	base   *Chain
	found  Judgement
	spared bool // a rule that is not certain may have let the packet pass
}

func (w *walk) judge() Judgement {
	switch w.chain(w.base, 0) {
	case undecided:
		if w.base.Drop {
			w.drop(w.base, true)
		}
	case dropped:
	}
	return w.found
}

// An end is how a chain has ended for a packet.
type end uint8

const (
	undecided end = iota
	accepted
	dropped
)

// chain takes the packet through the rules of a chain.
func (w *walk) chain(c *Chain, depth int) end {
	if depth == deepest {
		return undecided
	}
	for _, rule := range c.Rules {
		v, certain := w.rule(c, rule)
		switch v.Kind {
		case expr.VerdictReturn:
			if certain {
				return undecided
			}
		case expr.VerdictContinue:
		default:
			if e := w.follow(c, v, certain, depth); e != undecided {
				return e
			}
			if v.Kind == expr.VerdictGoto && certain {
				return undecided
			}
		}
	}
	return undecided
}

// follow does what a verdict says.
func (w *walk) follow(c *Chain, v expr.Verdict, certain bool, depth int) end {
	switch v.Kind {
	case expr.VerdictDrop:
		return w.drop(c, certain)
	case expr.VerdictAccept:
		if certain {
			return accepted
		}
		w.spared = true
	case expr.VerdictJump, expr.VerdictGoto:
		target := w.rules.chain(c, v.Chain)
		if target == nil {
			return undecided
		}
		if certain {
			return w.chain(target, depth+1)
		}
		w.perhaps(target, depth)
	}
	return undecided
}

// perhaps looks at a chain into which the packet may go.
func (w *walk) perhaps(c *Chain, depth int) {
	before := w.spared
	w.spared = true // what it drops there may not be dropped
	if w.chain(c, depth+1) != accepted {
		w.spared = before
	}
}

// drop notes a drop, which is certain if the rule is and no rule before it may have let the packet pass.
func (w *walk) drop(c *Chain, certain bool) end {
	fate := MayDrop
	if certain && !w.spared {
		fate = Drops
	}
	if fate > w.found.Fate {
		w.found.Fate, w.found.Chain = fate, fmt.Sprintf("%s %s %s", familyName(c.Family), c.Table, c.Name)
	}
	if certain {
		return dropped
	}
	return undecided
}

func (r *Ruleset) chain(from *Chain, name string) *Chain {
	i := slices.IndexFunc(r.Chains, func(c Chain) bool { return c.Family == from.Family && c.Table == from.Table && c.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Chains[i]
}

func (r *Ruleset) set(in *Chain, name string) *Set {
	i := slices.IndexFunc(r.Sets, func(s Set) bool { return s.Family == in.Family && s.Table == in.Table && s.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Sets[i]
}

func familyName(f nftables.TableFamily) string {
	switch f {
	case nftables.TableFamilyIPv4:
		return "ip"
	case nftables.TableFamilyIPv6:
		return "ip6"
	}
	return "inet"
}
