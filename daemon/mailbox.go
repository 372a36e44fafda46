package daemon

import "sync"

// A mailbox is the queue of one goroutine. Anybody may put; only the owner takes. Putting never blocks: what is
// unbounded in number (datagrams) is put with offer, the rest is bounded by the state of the engine.
type mailbox[T any] struct {
	ready chan struct{} // has room for one: the owner looks after each receipt

	mu    sync.Mutex
	items []T
}

func newMailbox[T any]() *mailbox[T] { return &mailbox[T]{ready: make(chan struct{}, 1)} }

// put adds an item.
func (m *mailbox[T]) put(item T) { m.offer(item, -1) }

// offer adds an item unless limit items wait already, and tells whether it did. A negative limit is none.
func (m *mailbox[T]) offer(item T, limit int) bool {
	m.mu.Lock()
	if limit >= 0 && len(m.items) >= limit {
		m.mu.Unlock()
		return false
	}
	m.items = append(m.items, item)
	m.mu.Unlock()
	select {
	case m.ready <- struct{}{}:
	default:
	}
	return true
}

// take returns what waits and leaves spare, emptied, for what comes.
func (m *mailbox[T]) take(spare []T) []T {
	clear(spare)
	m.mu.Lock()
	defer m.mu.Unlock()
	items := m.items
	m.items = spare[:0]
	return items
}
