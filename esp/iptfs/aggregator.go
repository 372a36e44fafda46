package iptfs

import "time"

// An Aggregator queues inner packets and fills the data blocks of payloads with them. It belongs to one goroutine at a time.
type Aggregator struct {
	// Whole keeps every packet in a single payload, because the peer cannot reassemble or the configuration says so
	// (RFC 9347, Section 6.1.4, flag D).
	Whole bool

	queue fifo
	rest  int // octets of the first packet that are still to be sent, after its first fragment
}

// NewAggregator returns one that queues up to limit octets, and one packet in any case.
func NewAggregator(limit int) *Aggregator {
	return &Aggregator{queue: fifo{limit: limit}}
}

// SetLimit changes how many octets are queued; what is queued already stays.
func (a *Aggregator) SetLimit(limit int) { a.queue.limit = limit }

// Add queues a copy of an IP packet and reports whether there was room for it. Its length must be what its header says.
func (a *Aggregator) Add(pkt []byte, now time.Time) bool {
	n, is := measure(pkt)
	return is == shapePacket && n == len(pkt) && a.queue.put(pkt, now)
}

// Waiting returns the octets in the queue, and since when the first packet there is waiting.
func (a *Aggregator) Waiting() (octets int, since time.Time) {
	if a.queue.empty() {
		return 0, time.Time{}
	}
	return a.queue.octets, a.queue.front().since
}

// A Filling is what Fill has put into a payload.
type Filling struct {
	BlockOffset uint16
	Octets      int // of packets; padding follows them. 0: the payload is all padding
	Packets     int // that end in it
	Dropped     int // that fit into no payload of this size any more
}

// leastFragment is the shortest first fragment: it tells the length of the packet. Receivers have an easier time of it, and
// at most five octets are lost.
const leastFragment = tellLen

// Fill fills b, the place of the data blocks of the next payload, with what waits, and pads the rest.
func (a *Aggregator) Fill(b []byte) Filling {
	f := Filling{BlockOffset: uint16(a.rest)}
	for f.Octets < len(b) {
		f.Dropped += a.shed(len(b))
		n := a.next(b[f.Octets:])
		if n == 0 {
			break
		}
		if a.rest == 0 {
			f.Packets++
		}
		f.Octets += n
	}
	clear(b[f.Octets:])
	return f
}

// shed drops packets that do not fit into payloads of size octets: the path has shrunk under them.
func (a *Aggregator) shed(size int) (n int) {
	for a.Whole && a.rest == 0 && !a.queue.empty() && a.queue.front().length > size {
		a.finish(nil)
		n++
	}
	return n
}

// next puts the first packet, or a part of it, into room, and returns how much. 0: nothing more goes in.
func (a *Aggregator) next(room []byte) int {
	left := a.left()
	switch {
	case left == 0:
		return 0
	case left <= len(room):
		a.finish(room)
		return left
	case a.rest == 0 && (a.Whole || len(room) < leastFragment):
		return 0
	}
	a.queue.take(room, len(room))
	a.rest = left - len(room)
	return len(room)
}

// Begun reports whether the first packet has been sent in part.
func (a *Aggregator) Begun() bool { return a.rest > 0 }

// Hand gives all packets to another one, as far as there is room. None must have begun: fragments of a packet do not change
// the SA (RFC 9347, Section 2.2.3).
func (a *Aggregator) Hand(to *Aggregator) {
	for !a.queue.empty() && a.rest == 0 {
		m := *a.queue.front()
		pkt := make([]byte, m.length)
		a.finish(pkt)
		to.Add(pkt, m.since)
	}
}

// left returns the octets of the first packet that are still to be sent.
func (a *Aggregator) left() int {
	if a.rest > 0 || a.queue.empty() {
		return a.rest
	}
	return a.queue.front().length
}

// finish moves what is left of the first packet.
func (a *Aggregator) finish(room []byte) {
	a.queue.take(room, a.left())
	a.queue.pop()
	a.rest = 0
}
