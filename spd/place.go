package spd

import "fmt"

// check refuses policies that no flow could be compared with.
func (p Policy) check() error {
	for _, list := range [][]Selector{p.Local, p.Remote} {
		for _, s := range list {
			if !s.Valid() {
				return fmt.Errorf("policy %d: selector %v: %w", p.ID, s, ErrSelectors)
			}
		}
	}
	return nil
}

// rulesOf returns the rules under which an entry is found: one for each pair of selectors of one family, or, when there
// would be too many, one for each family.
func rulesOf[T any](e *Entry[T]) []rule[T] {
	if len(e.Local)*len(e.Remote) > maxPairs {
		return coarseRules(e)
	}
	var rules []rule[T]
	for _, l := range e.Local {
		for _, r := range e.Remote {
			if l.Is4() == r.Is4() {
				rules = append(rules, rule[T]{entry: e, local: l, remote: r, specific: Specificity(l, r)})
			}
		}
	}
	return rules
}

func coarseRules[T any](e *Entry[T]) []rule[T] {
	var rules []rule[T]
	for _, is4 := range []bool{true, false} {
		local, remote := family(e.Local, is4), family(e.Remote, is4)
		if len(local) == 0 || len(remote) == 0 {
			continue
		}
		l, r := hull(local), hull(remote)
		rules = append(rules, rule[T]{entry: e, local: l, remote: r, specific: Specificity(l, r), coarse: true})
	}
	return rules
}

func family(list []Selector, is4 bool) []Selector {
	var out []Selector
	for _, s := range list {
		if s.Is4() == is4 {
			out = append(out, s)
		}
	}
	return out
}

// hull returns the smallest selector around all of list, which is of one family and not empty.
func hull(list []Selector) Selector {
	h := list[0]
	for _, s := range list[1:] {
		h.Start, h.End = earlier(h.Start, s.Start), later(h.End, s.End)
		if h.Protocol != s.Protocol {
			h.Protocol = 0
		}
		if h.IsOpaque() != s.IsOpaque() {
			h.StartPort, h.EndPort = 0, 65535
		} else if !h.IsOpaque() {
			h.StartPort, h.EndPort = min(h.StartPort, s.StartPort), max(h.EndPort, s.EndPort)
		}
	}
	return h
}
