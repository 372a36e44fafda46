package user

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"culvert/dataplane"
)

// An inbound SPI carries the place of its SA in a table, so that finding the SA takes no search. If the SA is steered, because
// it is for a resource, the last octet of the index, modulo the number of workers, is the worker to which the network brings
// its packets (dataplane.SteeredSPI):
//
//	| steered (1 bit) | random, not 0 (11 bits) | index (20 bits) |
const (
	indexBits = 20
	chunkBits = 10
	maxSAs    = 1 << indexBits
)

// errFull means that there are as many inbound SAs as the table holds.
var errFull = errors.New("no SPI is free")

// A chunk is a part of the table, made when it is needed.
type chunk [1 << chunkBits]atomic.Pointer[inbound]

// A sad is the database of inbound SAs (RFC 4301, Section 4.4.2). Anybody may find; whoever changes it holds the Backend's lock.
type sad struct {
	chunks [maxSAs >> chunkBits]atomic.Pointer[chunk]
	spis   map[uint32]bool // allocated
	next   uint32          // index never used so far
	free   [][]uint32      // for each worker: indexes given back or passed over, the oldest first
	turn   int             // worker whose index the next SA gets that is not steered
}

func newSAD(workers int) sad {
	return sad{spis: make(map[uint32]bool), free: make([][]uint32, workers)}
}

// worker is that to which the packets of an index come when they are steered.
func (s *sad) worker(index uint32) int { return int(index&0xff) % len(s.free) }

// find returns the SA with an SPI, or nil. It takes a few nanoseconds, whatever the SPI.
func (s *sad) find(spi uint32) *inbound {
	index := spi & (maxSAs - 1)
	c := s.chunks[index>>chunkBits].Load()
	if c == nil {
		return nil
	}
	sa := c[index&(1<<chunkBits-1)].Load()
	if sa == nil || sa.spi != spi {
		return nil
	}
	return sa
}

// fetch asks the processor to have the SAs of a burst in its cache soon, all of them at a time: what lies in main memory is waited
// for once. last is the SPI of the packet before, and returned that of the last packet.
func (s *sad) fetch(burst dataplane.Burst, last uint32) uint32 {
	for p, ok := burst.Next(); ok && len(p) >= 4; p, ok = burst.Next() {
		spi := binary.BigEndian.Uint32(p)
		if spi == last {
			continue
		}
		if sa := s.find(spi); sa != nil {
			sa.fetch()
		}
		last = spi
	}
	return last
}

// put makes an SA findable.
func (s *sad) put(sa *inbound) {
	index := sa.spi & (maxSAs - 1)
	at := &s.chunks[index>>chunkBits]
	if at.Load() == nil {
		at.Store(new(chunk))
	}
	at.Load()[index&(1<<chunkBits-1)].Store(sa)
}

// drop makes the SA with an SPI unfindable.
func (s *sad) drop(spi uint32) {
	if s.find(spi) != nil {
		index := spi & (maxSAs - 1)
		s.chunks[index>>chunkBits].Load()[index&(1<<chunkBits-1)].Store(nil)
	}
}

// allocate reserves an SPI for the worker of a resource; 0 is any. Indexes rest as long as possible before they are used again,
// and the random part makes a late packet of an old SA miss the new one.
func (s *sad) allocate(rand io.Reader, resource int) (uint32, error) {
	var b [2]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return 0, fmt.Errorf("SPI: %w", err)
	}
	high := uint32(binary.BigEndian.Uint16(b[:]))%(1<<(31-indexBits)-1) + 1
	worker := s.turn
	if resource > 0 {
		worker = (resource - 1) % len(s.free)
		high |= dataplane.SteeredSPI >> indexBits
	} else {
		s.turn = (s.turn + 1) % len(s.free)
	}
	index, ok := s.index(worker)
	if !ok {
		return 0, errFull
	}
	spi := high<<indexBits | index
	s.spis[spi] = true
	return spi, nil
}

// index takes a free index of a worker.
func (s *sad) index(worker int) (index uint32, ok bool) {
	for s.next < maxSAs && len(s.free[worker]) < restingIndexes {
		index = s.next
		s.next++
		at := s.worker(index)
		if at == worker {
			return index, true
		}
		s.free[at] = append(s.free[at], index)
	}
	if free := s.free[worker]; len(free) > 0 {
		s.free[worker] = free[1:]
		return free[0], true
	}
	return 0, false
}

// restingIndexes is how many indexes are given back before the first of them is used again.
const restingIndexes = 1024

// release gives an SPI back, and reports whether it was allocated.
func (s *sad) release(spi uint32) bool {
	if !s.spis[spi] {
		return false
	}
	delete(s.spis, spi)
	index := spi & (maxSAs - 1)
	at := s.worker(index)
	s.free[at] = append(s.free[at], index)
	return true
}
