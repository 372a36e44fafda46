package spd

// A trie maps prefixes of numbers to values. It is a binary tree whose nodes skip the bits that do not branch
// (D. Morrison's Patricia), and it is persistent: set and remove copy the nodes on the path to the change, at most one per bit
// of the key, and share the rest. The nil trie is empty.
type trie[V any] struct {
	prefix uint128
	bits   int
	child  [2]*trie[V]
	value  V
	full   bool // value counts; otherwise the node only branches
}

// covers reports whether n's prefix is one of k's, whose length is bits.
func (n *trie[V]) covers(k uint128, bits int) bool {
	return n.bits <= bits && n.prefix.common(k) >= n.bits
}

// get returns the value at exactly the first bits of k.
func (n *trie[V]) get(k uint128, bits int) (v V, ok bool) {
	for n != nil && n.covers(k, bits) {
		if n.bits == bits {
			return n.value, n.full
		}
		n = n.child[k.bit(n.bits)]
	}
	return v, false
}

// first returns the node with the shortest prefix of k that holds a value. width is the length of k.
func (n *trie[V]) first(k uint128, width int) *trie[V] {
	for n != nil && n.covers(k, width) {
		if n.full {
			return n
		}
		if n.bits == width {
			return nil
		}
		n = n.child[k.bit(n.bits)]
	}
	return nil
}

// next returns the next longer prefix of k below n that holds a value.
func (n *trie[V]) next(k uint128, width int) *trie[V] {
	if n.bits == width {
		return nil
	}
	return n.child[k.bit(n.bits)].first(k, width)
}

// set returns a trie in which the first bits of k have the value v. The rest of k is zero.
func (n *trie[V]) set(k uint128, bits int, v V) *trie[V] {
	if n == nil {
		return &trie[V]{prefix: k, bits: bits, value: v, full: true}
	}
	if !n.covers(k, bits) {
		return n.fork(k, bits, v)
	}
	c := *n
	if n.bits == bits {
		c.value, c.full = v, true
		return &c
	}
	side := k.bit(n.bits)
	c.child[side] = n.child[side].set(k, bits, v)
	return &c
}

// fork puts a node above n, for a key that leaves n's prefix early.
func (n *trie[V]) fork(k uint128, bits int, v V) *trie[V] {
	at := min(n.prefix.common(k), bits)
	up := &trie[V]{prefix: k.and(mask(at)), bits: at}
	up.child[n.prefix.bit(at)] = n
	if at == bits {
		up.value, up.full = v, true
		return up
	}
	up.child[k.bit(at)] = &trie[V]{prefix: k, bits: bits, value: v, full: true}
	return up
}

// remove returns a trie without a value at the first bits of k.
func (n *trie[V]) remove(k uint128, bits int) *trie[V] {
	if n == nil || !n.covers(k, bits) {
		return n
	}
	c := *n
	if n.bits == bits {
		var none V
		c.value, c.full = none, false
	} else {
		side := k.bit(n.bits)
		c.child[side] = n.child[side].remove(k, bits)
	}
	return c.prune()
}

// prune returns what must stay of a node that may have lost its value or a child.
func (n *trie[V]) prune() *trie[V] {
	switch {
	case n.full || n.child[0] != nil && n.child[1] != nil:
		return n
	case n.child[0] != nil:
		return n.child[0]
	}
	return n.child[1]
}
