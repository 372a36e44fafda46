package vici

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"culvert/swanctl/settings"
)

// A packetType is the first octet of a segment.
type packetType byte

// The types of packets.
const (
	packetRequest         packetType = iota // to the server: name, message
	packetResponse                          // message
	packetUnknown                           // the command is unknown
	packetEventRegister                     // to the server: name
	packetEventUnregister                   // to the server: name
	packetEventConfirm                      // the registration is done, or undone
	packetEventUnknown                      // there is no such event
	packetEvent                             // name, message
)

// named tells whether a name stands before the message.
func (t packetType) named() bool {
	return t == packetRequest || t == packetEventRegister || t == packetEventUnregister || t == packetEvent
}

// carries tells whether a message follows.
func (t packetType) carries() bool {
	return t == packetRequest || t == packetResponse || t == packetEvent
}

// MaxSegment is the most octets that a segment has behind its length. Both sides close connections that bring more.
const MaxSegment = 512 << 10

// A packet is what one segment holds:
//
//	| length (4) | type (1) | length of the name (1) | name | message |
//
// The name is there in some types only. The length does not count itself.
type packet struct {
	kind    packetType
	name    string
	message *settings.Section // nil: empty
}

// errPacket is a segment that holds no packet.
var errPacket = errors.New("segment holds no packet")

// parsePacket reads the packet that fills a segment. Values of its message alias b.
func parsePacket(b []byte) (packet, error) {
	if len(b) == 0 || packetType(b[0]) > packetEvent {
		return packet{}, errPacket
	}
	p := packet{kind: packetType(b[0])}
	d := decoder{rest: b[1:]}
	if p.kind.named() {
		name, err := d.name()
		if err != nil {
			return packet{}, fmt.Errorf("%w: its name: %w", errPacket, err)
		}
		p.name = name
	}
	if !p.kind.carries() {
		return p, nil
	}
	m, err := Decode(d.rest)
	if err != nil {
		return p, fmt.Errorf("%q: %w", p.name, err)
	}
	p.message = m
	return p, nil
}

// usualSegment has room for most packets, among them an IKE SA with its child.
const usualSegment = 2048

// segment encodes a packet with its length. The error is a *SizeError, or of a name that is not printable.
func (p packet) segment() ([]byte, error) {
	b := append(make([]byte, 4, usualSegment), byte(p.kind))
	var err error
	if p.kind.named() {
		if b, err = appendName(b, p.name); err != nil {
			return nil, err
		}
	}
	if b, err = appendSection(b, p.message); err != nil {
		return nil, err
	}
	n := len(b) - 4
	if n > MaxSegment {
		return nil, &SizeError{What: "message", Size: n, Limit: MaxSegment}
	}
	binary.BigEndian.PutUint32(b, uint32(n))
	return b, nil
}

// readSegment returns the next segment without its length. Memory is taken as octets come, not as they are announced.
func readSegment(r *bufio.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > MaxSegment {
		return nil, &SizeError{What: "segment", Size: int(n), Limit: MaxSegment}
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r, int64(n)); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b.Bytes(), nil
}
