package carrier

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The bits of the flags octet (RFC 5216, Section 3.1; RFC 5281, Section 9.1).
const (
	flagLength  = 0x80
	flagMore    = 0x40
	flagStart   = 0x20
	versionMask = 0x07
)

// MaxMessage bounds one message of TLS, that is all the records of one turn, in octets. It is more than the largest chains of
// certificates need, and what crypto/tls takes for one handshake message.
const MaxMessage = 64 << 10

// ErrFraming is the reason why a packet is not what the rules for fragments allow.
var ErrFraming = errors.New("carrier: framing")

// A frame is the type-data of one packet:
//
//	| L M S 0 0 version(3) | TLS message length (4), if L | TLS data ... |
//
// EAP-TLS has no version; its bits are reserved, sent as zero and ignored (RFC 5216, Section 3.1).
type frame struct {
	start     bool
	more      bool
	hasLength bool
	version   uint8
	length    uint32 // of the whole message, if hasLength
	data      []byte // aliases the buffer that it was parsed from
}

// parseFrame reads type-data.
func parseFrame(b []byte) (frame, error) {
	if len(b) == 0 {
		return frame{}, fmt.Errorf("%w: no flags", ErrFraming)
	}
	f := frame{start: b[0]&flagStart != 0, more: b[0]&flagMore != 0, hasLength: b[0]&flagLength != 0, version: b[0] & versionMask}
	b = b[1:]
	if f.hasLength {
		if len(b) < 4 {
			return frame{}, fmt.Errorf("%w: %d octets of length", ErrFraming, len(b))
		}
		f.length, b = binary.BigEndian.Uint32(b), b[4:]
	}
	f.data = b
	return f, f.check()
}

// check holds a frame alone against the rules.
func (f frame) check() error {
	switch {
	case f.hasLength && f.length > MaxMessage:
		return fmt.Errorf("%w: a message of %d octets, %d are accepted", ErrFraming, f.length, MaxMessage)
	case f.hasLength && int(f.length) < len(f.data):
		return fmt.Errorf("%w: %d octets of a message of %d", ErrFraming, len(f.data), f.length)
	case f.more && len(f.data) == 0:
		return fmt.Errorf("%w: an empty fragment", ErrFraming)
	case f.more && f.start:
		return fmt.Errorf("%w: a start in fragments", ErrFraming)
	}
	return nil
}

// acknowledges reports whether a frame asks for the next fragment: it has nothing but its version (RFC 5216, Section 2.1.5).
func (f frame) acknowledges() bool {
	return !f.start && !f.more && len(f.data) == 0 && f.length == 0
}

// append appends the type-data to b.
func (f frame) append(b []byte) []byte {
	flags := f.version
	if f.start {
		flags |= flagStart
	}
	if f.more {
		flags |= flagMore
	}
	if !f.hasLength {
		return append(append(b, flags), f.data...)
	}
	b = binary.BigEndian.AppendUint32(append(b, flags|flagLength), f.length)
	return append(b, f.data...)
}
