package user

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// A parcel is what an outbox has collected. It is its worker's, or, once it was left, of the worker that has the turn.
type parcel struct {
	buffer  []byte
	used    int
	bursts  []dataplane.Burst
	open    bool  // the last burst may take more packets
	last    label // of the last burst
	tickets []ticket
	at      int // the ticket that is to be sent next

	out  atomic.Bool // others have it
	next *parcel     // in the list that it is in
}

// A ticket says which sequence numbers of an SA are in a parcel, and with which burst their packets begin.
type ticket struct {
	sa          *outbound
	first, next uint64
	burst       int
}

func newParcel(shared bool) *parcel {
	p := &parcel{buffer: make([]byte, outboxSize), bursts: make([]dataplane.Burst, 0, outboxBursts+1)}
	if shared {
		p.tickets = make([]ticket, 0, outboxBursts)
	}
	return p
}

func (p *parcel) clear() {
	p.bursts, p.tickets, p.used, p.open, p.at = p.bursts[:0], p.tickets[:0], 0, false, 0
}

// inTurn returns the first ticket that has not its turn, from the next one on.
func (p *parcel) inTurn() int {
	at := p.at
	for at < len(p.tickets) && p.tickets[at].sa.turn.next.Load() == p.tickets[at].first {
		at++
	}
	return at
}

// between returns the bursts from one ticket to another.
func (p *parcel) between(from, to int) []dataplane.Burst {
	end := len(p.bursts)
	if to < len(p.tickets) {
		end = p.tickets[to].burst
	}
	return p.bursts[p.tickets[from].burst:end]
}

// park leaves the parcel to whoever gives the turn to its next ticket. It reports false if that has happened.
func (p *parcel) park() bool {
	t := &p.tickets[p.at]
	return t.sa.turn.leave(p, t.first)
}

// A turnstile lets the packets of an SA out in the order of their sequence numbers. Of all that was reserved and not sent, what was
// reserved first has its turn and is in nobody's way: it is with a worker that seals or sends it, and everything else follows.
type turnstile struct {
	next atomic.Uint64 // the number to be sent next

	mu   sync.Mutex
	left *parcel // those that wait for their turn
}

// leave has a parcel wait for the turn of a number.
func (s *turnstile) leave(p *parcel, first uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next.Load() == first {
		return false
	}
	p.out.Store(true)
	p.next, s.left = s.left, p
	return true
}

// pass gives the turn to a number, and returns the parcel that waits for it, or nil.
func (s *turnstile) pass(next uint64) *parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next.Store(next)
	for at := &s.left; *at != nil; at = &(*at).next {
		if p := *at; p.tickets[p.at].first == next {
			*at = p.next
			return p
		}
	}
	return nil
}

// How pause waits. Whoever has the turn is in the middle of sealing or sending, a matter of microseconds, unless its thread
// does not run.
const (
	pauseSpins  = 2000
	pauseYields = 100
	pauseSleep  = 20 * time.Microsecond
)

// pause waits a little, and longer with each try.
func pause(try int) {
	switch {
	case try < pauseSpins:
	case try < pauseSpins+pauseYields:
		_, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	default:
		time.Sleep(pauseSleep)
	}
}
