package user

import (
	"time"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

const (
	// outboxSize holds a sealed batch, which is one super-packet at most beyond batchFull.
	outboxSize = 192 << 10
	// outboxBursts bounds the bursts of one send.
	outboxBursts = 64
)

// An outbox collects sealed packets, one behind the other, in bursts.
//
// Where several workers seal for one SA, the packets leave in the order of their sequence numbers nevertheless, since the
// peer's replay window may be small: whoever sends waits for its turn. A worker sends in the order in which it reserved, so
// that every wait is for something reserved earlier, and none is for ever.
type outbox struct {
	sender  dataplane.Sender
	tap     tapping
	buffer  []byte
	used    int
	bursts  []dataplane.Burst
	open    bool  // the last burst may take more packets
	last    label // of the last burst
	shared  bool  // there are other workers
	tickets []ticket
}

// A ticket says which sequence numbers of an SA are in the outbox, and with which burst their packets begin.
type ticket struct {
	sa          *outbound
	first, next uint64
	burst       int
}

// A label says how packets travel. Packets of one burst have the same.
type label struct {
	way *way
	tos uint8
	df  bool
}

// is reports whether packets travel in the same manner.
func (l label) is(o label) bool {
	return l == o || l.tos == o.tos && l.df == o.df && l.way.Path == o.way.Path
}

func newOutbox(s dataplane.Sender, t tapping, shared bool) outbox {
	return outbox{
		sender: s, tap: t, buffer: make([]byte, outboxSize), bursts: make([]dataplane.Burst, 0, outboxBursts+1),
		shared: shared, tickets: make([]ticket, 0, outboxBursts),
	}
}

// begin says that the packets to be added now are those of an SA from sequence number seq on.
func (o *outbox) begin(sa *outbound, seq uint64) {
	if o.shared {
		o.tickets = append(o.tickets, ticket{sa: sa, first: seq, next: seq, burst: len(o.bursts)})
		o.open = false
	}
}

// room returns an empty slice with capacity for n octets at least, where the next packet goes. It sends what is there
// when it has to.
func (o *outbox) room(n int) []byte {
	if o.used+n > outboxSize || len(o.bursts) == outboxBursts {
		o.makeRoom()
	}
	return o.buffer[o.used:o.used]
}

// makeRoom sends everything. The SA that is being sealed for goes on behind it.
func (o *outbox) makeRoom() {
	if !o.shared {
		o.flush()
		return
	}
	t := o.tickets[len(o.tickets)-1]
	o.flush()
	o.begin(t.sa, t.next)
}

// add takes the n octets that were put into room, the packet with the next sequence number.
func (o *outbox) add(l label, n int) {
	start := o.used
	o.used += n
	o.skip()
	if o.open {
		b := &o.bursts[len(o.bursts)-1]
		if n <= b.Segment && l.is(o.last) {
			b.Data = b.Data[:len(b.Data)+n]
			o.open = n == b.Segment
			return
		}
	}
	o.bursts = append(o.bursts, dataplane.Burst{Path: l.way.Path, Data: o.buffer[start:o.used], Segment: n, TOS: l.tos, DF: l.df})
	o.open, o.last = true, l
}

// skip passes over a sequence number.
func (o *outbox) skip() {
	if o.shared {
		o.tickets[len(o.tickets)-1].next++
	}
}

// flush sends everything.
func (o *outbox) flush() {
	sent, passed := 0, 0
	for i := range o.tickets {
		if t := &o.tickets[i]; t.sa.turn.Load() != t.first {
			o.send(o.bursts[sent:t.burst]) // others may wait for what comes before
			pass(o.tickets[passed:i])
			sent, passed = t.burst, i
			t.sa.await(t.first)
		}
	}
	o.send(o.bursts[sent:])
	pass(o.tickets[passed:])
	o.bursts, o.tickets, o.used, o.open = o.bursts[:0], o.tickets[:0], 0, false
}

func (o *outbox) send(bursts []dataplane.Burst) {
	if len(bursts) > 0 {
		if tap := o.tap.Load(); tap != nil {
			tap.show(bursts)
		}
		o.sender.SendESP(bursts)
	}
}

// pass gives the turn to whoever comes next.
func pass(tickets []ticket) {
	for i := range tickets {
		tickets[i].sa.turn.Store(tickets[i].next)
	}
}

// How await waits. Whoever it waits for is in the middle of sealing or sending, a matter of microseconds, unless its thread
// does not run.
const (
	awaitSpins  = 2000
	awaitYields = 100
	awaitPause  = 20 * time.Microsecond
)

// await returns when the packet with the number seq is to be sent next.
func (o *outbound) await(seq uint64) {
	for try := 0; o.turn.Load() != seq; try++ {
		switch {
		case try < awaitSpins:
		case try < awaitSpins+awaitYields:
			_, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
		default:
			time.Sleep(awaitPause)
		}
	}
}
