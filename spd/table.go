package spd

import "math/bits"

// A table maps prefixes, that of no bits among them, to values. It is a value and as persistent as its trie.
type table[V any] struct {
	all    V
	hasAll bool
	root   *trie[V]
}

func (t table[V]) empty() bool { return !t.hasAll && t.root == nil }

func (t table[V]) get(k uint128, length int) (v V, ok bool) {
	if length == 0 {
		return t.all, t.hasAll
	}
	return t.root.get(k, length)
}

func (t table[V]) set(k uint128, length int, v V) table[V] {
	if length == 0 {
		t.all, t.hasAll = v, true
	} else {
		t.root = t.root.set(k, length, v)
	}
	return t
}

func (t table[V]) remove(k uint128, length int) table[V] {
	if length == 0 {
		var none V
		t.all, t.hasAll = none, false
	} else {
		t.root = t.root.remove(k, length)
	}
	return t
}

// along begins a walk over the values of all prefixes of k, from the shortest node to the longest. width is the length of k.
func (t *table[V]) along(k uint128, width int) walk[V] {
	return walk[V]{k: k, depth: depthOf(width), table: t, below: t.root}
}

// A walk visits the prefixes of a number. It is a value, so that a walk allocates nothing.
type walk[V any] struct {
	k     uint128
	depth int
	table *table[V] // until the prefix of no bits was visited
	node  *trie[V]
	hits  uint32 // places of node still to visit
	below *trie[V]
}

// next returns the next value, which must not be changed, or nil behind the last.
func (w *walk[V]) next() *V {
	if t := w.table; t != nil {
		w.table = nil
		if t.hasAll {
			return &t.all
		}
	}
	for w.hits == 0 {
		if w.below == nil || !w.below.holds(w.k, w.depth) {
			return nil
		}
		w.node = w.below
		w.hits = w.node.present & places(w.k, w.node.depth)
		w.below = w.node.next(w.k)
	}
	bit := uint32(1) << bits.TrailingZeros32(w.hits)
	w.hits &^= bit
	return &w.node.values[w.node.at(bit)]
}
