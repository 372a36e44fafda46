package lease

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
)

// defaultMaxLeases bounds what identities that come and go can make a pool of IPv6 remember: some 50 MiB.
const defaultMaxLeases = 1 << 18

// A Range is the addresses from First to Last.
type Range struct{ First, Last netip.Addr }

// check refuses what is no pool.
func (c *Config) check() error {
	if len(c.Ranges) == 0 {
		return errors.New("a pool needs addresses")
	}
	for _, r := range slices.Concat(c.Ranges, c.Exclude) {
		if !r.First.IsValid() || !r.Last.IsValid() || r.First.Is4() != r.Last.Is4() || r.Last.Less(r.First) {
			return fmt.Errorf("range %v-%v is none", r.First, r.Last)
		}
		if r.First.Is4() != c.Ranges[0].First.Is4() {
			return errors.New("a pool has addresses of one family")
		}
	}
	owners := make(map[netip.Addr]string)
	for identity, addr := range c.Static {
		if other, twice := owners[addr]; twice {
			return fmt.Errorf("%v is static for %s and %s", addr, min(other, identity), max(other, identity))
		}
		owners[addr] = identity
	}
	return nil
}

// maxLeases is MaxLeases or its default.
func (c *Config) maxLeases() int {
	if c.MaxLeases <= 0 {
		return defaultMaxLeases
	}
	return c.MaxLeases
}

// owners returns the identities of static addresses.
func (c *Config) owners() map[netip.Addr]string {
	owners := make(map[netip.Addr]string, len(c.Static))
	for identity, addr := range c.Static {
		owners[addr] = identity
	}
	return owners
}

// contains tells whether an address is in one of some ranges.
func contains(ranges []Range, a netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(r Range) bool { return !a.Less(r.First) && !r.Last.Less(a) })
}

// hole returns the last address of the excluded range that an address lies in, so that a large one is crossed at once.
func (c *Config) hole(a netip.Addr) (netip.Addr, bool) {
	for _, r := range c.Exclude {
		if contains([]Range{r}, a) {
			return r.Last, true
		}
	}
	return a, false
}

// size is the number of addresses in the ranges that are not excluded.
func (c *Config) size() *big.Int {
	sum := new(big.Int)
	for _, r := range merged(c.Ranges) {
		sum.Add(sum, r.size())
		for _, e := range merged(c.Exclude) {
			sum.Sub(sum, r.overlap(e).size())
		}
	}
	return sum
}

// merged returns ranges in order, those that overlap as one.
func merged(ranges []Range) []Range {
	var out []Range
	for _, r := range slices.SortedFunc(slices.Values(ranges), func(a, b Range) int { return a.First.Compare(b.First) }) {
		if n := len(out); n > 0 && !out[n-1].Last.Less(r.First) {
			if out[n-1].Last.Less(r.Last) {
				out[n-1].Last = r.Last
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

// overlap is what two ranges have in common; the zero Range when nothing.
func (r Range) overlap(o Range) Range {
	if o.Last.Less(r.First) || r.Last.Less(o.First) {
		return Range{}
	}
	if r.First.Less(o.First) {
		r.First = o.First
	}
	if o.Last.Less(r.Last) {
		r.Last = o.Last
	}
	return r
}

func (r Range) size() *big.Int {
	if !r.First.IsValid() {
		return new(big.Int)
	}
	first, last := new(big.Int).SetBytes(r.First.AsSlice()), new(big.Int).SetBytes(r.Last.AsSlice())
	return last.Add(last.Sub(last, first), big.NewInt(1))
}
