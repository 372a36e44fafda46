package daemon

import (
	"sync"
	"sync/atomic"

	"culvert/api"
	"culvert/dataplane"
	"culvert/ike"
)

// Feed sizes: what a reader that comes late can still see.
const (
	eventsKept = 4096
	linesKept  = 4096
)

// A hub hands news to whoever waits for them and to readers of the event stream, and keeps totals. It is safe for
// concurrent use, and nobody who listens can hold it up.
type hub struct {
	events *api.Feed[api.Event]

	mu      sync.Mutex
	waiters map[*waiter]bool
	totals  totals

	overflows atomic.Uint64 // datagrams that found a shard's mailbox full
}

// totals never fall: traffic of SAs that are gone is in them.
type totals struct{ in, out dataplane.Counters }

func newHub() *hub {
	return &hub{events: api.NewEventFeed(eventsKept), waiters: make(map[*waiter]bool)}
}

// overflow counts a datagram that was dropped before it reached its shard.
func (h *hub) overflow() { h.overflows.Add(1) }

// add puts the traffic of an SA that was removed to the totals.
func (h *hub) add(d dataplane.Direction, c dataplane.Counters) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := &h.totals.in
	if d == dataplane.Outbound {
		t = &h.totals.out
	}
	t.Bytes += c.Bytes
	t.Packets += c.Packets
}

// A waiter waits for news that end a command.
type waiter struct {
	// see is called with each piece of news, under the hub's lock; it returns true with the outcome when the wait is over.
	see  func(ike.News) (over bool, outcome error)
	done chan error // has room for the outcome
}

// wait registers a waiter. The returned function takes it away.
func (h *hub) wait(see func(ike.News) (bool, error)) (*waiter, func()) {
	w := &waiter{see: see, done: make(chan error, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiters[w] = true
	return w, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiters, w)
	}
}

// tell shows news to those who wait.
func (h *hub) tell(n ike.News) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.waiters {
		if over, outcome := w.see(n); over {
			w.done <- outcome
			delete(h.waiters, w)
		}
	}
}
