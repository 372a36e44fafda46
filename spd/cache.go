package spd

import "math/bits"

// A Cache remembers what a database answered, one entry to a place (RFC 4301, Section 4.4.1: the SPD cache). Answers of one
// database are not given for another. It belongs to one goroutine at a time.
type Cache[T any] struct {
	places []cached[T]
}

type cached[T any] struct {
	db    *Database[T]
	flow  Flow
	entry *Entry[T]
}

// NewCache returns a cache of n places, rounded up to a power of two. Each takes about 80 octets.
func NewCache[T any](n int) *Cache[T] {
	size := 1
	for size < n {
		size *= 2
	}
	return &Cache[T]{places: make([]cached[T], size)}
}

// Outbound returns what db.Outbound(f) returns.
func (c *Cache[T]) Outbound(db *Database[T], f Flow) *Entry[T] {
	p := &c.places[f.hash()&uint64(len(c.places)-1)]
	if p.db != db || p.flow != f {
		*p = cached[T]{db, f, db.Outbound(f)}
	}
	return p.entry
}

// Known returns the policy that the cache remembers for a flow, or nil.
func (c *Cache[T]) Known(db *Database[T], f *Flow) *Entry[T] {
	p := &c.places[f.hash()&uint64(len(c.places)-1)]
	if p.db != db || p.flow != *f {
		return nil
	}
	return p.entry
}

func (f Flow) hash() uint64 {
	s, d := number(f.Source), number(f.Destination)
	h := mix(s.hi^s.lo, d.hi^uint64(f.Protocol))
	return mix(h^d.lo, uint64(f.SourcePort)<<16|uint64(f.DestinationPort))
}

// mix folds two words into one, each bit depending on all. It is no defence against chosen collisions, which cost a
// cache its hits and nothing else.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd1b54a32d192ed03)
	return hi ^ lo
}
