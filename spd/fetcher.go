package spd

import (
	"math/bits"

	"culvert/prefetch"
)

// A Fetcher asks the processor to have in its cache soon what look-ups of many flows will read. All of them take a step at a time,
// so that their waits for main memory overlap. It belongs to one goroutine at a time.
type Fetcher[T any] struct {
	ways []descent[T]
}

// A descent is the way of one look-up: from node to node, to the shelf of the longest prefix, to its first rule and its policy.
type descent[T any] struct {
	k     uint128
	depth int
	node  *trie[shelf[T]]
	shelf *shelf[T] // of the longest prefix so far, nil when there is none
}

// NewFetcher returns a Fetcher with room for n flows.
func NewFetcher[T any](n int) *Fetcher[T] { return &Fetcher[T]{ways: make([]descent[T], 0, n)} }

// Add puts what db.Outbound will read for a flow to what is fetched.
func (r *Fetcher[T]) Add(db *Database[T], f *Flow) {
	if db != nil && f.Destination.IsValid() {
		root := db.family(f.Destination).root
		r.ways = append(r.ways, descent[T]{k: number(f.Destination), depth: depthOf(f.Destination.BitLen()), node: root})
	}
}

// Fetch fetches what was added, unless it is a single flow, which would wait as long here as in its look-up.
func (r *Fetcher[T]) Fetch() {
	if len(r.ways) > 1 {
		r.fetch()
	}
	r.ways = r.ways[:0]
}

func (r *Fetcher[T]) fetch() {
	for more := true; more; {
		more = false
		for i := range r.ways {
			more = r.ways[i].down() || more
		}
	}
	for i := range r.ways {
		if s := r.ways[i].shelf; s != nil && len(s.few) > 0 {
			prefetch.Object(&s.few[0])
		}
	}
	for i := range r.ways {
		if s := r.ways[i].shelf; s != nil && len(s.few) > 0 {
			prefetch.Object(s.few[0].entry)
		}
	}
}

// down takes one step towards the address, and reports whether there is another.
func (w *descent[T]) down() (more bool) {
	n := w.node
	if n == nil || !n.holds(w.k, w.depth) {
		w.node = nil
		return false
	}
	if hits := n.present & places(w.k, n.depth); hits != 0 {
		w.shelf = &n.values[n.at(1<<(31-bits.LeadingZeros32(hits)))]
		prefetch.Object(w.shelf)
	}
	if w.node = n.next(w.k); w.node == nil {
		return false
	}
	prefetch.Object(w.node)
	return true
}
