package lease

import (
	"math/big"
	"net/netip"
	"slices"
)

// A Range is the addresses from First to Last, both of one family.
type Range struct{ First, Last netip.Addr }

// Contains tells whether an address is in the range.
func (r Range) Contains(a netip.Addr) bool { return !a.Less(r.First) && !r.Last.Less(a) }

// Overlaps tells whether two ranges have an address in common.
func (r Range) Overlaps(o Range) bool { return !o.Last.Less(r.First) && !r.Last.Less(o.First) }

// common is what two ranges that overlap have in common.
func (r Range) common(o Range) Range {
	if r.First.Less(o.First) {
		r.First = o.First
	}
	if o.Last.Less(r.Last) {
		r.Last = o.Last
	}
	return r
}

func (r Range) size() *big.Int {
	first, last := new(big.Int).SetBytes(r.First.AsSlice()), new(big.Int).SetBytes(r.Last.AsSlice())
	return last.Add(last.Sub(last, first), big.NewInt(1))
}

// Contains tells whether an address is in one of some ranges.
func Contains(ranges []Range, a netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(r Range) bool { return r.Contains(a) })
}

// Count returns the number of addresses that are in some ranges and in none of others. Ranges may overlap.
func Count(in, out []Range) *big.Int {
	sum := new(big.Int)
	for _, r := range merged(in) {
		sum.Add(sum, r.size())
		for _, e := range merged(out) {
			if r.Overlaps(e) {
				sum.Sub(sum, r.common(e).size())
			}
		}
	}
	return sum
}

// merged returns ranges in order, those that overlap as one.
func merged(ranges []Range) []Range {
	var joined []Range
	for _, r := range slices.SortedFunc(slices.Values(ranges), func(a, b Range) int { return a.First.Compare(b.First) }) {
		if n := len(joined); n > 0 && joined[n-1].Overlaps(r) {
			if joined[n-1].Last.Less(r.Last) {
				joined[n-1].Last = r.Last
			}
			continue
		}
		joined = append(joined, r)
	}
	return joined
}
