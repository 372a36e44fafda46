package spd

import "math/bits"

// stride is the number of bits that one node of a trie decides.
const stride = 4

// A trie maps prefixes of numbers to values. It is a tree bitmap (W. Eatherton, G. Varghese and Z. Dittia, 2004): a node at depth d
// holds the values of the prefixes with d+1 to d+4 bits, thirty places of which a bitmap tells the occupied ones, and leads on
// by the next four bits. Depths that do not branch have no nodes. It is persistent: set and remove copy the nodes on the
// path to the change and share the rest. The nil trie is empty. The prefix without bits is not kept here; see table.
type trie[V any] struct {
	prefix  uint128
	depth   int    // bits of prefix that count, a multiple of stride
	present uint32 // occupied places
	values  []V    // of the occupied places, in order
	child   *[1 << stride]*trie[V]
}

// depthOf returns the depth of the node that holds prefixes of n bits.
func depthOf(n int) int { return (n - 1) &^ (stride - 1) }

// place returns the bit of a prefix in the bitmap of its node: two places for prefixes of one more bit than the node's
// depth, four for two more, eight, sixteen.
func place(k uint128, n int) uint32 {
	depth := depthOf(n)
	more := n - depth
	return 1 << (1<<more - 2 + k.nibble(depth)>>(stride-more))
}

// places returns the bits of all prefixes of k in a node at depth.
func places(k uint128, depth int) uint32 {
	n := k.nibble(depth)
	return 1<<(n>>3) | 1<<(2+n>>2) | 1<<(6+n>>1) | 1<<(14+n)
}

// at returns the index in values of the place bit.
func (n *trie[V]) at(bit uint32) int { return bits.OnesCount32(n.present & (bit - 1)) }

// holds reports whether prefixes of k with more than depth bits may be in n or below.
func (n *trie[V]) holds(k uint128, depth int) bool {
	return n.depth <= depth && n.prefix.common(k) >= n.depth
}

func (n *trie[V]) next(k uint128) *trie[V] {
	if n.child == nil {
		return nil
	}
	return n.child[k.nibble(n.depth)]
}

// get returns the value at exactly the first length bits of k.
func (n *trie[V]) get(k uint128, length int) (v V, ok bool) {
	depth := depthOf(length)
	for n != nil && n.holds(k, depth) {
		if n.depth < depth {
			n = n.next(k)
			continue
		}
		bit := place(k, length)
		if n.present&bit == 0 {
			return v, false
		}
		return n.values[n.at(bit)], true
	}
	return v, false
}

// set returns a trie in which the first length bits of k have the value v. The rest of k is zero.
func (n *trie[V]) set(k uint128, length int, v V) *trie[V] {
	depth := depthOf(length)
	var c trie[V]
	switch {
	case n == nil:
		c = trie[V]{prefix: k.and(mask(depth)), depth: depth}
	case n.holds(k, depth):
		c = *n
	default:
		c = n.above(min(n.prefix.common(k)&^(stride-1), depth))
	}
	if c.depth == depth {
		c.put(place(k, length), v)
	} else {
		c.lead(k, c.next(k).set(k, length, v))
	}
	return &c
}

// above returns a node at a smaller depth that leads to n.
func (n *trie[V]) above(depth int) trie[V] {
	up := trie[V]{prefix: n.prefix.and(mask(depth)), depth: depth}
	up.lead(n.prefix, n)
	return up
}

// lead makes n lead to down for the numbers that go on like k, in a copy of its children.
func (n *trie[V]) lead(k uint128, down *trie[V]) {
	var c [1 << stride]*trie[V]
	if n.child != nil {
		c = *n.child
	}
	c[k.nibble(n.depth)] = down
	n.child = &c
}

// put gives a place a value, in a copy of the values.
func (n *trie[V]) put(bit uint32, v V) {
	at, after := n.at(bit), n.at(bit)
	if n.present&bit != 0 {
		after++
	}
	values := make([]V, 0, len(n.values)+1)
	values = append(values, n.values[:at]...)
	n.values = append(append(values, v), n.values[after:]...)
	n.present |= bit
}

// drop empties a place, in a copy of the values.
func (n *trie[V]) drop(bit uint32) {
	if n.present&bit == 0 {
		return
	}
	at := n.at(bit)
	values := make([]V, 0, len(n.values)-1)
	n.values = append(append(values, n.values[:at]...), n.values[at+1:]...)
	n.present &^= bit
}

// remove returns a trie without a value at the first length bits of k.
func (n *trie[V]) remove(k uint128, length int) *trie[V] {
	depth := depthOf(length)
	if n == nil || !n.holds(k, depth) {
		return n
	}
	c := *n
	if c.depth == depth {
		c.drop(place(k, length))
	} else {
		c.lead(k, c.next(k).remove(k, length))
	}
	return c.prune()
}

// prune returns what must stay of a node that may have lost a value or a child.
func (n *trie[V]) prune() *trie[V] {
	var only *trie[V]
	count := 0
	if n.child != nil {
		for _, c := range n.child {
			if c != nil {
				only, count = c, count+1
			}
		}
	}
	switch {
	case n.present != 0 || count > 1:
		if count == 0 {
			n.child = nil
		}
		return n
	case count == 1:
		return only
	}
	return nil
}
