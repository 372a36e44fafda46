package ike

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"

	"culvert/wire"
)

// Our SPIs say where their SA is:
//
//	| random, not zero (32) | shard (8) | slot (24) |
//
// The first octets are never zero: Libreswan drops a message on port 4500 whose initiator's SPI begins with
// four such octets, which it takes for a second Non-ESP Marker (RFC 3948, Section 2.2).
const (
	maxSlots    = 1 << 24
	shardShift  = 24
	randomShift = 32
)

// ShardOf returns the number of the shard that an SPI of ours belongs to.
func ShardOf(spi wire.SPI) uint8 { return uint8(spi >> shardShift) }

func slotOf(spi wire.SPI) int { return int(spi & (maxSlots - 1)) }

// initKey finds the SA of a retransmitted IKE_SA_INIT request: a hash of the whole datagram and where it came from
// (RFC 7296, Section 2.1).
type initKey [16]byte

// A slot holds one SA, or only its SPI as long as the SA is being made.
type slot struct {
	spi      wire.SPI // 0: free
	sa       *SA
	deadline int64      // Unix nanoseconds of the SA's next timer; 0: none
	heapAt   int32      // place in the heap of deadlines; -1: not there
	half     bool       // counted as half-open
	remote   netip.Addr // under which it is counted, or found when it is established
	init     initKey    // of a responder's SA
}

// slots are the SAs of a shard by the index in their SPI, with a heap of their deadlines.
type slots struct {
	shard uint8
	list  []slot
	free  []uint32
	due   []uint32 // heap of slots with a deadline
	used  int
}

var errSlots = errors.New("no slot for another IKE SA")

// reserve returns a fresh SPI.
func (s *slots) reserve(rand io.Reader) (wire.SPI, error) {
	var b [4]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return 0, err
	}
	i := len(s.list)
	switch {
	case len(s.free) > 0:
		i = int(s.free[len(s.free)-1])
		s.free = s.free[:len(s.free)-1]
	case i == maxSlots:
		return 0, errSlots
	default:
		s.list = append(s.list, slot{})
	}
	random := max(wire.SPI(binary.BigEndian.Uint32(b[:])), 1)
	s.list[i] = slot{spi: random<<randomShift | wire.SPI(s.shard)<<shardShift | wire.SPI(i), heapAt: -1}
	s.used++
	return s.list[i].spi, nil
}

// find returns the slot of an SPI, or nil.
func (s *slots) find(spi wire.SPI) *slot {
	i := slotOf(spi)
	if spi == 0 || i >= len(s.list) || s.list[i].spi != spi {
		return nil
	}
	return &s.list[i]
}

// release frees the slot of an SPI.
func (s *slots) release(spi wire.SPI) {
	sl := s.find(spi)
	if sl == nil {
		return
	}
	if sl.heapAt >= 0 {
		heap.Remove(s, int(sl.heapAt))
	}
	*sl = slot{heapAt: -1}
	s.free = append(s.free, uint32(slotOf(spi)))
	s.used--
}

// schedule takes note of the deadline of an SA.
func (s *slots) schedule(sl *slot) {
	at := int64(0)
	if d := sl.sa.Deadline(); !d.IsZero() {
		at = d.UnixNano()
	}
	switch {
	case at == sl.deadline:
		return
	case at == 0:
		heap.Remove(s, int(sl.heapAt))
	case sl.heapAt < 0:
		sl.deadline = at
		heap.Push(s, uint32(slotOf(sl.spi)))
		return
	}
	if sl.deadline = at; at != 0 {
		heap.Fix(s, int(sl.heapAt))
	}
}

// first returns the slot with the earliest deadline, or nil.
func (s *slots) first() *slot {
	if len(s.due) == 0 {
		return nil
	}
	return &s.list[s.due[0]]
}

// Len, Less, Swap, Push and Pop are those of heap.Interface, over due.
func (s *slots) Len() int { return len(s.due) }

func (s *slots) Less(i, j int) bool { return s.list[s.due[i]].deadline < s.list[s.due[j]].deadline }

func (s *slots) Swap(i, j int) {
	s.due[i], s.due[j] = s.due[j], s.due[i]
	s.list[s.due[i]].heapAt, s.list[s.due[j]].heapAt = int32(i), int32(j)
}

func (s *slots) Push(x any) {
	s.due = append(s.due, x.(uint32))
	s.list[x.(uint32)].heapAt = int32(len(s.due) - 1)
}

func (s *slots) Pop() any {
	last := s.due[len(s.due)-1]
	s.due = s.due[:len(s.due)-1]
	s.list[last].heapAt = -1
	return last
}
