package spd

import (
	"math/bits"
	"slices"
)

// A rule is one place where the database finds an entry: a pair of its selectors, or a coarse pair around all of them, for
// which the entry itself must be asked.
type rule[T any] struct {
	entry         *Entry[T]
	local, remote Selector
	specific      int
	coarse        bool
}

// A bucket holds rules in the order in which they apply.
type bucket[T any] []rule[T]

// before reports whether r applies rather than o: by priority, by how specific the selectors are, by age.
func (r *rule[T]) before(o *rule[T]) bool {
	if r.entry.Priority != o.entry.Priority {
		return r.entry.Priority > o.entry.Priority
	}
	if r.specific != o.specific {
		return r.specific > o.specific
	}
	return r.entry.age < o.entry.age
}

func (r *rule[T]) outbound(f Flow) bool {
	return r.local.ContainsSource(f) && r.remote.ContainsDestination(f) && (!r.coarse || r.entry.Outbound(f))
}

func (r *rule[T]) inbound(f Flow) bool {
	return r.remote.ContainsSource(f) && r.local.ContainsDestination(f) && (!r.coarse || r.entry.Inbound(f))
}

// with returns a copy of b that has r in its place.
func (b bucket[T]) with(r rule[T]) bucket[T] {
	at := 0
	for at < len(b) && !r.before(&b[at]) {
		at++
	}
	return slices.Insert(slices.Clip(b), at, r)
}

// without returns a copy of b that lacks the rules of r's policy.
func (b bucket[T]) without(r rule[T]) bucket[T] {
	var rest bucket[T]
	for _, other := range b {
		if other.entry.ID != r.entry.ID {
			rest = append(rest, other)
		}
	}
	return rest
}

// match returns the first rule for the flow, read as outbound or inbound.
func (b bucket[T]) match(f Flow, inbound bool) *rule[T] {
	for i := range b {
		if inbound && b[i].inbound(f) || !inbound && b[i].outbound(f) {
			return &b[i]
		}
	}
	return nil
}

// Specificity orders pairs of selectors: first by how many bits of both addresses they fix, then by the protocol, then by
// how many bits of both ports.
func Specificity(local, remote Selector) int {
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
