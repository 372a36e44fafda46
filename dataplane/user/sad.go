package user

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// An inbound SPI carries the place of its SA in a table, so that finding the SA takes no search:
//
//	| random, not 0 (12 bits) | index (20 bits) |
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
	free   []uint32        // indexes given back, the oldest first
}

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

// allocate reserves an SPI. Indexes rest as long as possible before they are used again, and the random part makes a
// late packet of an old SA miss the new one.
func (s *sad) allocate(rand io.Reader) (uint32, error) {
	var b [2]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return 0, fmt.Errorf("SPI: %w", err)
	}
	high := uint32(binary.BigEndian.Uint16(b[:]))%(1<<(32-indexBits)-1) + 1
	index := s.next
	switch {
	case s.next < maxSAs && len(s.free) < restingIndexes:
		s.next++
	case len(s.free) > 0:
		index, s.free = s.free[0], s.free[1:]
	default:
		return 0, errFull
	}
	spi := high<<indexBits | index
	s.spis[spi] = true
	return spi, nil
}

// restingIndexes is how many indexes are given back before the first of them is used again.
const restingIndexes = 1024

// release gives an SPI back, and reports whether it was allocated.
func (s *sad) release(spi uint32) bool {
	if !s.spis[spi] {
		return false
	}
	delete(s.spis, spi)
	s.free = append(s.free, spi&(maxSAs-1))
	return true
}
