package api

import (
	"context"
	"sync"
)

// A Feed hands items to any number of readers. It holds the last items only: a reader that is too slow finds a gap, and
// no reader can hold up whoever publishes. It is safe for concurrent use.
type Feed[T any] struct {
	stamp func(item *T, seq uint64)

	mu      sync.Mutex
	ring    []T           // item seq is at seq modulo its length
	next    uint64        // sequence number of the next item; the first one is 1
	changed chan struct{} // closed with the next item; nil when no reader waits
}

// NewFeed returns a feed that holds size items. Each item is given its sequence number by stamp.
func NewFeed[T any](size int, stamp func(item *T, seq uint64)) *Feed[T] {
	return &Feed[T]{stamp: stamp, ring: make([]T, size), next: 1}
}

// NewEventFeed returns a feed of events.
func NewEventFeed(size int) *Feed[Event] {
	return NewFeed(size, func(e *Event, seq uint64) { e.Seq = seq })
}

// NewLogFeed returns a feed of log entries.
func NewLogFeed(size int) *Feed[LogEntry] {
	return NewFeed(size, func(e *LogEntry, seq uint64) { e.Seq = seq })
}

// Publish adds an item. It never waits for a reader.
func (f *Feed[T]) Publish(item T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stamp(&item, f.next)
	f.ring[f.next%uint64(len(f.ring))] = item
	f.next++
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// Next returns the sequence number that the next item will have.
func (f *Feed[T]) Next() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next
}

// Tail returns a reader that begins with the last n items that are still there.
func (f *Feed[T]) Tail(n int) *Reader[T] {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &Reader[T]{feed: f, next: max(f.oldest(), f.next-min(f.next-1, uint64(max(n, 0))))}
}

// Since returns a reader that begins with the item behind seq. If it has gone already the reader finds a gap.
func (f *Feed[T]) Since(seq uint64) *Reader[T] {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &Reader[T]{feed: f, next: min(seq+1, f.next)}
}

func (f *Feed[T]) oldest() uint64 {
	if size := uint64(len(f.ring)); f.next > size {
		return f.next - size
	}
	return 1
}

// A Reader is one reader's place in a feed. It is for one goroutine.
type Reader[T any] struct {
	feed *Feed[T]
	next uint64
}

// Read returns the next item, waiting for it until the context ends. When items were lost it returns their number instead,
// once, and no item.
func (r *Reader[T]) Read(ctx context.Context) (item T, missed uint64, err error) {
	for {
		item, missed, changed := r.take()
		if changed == nil {
			return item, missed, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return item, 0, ctx.Err()
		}
	}
}

// take returns what is there, or what to wait for.
func (r *Reader[T]) take() (item T, missed uint64, changed <-chan struct{}) {
	f := r.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if oldest := f.oldest(); r.next < oldest {
		missed = oldest - r.next
		r.next = oldest
		return item, missed, nil
	}
	if r.next == f.next {
		if f.changed == nil {
			f.changed = make(chan struct{})
		}
		return item, 0, f.changed
	}
	item = f.ring[r.next%uint64(len(f.ring))]
	r.next++
	return item, 0, nil
}
