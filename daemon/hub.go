package daemon

import (
	"sync"
	"sync/atomic"

	"culvert/api"
	"culvert/dataplane"
	"culvert/metrics"
)

// Feed sizes: what a reader that comes late can still see.
const (
	eventsKept = 4096
	linesKept  = 4096
)

// A hub hands events to the readers of the event stream, and keeps totals. It is safe for concurrent use, and nobody who
// listens can hold it up.
type hub struct {
	events *api.Feed[api.Event]

	mu    sync.Mutex
	gone  totals // of SAs that were removed
	shown totals // the highest so far

	overflows atomic.Uint64 // datagrams that found a shard's mailbox full
	withheld  atomic.Uint64 // events of strangers that were not told
}

// totals are traffic of both directions, and whose it is.
type totals struct {
	in, out dataplane.Counters
	owned   metrics.Carried
}

// book adds what a child carries to the sums of those that it belongs to.
func (t *totals) book(o metrics.Owner, c *api.Child) {
	t.owned.Add(o, metrics.Traffic{InBytes: c.In.Bytes, InPackets: c.In.Packets, OutBytes: c.Out.Bytes, OutPackets: c.Out.Packets})
}

func (t *totals) add(d dataplane.Direction, c dataplane.Counters) {
	sum := &t.in
	if d == dataplane.Outbound {
		sum = &t.out
	}
	sum.Bytes += c.Bytes
	sum.Packets += c.Packets
}

func newHub() *hub {
	return &hub{events: api.NewEventFeed(eventsKept)}
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
