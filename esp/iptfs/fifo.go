package iptfs

import "time"

// A fifo keeps packets in the order of their arrival, in a ring of octets that grows up to a limit.
type fifo struct {
	limit  int // octets
	ring   []byte
	head   int
	octets int
	marks  []mark // of the packets, from first on
	first  int
}

// A mark is what is known about a packet in the ring.
type mark struct {
	length int
	since  time.Time
}

// firstRing is the size of the smallest ring.
const firstRing = 1 << 12

// put copies a packet to the end, and reports whether there was room. An empty one has room for any packet.
func (f *fifo) put(pkt []byte, now time.Time) bool {
	if f.octets > 0 && f.octets+len(pkt) > f.limit {
		return false
	}
	f.grow(f.octets + len(pkt))
	at := (f.head + f.octets) % len(f.ring)
	n := copy(f.ring[at:], pkt)
	copy(f.ring, pkt[n:])
	f.octets += len(pkt)
	if f.first > 0 && len(f.marks) == cap(f.marks) {
		f.marks = f.marks[:copy(f.marks, f.marks[f.first:])]
		f.first = 0
	}
	f.marks = append(f.marks, mark{len(pkt), now})
	return true
}

func (f *fifo) grow(need int) {
	if need <= len(f.ring) {
		return
	}
	size := max(len(f.ring), firstRing)
	for size < need {
		size *= 2
	}
	bigger := make([]byte, size)
	f.peek(bigger, f.octets)
	f.ring, f.head = bigger, 0
}

// peek copies the first n octets into b.
func (f *fifo) peek(b []byte, n int) {
	k := copy(b[:n], f.ring[f.head:])
	copy(b[k:n], f.ring)
}

// take moves the first n octets into b, or nowhere if b is nil. They must not reach beyond the first packet.
func (f *fifo) take(b []byte, n int) {
	if n == 0 {
		return
	}
	if b != nil {
		f.peek(b, n)
	}
	f.head = (f.head + n) % len(f.ring)
	f.octets -= n
}

// front is the first packet, as it was put.
func (f *fifo) front() *mark { return &f.marks[f.first] }

// pop forgets the first packet, whose octets are taken.
func (f *fifo) pop() {
	f.first++
	if f.first == len(f.marks) {
		f.marks, f.first = f.marks[:0], 0
	}
}

func (f *fifo) empty() bool { return f.first == len(f.marks) }
