package spd

import (
	"math/bits"
	"slices"
)

// A rule is one place where the database finds an entry: a pair of its selectors, or all of them together.
type rule[T any] struct {
	entry *Entry[T]
	Selectors
	age      uint64
	specific int
}

// A bucket holds the rules of one pair of prefixes in the order in which they apply.
type bucket[T any] []rule[T]

// before reports whether r applies rather than o: by priority, by how specific the selectors are, by age.
func (r *rule[T]) before(o *rule[T]) bool {
	if r.entry.Priority != o.entry.Priority {
		return r.entry.Priority > o.entry.Priority
	}
	if r.specific != o.specific {
		return r.specific > o.specific
	}
	return r.age < o.age
}

// with returns a copy of b that has r in its place.
func (b bucket[T]) with(r rule[T]) bucket[T] {
	at := 0
	for at < len(b) && !r.before(&b[at]) {
		at++
	}
	return slices.Insert(slices.Clip(b), at, r)
}

// without returns a copy of b that lacks the rules of the policy id.
func (b bucket[T]) without(id uint32) bucket[T] {
	var rest bucket[T]
	for _, r := range b {
		if r.entry.ID != id {
			rest = append(rest, r)
		}
	}
	return rest
}

// match returns the first rule for the flow, read as outbound or inbound.
func (b bucket[T]) match(f Flow, inbound bool) *rule[T] {
	for i := range b {
		if inbound && b[i].Inbound(f) || !inbound && b[i].Outbound(f) {
			return &b[i]
		}
	}
	return nil
}

// specificity orders pairs of selectors: first by how many bits of both addresses they fix, then by the protocol, then by
// how many bits of both ports.
func specificity(local, remote Selector) int {
	const addressUnit, protocolUnit = 128, 64
	n := addressUnit * (fixedBits(local) + fixedBits(remote))
	if local.Protocol != 0 || remote.Protocol != 0 {
		n += protocolUnit
	}
	return n + fixedPortBits(local) + fixedPortBits(remote)
}

// fixedBits returns how many bits of an address a selector fixes, counting the size of its range rather than the prefix
// around it.
func fixedBits(s Selector) int {
	a, b := number(s.Start), number(s.End)
	lo, borrow := bits.Sub64(b.lo, a.lo, 0)
	hi, _ := bits.Sub64(b.hi, a.hi, borrow)
	return min(uint128{}.common(uint128{hi, lo}), s.Start.BitLen())
}

func fixedPortBits(s Selector) int {
	if s.IsOpaque() {
		return 16
	}
	return bits.LeadingZeros16(s.EndPort - s.StartPort)
}
