package spd

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrSelectors means that a policy has malformed selectors, or no pair of a local and a remote one of one address family.
var ErrSelectors = errors.New("policy without valid selectors")

// maxPairs bounds the places under which one policy is found. Peers may negotiate 255 selectors on either side; policies with
// more pairs are found under the prefix around all their selectors.
const maxPairs = 1024

// An Entry is a policy in a database, with the value its owner attached to it.
type Entry[T any] struct {
	Policy
	Value T

	age   uint64
	rules []rule[T]
}

// A Database is an SPD: policies in order, found by flow. It is immutable; With and Without return changed copies that
// share what did not change, at a cost that hardly depends on the number of policies. An owner publishes them through an
// atomic pointer. The zero value, and nil, are empty.
//
// Policies are kept in tables of prefixes, by family. A lookup visits only the prefixes that hold the packet's addresses, so
// that it costs what nests around one address and not what the database holds.
type Database[T any] struct {
	v4, v6 table[shelf[T]] // by remote prefix
	byID   *trie[*Entry[T]]
	count  int
	age    uint64
}

// With returns a database that has p, with value attached, in place of any policy of the same ID. A policy that is replaced
// keeps its age. The database keeps the selector lists of p, which the caller leaves alone afterwards.
func (d *Database[T]) With(p Policy, value T) (*Database[T], error) {
	if err := p.check(); err != nil {
		return d, err
	}
	c := *d.Without(p.ID)
	c.age++
	e := &Entry[T]{Policy: p, Value: value, age: c.age}
	if old := d.Get(p.ID); old != nil {
		e.age = old.age
	}
	e.rules = rulesOf(e)
	if len(e.rules) == 0 {
		return d, fmt.Errorf("policy %d: %w", p.ID, ErrSelectors)
	}
	for _, r := range e.rules {
		c.change(r, shelf[T].with)
	}
	c.byID = c.byID.set(idKey(p.ID), 32, e)
	c.count++
	return &c, nil
}

// Without returns a database that lacks the policy id.
func (d *Database[T]) Without(id uint32) *Database[T] {
	e := d.Get(id)
	if e == nil {
		if d == nil {
			return &Database[T]{}
		}
		return d
	}
	c := *d
	for _, r := range e.rules {
		c.change(r, shelf[T].without)
	}
	c.byID = c.byID.remove(idKey(id), 32)
	c.count--
	return &c
}

// change edits the shelf on which r belongs.
func (d *Database[T]) change(r rule[T], edit func(shelf[T], rule[T]) shelf[T]) {
	at := r.remote.covering()
	root, k := d.family(at.Addr()), number(at.Addr())
	old, _ := root.get(k, at.Bits())
	if s := edit(old, r); s.empty() {
		*root = root.remove(k, at.Bits())
	} else {
		*root = root.set(k, at.Bits(), s)
	}
}

func (d *Database[T]) family(a netip.Addr) *table[shelf[T]] {
	if a.Is4() {
		return &d.v4
	}
	return &d.v6
}

// idKey is the number under which byID finds a policy.
func idKey(id uint32) uint128 { return uint128{hi: uint64(id) << 32} }

// Get returns the entry of the policy id, or nil.
func (d *Database[T]) Get(id uint32) *Entry[T] {
	if d == nil {
		return nil
	}
	e, _ := d.byID.get(idKey(id), 32)
	return e
}

// Len returns the number of policies.
func (d *Database[T]) Len() int {
	if d == nil {
		return 0
	}
	return d.count
}

// Outbound returns the first policy for a packet of ours, nil when none matches: such packets are discarded (RFC 4301,
// Section 5.1, step 3). It allocates nothing.
func (d *Database[T]) Outbound(f Flow) *Entry[T] { return d.find(f, f.Source, f.Destination, false) }

// Inbound returns the first policy for a packet that arrived unprotected. Only Bypass lets it pass (RFC 4301,
// Section 5.2, step 3b). It allocates nothing.
func (d *Database[T]) Inbound(f Flow) *Entry[T] { return d.find(f, f.Destination, f.Source, true) }

func (d *Database[T]) find(f Flow, local, remote netip.Addr, inbound bool) *Entry[T] {
	if d == nil || !local.IsValid() || local.BitLen() != remote.BitLen() {
		return nil
	}
	var best *rule[T]
	w := d.family(remote).along(number(remote), remote.BitLen())
	for s := w.next(); s != nil; s = w.next() {
		if r := s.match(f, local, inbound); r != nil && (best == nil || r.before(best)) {
			best = r
		}
	}
	if best == nil {
		return nil
	}
	return best.entry
}
