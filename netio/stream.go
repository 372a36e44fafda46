package netio

import (
	"encoding/binary"
	"errors"
)

// streamPrefix is what the TCP Originator sends first, and only once (RFC 9329, Section 4).
const streamPrefix = "IKETCP"

// lengthLen is the length before each message in a stream, which counts itself (RFC 9329, Section 3).
const lengthLen = 2

// maxStreamMessage is what fits behind a length.
const maxStreamMessage = 1<<16 - 1 - lengthLen

// Errors that end a stream.
var (
	errPrefix = errors.New("the stream does not begin with IKETCP")
	errLength = errors.New("a message of length 0 or 1")
)

// A deframer finds the messages in a stream, however it comes in pieces. Octets that wait for the rest of their message are
// copied; nothing else is.
type deframer struct {
	prefix string // what has to come before the first message
	rest   []byte // the beginning of a message
}

// resume puts what waits in front of the next octets: they belong into b from n on.
func (d *deframer) resume(b []byte) (n int) { return copy(b, d.rest) }

// cut gives each whole message in b, which begins with what resume put there, to handle. What follows the last one waits. After
// an error the stream must be closed.
func (d *deframer) cut(b []byte, handle func(message []byte)) error {
	b, err := d.cutPrefix(b)
	if err != nil {
		return err
	}
	for d.prefix == "" && len(b) >= lengthLen {
		n := int(binary.BigEndian.Uint16(b))
		if n < lengthLen {
			return errLength // MUST close (RFC 9329, Sections 3.1 and 3.2)
		}
		if n > len(b) {
			break
		}
		if n > lengthLen { // empty messages are ignored (RFC 9329, Section 3)
			handle(b[lengthLen:n:n])
		}
		b = b[n:]
	}
	d.rest = append(d.rest[:0], b...)
	return nil
}

// cutPrefix takes the prefix off the beginning of a stream, or as much of it as has come.
func (d *deframer) cutPrefix(b []byte) ([]byte, error) {
	n := min(len(d.prefix), len(b))
	if string(b[:n]) != d.prefix[:n] {
		return nil, errPrefix
	}
	d.prefix = d.prefix[n:]
	return b[n:], nil
}

// appendFrame appends a message of up to two parts with its length, without the first skip octets.
func appendFrame(dst []byte, marker, message []byte, skip int) []byte {
	var length [lengthLen]byte
	binary.BigEndian.PutUint16(length[:], uint16(lengthLen+len(marker)+len(message)))
	for _, part := range [3][]byte{length[:], marker, message} {
		n := min(skip, len(part))
		dst = append(dst, part[n:]...)
		skip -= n
	}
	return dst
}
