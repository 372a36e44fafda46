package iptfs

import "time"

// Reassembly says how payloads are put in order (RFC 9347, Sections 2.2.3 and 2.5).
type Reassembly struct {
	Window      int           // payloads that may come before their predecessors; 0: none is waited for
	Wait        time.Duration // for a payload that is missing
	Immediately bool          // whole packets are given out as they arrive, ahead of payloads that are missing
}

// MaxWindow bounds Reassembly.Window.
const MaxWindow = 1024

// Received counts, from the construction on (names of RFC 9348).
type Received struct {
	Packets    uint64 // inner packets given out
	Octets     uint64 // of them
	Incomplete uint64 // inner packets of which a part did not come, or did not fit
	AllPad     uint64 // payloads without inner packets
	ExtraPad   uint64 // payloads with inner packets and padding
	Errored    uint64 // payloads with a data block that is none
	Missed     uint64 // payloads that did not come in time
	Late       uint64 // payloads that came after they were given up
}

// A Packet is an inner packet.
type Packet struct {
	Data []byte
	Kept bool  // its memory is the Reassembler's, until the next call of Next; else that of the payload
	TOS  uint8 // of the outer header; congestion experienced when any part of the packet bore that mark (RFC 3168, Section 5.3)
}

// A Reassembler gets the payloads of one SA and gives out the packets inside, in order. Give it a payload with Push, or
// the time with Expire, and then call Next until there is no more. It belongs to one goroutine at a time.
type Reassembler struct {
	// Lost, unless nil, hears of payloads that are given up.
	Lost func(seq uint64, n uint64, now time.Time)

	how    Reassembly
	window window
	next   uint64 // the sequence number whose turn it is
	floor  uint64 // payloads below are not waited for
	now    time.Time

	incoming arrival // pushed and not looked at yet
	walk     walk
	partial  partial
	count    Received
}

// NewReassembler returns one for an SA that has received all up to the sequence number after.
func NewReassembler(how Reassembly, after uint64) *Reassembler {
	how.Window = min(max(how.Window, 0), MaxWindow)
	return &Reassembler{how: how, window: window{size: how.Window}, next: after + 1}
}

// Count returns what was received.
func (r *Reassembler) Count() Received { return r.count }

// Push takes a payload: its ESP sequence number, the BlockOffset of its header and what follows that. blocks must stay as
// they are until Next has returned false.
func (r *Reassembler) Push(seq uint64, offset uint16, blocks []byte, tos uint8, now time.Time) {
	if seq < r.next {
		r.count.Late++
		return
	}
	r.now = now
	r.incoming = arrival{seq: seq, offset: int(offset), blocks: blocks, tos: tos, at: now}
	r.floor = max(r.floor, seq-min(seq, uint64(r.how.Window)))
}

// Deadline returns when the payload that is missing is given up, zero when none is.
func (r *Reassembler) Deadline() time.Time {
	a, waits := r.window.first()
	if !waits {
		return time.Time{}
	}
	return a.at.Add(r.how.Wait)
}

// Expire gives up payloads that have been missing for too long.
func (r *Reassembler) Expire(now time.Time) {
	a, waits := r.window.first()
	if waits && !now.Before(a.at.Add(r.how.Wait)) {
		r.now, r.floor = now, max(r.floor, a.seq)
	}
}

// Next returns the next inner packet, and whether there was one.
func (r *Reassembler) Next() (Packet, bool) {
	for r.walk.active || r.turn() {
		if p, ok := r.step(); ok {
			r.count.Packets++
			r.count.Octets += uint64(len(p.Data))
			return p, true
		}
	}
	return Packet{}, false
}

// turn goes on with the payload whose turn it is, and reports whether there is one.
func (r *Reassembler) turn() bool {
	for {
		a, held := r.window.take(r.next)
		switch {
		case held:
			r.begin(a)
			return true
		case r.incoming.seq == r.next:
			a, r.incoming = r.incoming, arrival{}
			r.begin(a)
			return true
		case r.next < r.floor:
			r.giveUp()
		default:
			return r.shelve()
		}
	}
}

// giveUp takes the payloads from next on for lost, up to one that is there or may still come.
func (r *Reassembler) giveUp() {
	to := r.floor
	if a, ok := r.window.first(); ok {
		to = min(to, a.seq)
	}
	if r.incoming.seq != 0 {
		to = min(to, r.incoming.seq)
	}
	n := to - r.next
	r.count.Missed += n
	if r.Lost != nil {
		r.Lost(r.next, n, r.now)
	}
	r.next = to
	r.abandon()
}

// shelve keeps what has come before its turn, and reports whether its whole packets are to be given out now.
func (r *Reassembler) shelve() bool {
	a := r.incoming
	if a.seq == 0 {
		return false
	}
	r.incoming = arrival{}
	a.eager = r.how.Immediately
	if !r.window.hold(a) || !a.eager {
		return false
	}
	r.walk = walk{arrival: a, active: true, pass: passWhole}
	return true
}
