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
	gone    totals // of SAs that were removed
	shown   totals // the highest so far

	overflows atomic.Uint64 // datagrams that found a shard's mailbox full
}

// totals are traffic of both directions.
type totals struct{ in, out dataplane.Counters }

func (t *totals) add(d dataplane.Direction, c dataplane.Counters) {
	sum := &t.in
	if d == dataplane.Outbound {
		sum = &t.out
	}
	sum.Bytes += c.Bytes
	sum.Packets += c.Packets
}

func newHub() *hub {
	return &hub{events: api.NewEventFeed(eventsKept), waiters: make(map[*waiter]bool)}
}

// overflow counts a datagram that was dropped before it reached its shard.
func (h *hub) overflow() { h.overflows.Add(1) }

// removed adds the traffic of an SA that was removed.
func (h *hub) removed(d dataplane.Direction, c dataplane.Counters) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gone.add(d, c)
}

// past returns the traffic of SAs that are gone.
func (h *hub) past() totals {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gone
}

// show returns totals that never fall. An SA that was removed while the others were asked is in none of the sums.
func (h *hub) show(t totals) totals {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &h.shown
	s.in.Bytes, s.in.Packets = max(s.in.Bytes, t.in.Bytes), max(s.in.Packets, t.in.Packets)
	s.out.Bytes, s.out.Packets = max(s.out.Bytes, t.out.Bytes), max(s.out.Packets, t.out.Packets)
	return *s
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
