package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// A blockReader walks over the blocks of a pcapng file (draft-ietf-opsawg-pcapng, Section 3.1):
//
//	| type (4) | length of all (4) | body | length of all (4) |
type blockReader struct {
	*tape
	order binary.ByteOrder // of the section
}

// Types of blocks.
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockOldPacket  = 2
	blockSimple     = 3
	blockStatistics = 5
	blockPacket     = 6
	blockSecrets    = 10
)

// A block is one that was wanted. Its body is nil if it is longer than it may be.
type block struct {
	kind   uint32
	offset int64
	body   []byte
}

// frame of a block: type and two lengths.
const blockFrame = 12

// next returns the next block of a wanted type with a body of at most so many octets as wanted says. It passes over others.
func (r *blockReader) next(wanted func(kind uint32) (most int64)) (*block, error) {
	for {
		b, length, err := r.head()
		if err != nil {
			return nil, err
		}
		cut := &CutError{"block", b.offset, length}
		most := wanted(b.kind)
		if b.body, err = r.take(length-blockFrame, most); err != nil {
			return nil, cut.or(err)
		}
		if err := r.foot(length, cut); err != nil {
			return nil, err
		}
		if most > 0 {
			return b, nil
		}
	}
}

// head reads type and length of a block. A section says with its first octets in which order numbers are (Section 4.1).
func (r *blockReader) head() (*block, int64, error) {
	const magic = 0x1a2b3c4d
	b := &block{offset: r.offset}
	var head [8]byte
	if err := r.begin(head[:]); err != nil {
		return nil, 0, (&CutError{"block", b.offset, blockFrame}).or(err)
	}
	if binary.BigEndian.Uint32(head[:]) == blockSection {
		order, err := r.r.Peek(4)
		switch {
		case err != nil:
			return nil, 0, &CutError{"block", b.offset, blockFrame + 16}
		case binary.BigEndian.Uint32(order) == magic:
			r.order = binary.BigEndian
		case binary.LittleEndian.Uint32(order) == magic:
			r.order = binary.LittleEndian
		default:
			return nil, 0, fmt.Errorf("the section at offset %d has no order of octets", b.offset)
		}
	}
	if r.order == nil {
		return nil, 0, errNoCapture
	}
	b.kind = r.order.Uint32(head[:])
	length := int64(r.order.Uint32(head[4:]))
	if length < blockFrame || length%4 != 0 {
		return nil, 0, fmt.Errorf("the block at offset %d says that it has %d octets, which no block has: the file is damaged", b.offset, length)
	}
	return b, length, nil
}

// foot reads the length behind a block.
func (r *blockReader) foot(length int64, cut *CutError) error {
	var foot [4]byte
	if err := r.read(foot[:]); err != nil {
		return cut.or(err)
	}
	if again := int64(r.order.Uint32(foot[:])); again != length {
		return fmt.Errorf("the block at offset %d says %d octets at its beginning and %d at its end: the file is damaged", cut.Offset, length, again)
	}
	return nil
}

// A pcapng is a file with sections, each with interfaces of its own.
type pcapng struct {
	blockReader
	links []link
}

// A link is an interface of a section: its link type and what its times are counted in.
type link struct {
	kind   layers.LinkType
	snap   uint32
	second uint64 // ticks
	epoch  int64  // seconds to add
}

// Bounds of a section. No capture has so many interfaces.
const (
	maxLinks  = 1 << 16
	maxHeader = 1 << 20 // octets of the head of a section or interface
)

// next returns the next packet. It passes over those that are larger than any of IP.
func (r *pcapng) next() (*frame, error) {
	wanted := func(kind uint32) int64 {
		switch kind {
		case blockSection, blockInterface:
			return maxHeader
		case blockPacket, blockOldPacket, blockSimple:
			return maxRecord + maxHeader // with its options
		}
		return 0
	}
	for {
		b, err := r.blockReader.next(wanted)
		if err != nil {
			return nil, err
		}
		f, err := r.block(b)
		if err != nil {
			return nil, fmt.Errorf("the block at offset %d: %w", b.offset, err)
		}
		if f != nil && len(f.data) <= maxRecord {
			return f, nil
		}
	}
}

var errShortBlock = errors.New("it is too short")

// block takes in a block; it returns the packet in it, or nil.
func (r *pcapng) block(b *block) (*frame, error) {
	switch {
	case b.kind == blockSection:
		r.links = nil
		if len(b.body) < 16 {
			return nil, errShortBlock
		}
		if major := r.order.Uint16(b.body[4:]); major != 1 {
			return nil, fmt.Errorf("version %d of pcapng, which is not known", major)
		}
		return nil, nil
	case b.kind == blockInterface:
		return nil, r.addLink(b.body)
	case b.body == nil:
		return nil, nil // a packet larger than any of IP
	case b.kind == blockSimple:
		return r.simple(b.body)
	}
	return r.packet(b.kind, b.body)
}

// packet reads an Enhanced Packet Block (Section 4.3) or the Packet Block before it (Appendix A):
//
//	| interface (4) | time (8) | captured length (4) | original length (4) | data | options ...
//	| interface (2) | drops (2) | ...
func (r *pcapng) packet(kind uint32, b []byte) (*frame, error) {
	if len(b) < 20 {
		return nil, errShortBlock
	}
	number := r.order.Uint32(b)
	if kind == blockOldPacket {
		number = uint32(r.order.Uint16(b))
	}
	if int64(number) >= int64(len(r.links)) {
		return nil, fmt.Errorf("it is of interface %d, and there are %d", number, len(r.links))
	}
	kept, length := r.order.Uint32(b[12:]), r.order.Uint32(b[16:])
	if int64(kept) > int64(len(b)-20) || kept > length {
		return nil, fmt.Errorf("it says that it has %d of %d octets of a packet, and has room for %d", kept, length, len(b)-20)
	}
	l := &r.links[number]
	ticks := uint64(r.order.Uint32(b[4:]))<<32 | uint64(r.order.Uint32(b[8:]))
	return &frame{b[20:][:kept], l.time(ticks), kept == length, l.kind}, nil
}

// simple reads a Simple Packet Block (Section 4.4), which has neither time nor interface: | original length (4) | data |.
func (r *pcapng) simple(b []byte) (*frame, error) {
	if len(b) < 4 || len(r.links) == 0 {
		return nil, errShortBlock
	}
	l := &r.links[0]
	length := r.order.Uint32(b)
	kept := length
	if l.snap > 0 {
		kept = min(kept, l.snap)
	}
	if int64(kept) > int64(len(b)-4) {
		return nil, fmt.Errorf("it says that it has %d octets of a packet, and has room for %d", kept, len(b)-4)
	}
	return &frame{b[4:][:kept], time.Time{}, kept == length, l.kind}, nil
}

// openPcapng begins to read a file whose first octets are those of a section.
func openPcapng(t *tape) *pcapng { return &pcapng{blockReader: blockReader{tape: t}} }

// atEnd tells whether an error is the end of a file, which a capture that was interrupted may have anywhere.
func atEnd(err error) bool { return errors.Is(err, io.EOF) || errors.As(err, new(*CutError)) }
