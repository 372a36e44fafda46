package spd

import (
	"cmp"
	"slices"
)

// maxSet bounds the result of Intersect: a TS payload holds 255 selectors (RFC 7296, Section 3.13), and those of a peer must
// not multiply with ours without end.
const maxSet = 1024

// Intersect returns the packets that a selector of a and one of b match, as Merge returns them. It is what narrowing
// leaves of a proposal (RFC 7296, Section 2.9). Of more than 1024 pairs that meet, the later ones of a are left out.
func Intersect(a, b []Selector) []Selector {
	var both []Selector
	for _, s := range a {
		for _, o := range b {
			if x, ok := s.Intersect(o); ok && len(both) < maxSet {
				both = append(both, x)
			}
		}
	}
	return Merge(both)
}

// Merge returns a set that matches the same packets as list: in order, without selectors that others contain, and with
// adjacent and overlapping ranges joined. It does not change list.
func Merge(list []Selector) []Selector {
	out := slices.Clone(list)
	out = join(out, compare, Selector.joinPorts)
	out = join(out, compareForAddresses, Selector.joinAddresses)
	out = withoutContained(out)
	slices.SortFunc(out, compare)
	return out
}

// join sorts list and joins neighbours.
func join(list []Selector, order func(a, b Selector) int, pair func(s, o Selector) (Selector, bool)) []Selector {
	slices.SortFunc(list, order)
	out := list[:0]
	for _, s := range list {
		if n := len(out); n > 0 {
			if both, ok := pair(out[n-1], s); ok {
				out[n-1] = both
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// joinPorts joins selectors that differ in their ports only. Two ranges never become ANY, which has OPAQUE in it.
func (s Selector) joinPorts(o Selector) (Selector, bool) {
	if s.Start != o.Start || s.End != o.End || s.Protocol != o.Protocol {
		return s, false
	}
	switch {
	case s.containsPorts(o):
		return s, true
	case o.containsPorts(s):
		return o, true
	case s.IsOpaque() || o.IsOpaque() || uint32(o.StartPort) > uint32(s.EndPort)+1:
		return s, false
	}
	s.EndPort = max(s.EndPort, o.EndPort)
	return s, !s.AnyPort()
}

// joinAddresses joins selectors that differ in their addresses only.
func (s Selector) joinAddresses(o Selector) (Selector, bool) {
	same := s.Is4() == o.Is4() && s.Protocol == o.Protocol && s.StartPort == o.StartPort && s.EndPort == o.EndPort
	if !same || s.End.Less(o.Start) && s.End.Next() != o.Start {
		return s, false
	}
	s.End = later(s.End, o.End)
	return s, true
}

func withoutContained(list []Selector) []Selector {
	return slices.DeleteFunc(slices.Clone(list), func(s Selector) bool {
		return slices.ContainsFunc(list, func(o Selector) bool { return o != s && o.Contains(s) })
	})
}

// compare is the canonical order: IPv4 first, then by address, protocol and port.
func compare(a, b Selector) int {
	return cmp.Or(compareAddresses(a, b), cmp.Compare(a.Protocol, b.Protocol), comparePorts(a, b))
}

// compareForAddresses brings together what joinAddresses may join.
func compareForAddresses(a, b Selector) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), comparePorts(a, b), compareAddresses(a, b))
}

func compareAddresses(a, b Selector) int {
	return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End))
}

func comparePorts(a, b Selector) int {
	return cmp.Or(cmp.Compare(a.StartPort, b.StartPort), cmp.Compare(a.EndPort, b.EndPort))
}
