package suite

import (
	"slices"

	"culvert/wire"
)

// exchangeChoice holds one transform for each type that negotiates a key exchange.
type exchangeChoice []wire.Transform

func (c exchangeChoice) of(t wire.TransformType) wire.Transform {
	i := slices.IndexFunc(c, func(x wire.Transform) bool { return x.Type == t })
	if i < 0 {
		return wire.Transform{Type: t}
	}
	return c[i]
}

// exchanges chooses the key exchanges of a suite. failed is the type for which nothing can be chosen, 0 if there is none.
func (m match) exchanges() (choice exchangeChoice, failed wire.TransformType) {
	if m.opt.IgnoreKE {
		return nil, 0
	}
	var types []wire.TransformType
	var sets [][]wire.Transform
	for _, t := range exchangeTypes() {
		if isAdditional(t) && !names(m.offered, t) && !names(m.configured, t) {
			continue // which is NONE
		}
		types = append(types, t)
		sets = append(sets, m.common(m.alternatives(m.offered, t), m.alternatives(m.configured, t)))
	}
	choice, i := chooseExchanges(sets)
	if i >= 0 {
		return nil, types[i]
	}
	return choice, 0
}

// chooseExchanges takes one transform out of each set, the first set being that of the key exchange without which there is
// no additional one: the first of each that leaves something for the others when no method but NONE is used twice (RFC
// 9370, Section 2.2.1). failed is the index of the first set from which nothing can be taken, or -1.
func chooseExchanges(sets [][]wire.Transform) (choice exchangeChoice, failed int) {
	rest := slices.Clone(sets)
	for i := range rest {
		j := slices.IndexFunc(rest[i], func(t wire.Transform) bool { return possible(without(rest[i+1:], t)) })
		if j < 0 {
			return nil, firstImpossible(sets)
		}
		t := rest[i][j]
		choice = append(choice, t)
		rest = append(rest[:i+1], without(rest[i+1:], t)...)
	}
	return choice, -1
}

// firstImpossible returns the index of the set at which sets that cannot be served all cease to be possible; the first one
// if what it lacks is a key exchange for the others to follow.
func firstImpossible(sets [][]wire.Transform) int {
	for i := range sets {
		if !possible(sets[:i+1]) {
			return i
		}
	}
	return 0
}

// without returns what is left of the sets behind one from which t is taken: the same method no more, and nothing but NONE
// behind a first key exchange of NONE.
func without(sets [][]wire.Transform, t wire.Transform) [][]wire.Transform {
	left := make([][]wire.Transform, len(sets))
	for i, set := range sets {
		left[i] = slices.DeleteFunc(slices.Clone(set), func(x wire.Transform) bool {
			if t == keID(wire.KENone) {
				return x.ID != wire.KENone
			}
			return x.ID == t.ID && t.ID != wire.KENone
		})
	}
	return left
}

// possible reports whether each set can have a method of its own or NONE. It is a matching in a bipartite graph, found by
// augmenting paths, since a peer may offer sets that make trying all combinations take long.
func possible(sets [][]wire.Transform) bool {
	owner := make(map[wire.TransformID]int)
	for i := range sets {
		if !augment(sets, i, owner, make(map[wire.TransformID]bool)) {
			return false
		}
	}
	return true
}

// augment finds a method for set i, moving the owners of others if need be.
func augment(sets [][]wire.Transform, i int, owner map[wire.TransformID]int, seen map[wire.TransformID]bool) bool {
	for _, t := range sets[i] {
		if t.ID == wire.KENone {
			return true
		}
		if seen[t.ID] {
			continue
		}
		seen[t.ID] = true
		if j, taken := owner[t.ID]; !taken || augment(sets, j, owner, seen) {
			owner[t.ID] = i
			return true
		}
	}
	return false
}
