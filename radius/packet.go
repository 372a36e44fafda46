package radius

import (
	"encoding/binary"
	"errors"
)

const (
	headerSize = 20
	maxPacket  = 4096 // RFC 2865, Section 3
)

// A Packet is one RADIUS packet (RFC 2865, Section 3):
//
//	| code (1) | identifier (1) | length (2) | authenticator (16) | attributes ... |
type Packet struct {
	Code          Code
	Identifier    byte
	Authenticator [16]byte
	Attributes    Attributes
}

var (
	errMalformed = errors.New("malformed RADIUS packet")
	errTooLarge  = errors.New("a RADIUS packet has at most 4096 octets")
)

// trim cuts off what lies behind the end of a packet, which is padding (RFC 2865, Section 3).
func trim(b []byte) ([]byte, error) {
	if len(b) < headerSize {
		return nil, errMalformed
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < headerSize || n > maxPacket || n > len(b) {
		return nil, errMalformed
	}
	return b[:n], nil
}

// Parse reads a packet; the values of its attributes alias b.
func Parse(b []byte) (*Packet, error) {
	b, err := trim(b)
	if err != nil {
		return nil, err
	}
	p := &Packet{Code: Code(b[0]), Identifier: b[1], Authenticator: [16]byte(b[4:headerSize])}
	p.Attributes, err = parseAttributes(b[headerSize:])
	return p, err
}

// encode returns the packet as it is on the wire, with the authenticator that it has.
func (p *Packet) encode() ([]byte, error) {
	b := make([]byte, headerSize, 512)
	b[0], b[1] = byte(p.Code), p.Identifier
	copy(b[4:], p.Authenticator[:])
	b, err := p.Attributes.appendTo(b)
	if err != nil {
		return nil, err
	}
	if len(b) > maxPacket {
		return nil, errTooLarge
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b, nil
}
