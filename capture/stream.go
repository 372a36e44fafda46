package capture

import (
	"encoding/binary"
	"net/netip"

	"culvert/wire"
)

// A streamID is one direction of a TCP connection.
type streamID struct {
	from, to netip.AddrPort
}

// A stream puts one direction of a TCP connection together, as far as its beginning was captured (RFC 9329, Section 3): the word
// IKETCP, then messages of IKE behind a marker and packets of ESP, each behind its length.
type stream struct {
	next   uint32 // sequence number of the next octet
	held   []byte // octets that make no whole message yet
	early  map[uint32][]byte
	ahead  int  // octets in early
	opened bool // the word has come
}

// Bounds of streams: how many are followed at a time, and what came before its predecessors in each.
const (
	maxStreams  = 1024
	maxEarly    = 64
	maxAhead    = 64 << 10 // octets in them
	streamStart = "IKETCP"
)

// segment takes a segment of TCP.
func (d *decrypter) segment(e *envelope, b []byte) error {
	if len(b) < 20 {
		return nil
	}
	offset := int(b[12]>>4) * 4
	if offset < 20 || offset > len(b) || !e.whole {
		return nil
	}
	id := streamID{netip.AddrPortFrom(e.from, binary.BigEndian.Uint16(b)), netip.AddrPortFrom(e.to, binary.BigEndian.Uint16(b[2:]))}
	sequence, data := binary.BigEndian.Uint32(b[4:]), b[offset:]
	s := d.tcp[id]
	if s == nil {
		if len(data) < len(streamStart) || string(data[:len(streamStart)]) != streamStart {
			return nil
		}
		if len(d.tcp) >= maxStreams {
			clear(d.tcp)
		}
		s = &stream{next: sequence, early: map[uint32][]byte{}}
		d.tcp[id] = s
	}
	s.take(sequence, data)
	return s.messages(func(m []byte) error {
		if len(m) > 4 && string(m[:4]) == wire.NonESPMarker {
			return d.message(e, m[4:])
		}
		return d.sealed(e, m)
	})
}

// take takes octets in order, and keeps a few that come too early.
func (s *stream) take(sequence uint32, data []byte) {
	if ahead := int32(sequence - s.next); ahead > 0 {
		if len(s.early) < maxEarly && s.ahead+len(data) <= maxAhead && len(data) > 0 && s.early[sequence] == nil {
			s.ahead += len(data)
			s.early[sequence] = append([]byte(nil), data...)
		}
		return
	} else if skip := int(-ahead); skip < len(data) {
		s.held = append(s.held, data[skip:]...)
		s.next += uint32(len(data) - skip)
	}
	if data, ok := s.early[s.next]; ok {
		at := s.next
		delete(s.early, at)
		s.ahead -= len(data)
		s.take(at, data)
	}
}

// messages gives whole messages.
func (s *stream) messages(each func([]byte) error) error {
	if !s.opened {
		s.opened, s.held = true, s.held[len(streamStart):]
	}
	for len(s.held) >= 2 {
		n := int(binary.BigEndian.Uint16(s.held))
		if n < 2 { // no length: what follows is not known
			s.held = nil
			return nil
		}
		if n > len(s.held) {
			return nil
		}
		m := s.held[2:n]
		s.held = s.held[n:]
		if err := each(m); err != nil {
			return err
		}
	}
	return nil
}
