package eap

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A Code is the first octet of a packet (RFC 3748, Section 4).
type Code uint8

// The codes of RFC 3748.
const (
	CodeRequest  Code = 1
	CodeResponse Code = 2
	CodeSuccess  Code = 3
	CodeFailure  Code = 4
)

// MaxPacket bounds what is read: an EAP payload of IKE and a RADIUS packet hold no more, and methods fragment below it.
const MaxPacket = 65535

const (
	headerLen   = 4 // code, identifier, length
	expandedLen = 8 // type 254, Vendor-Id, Vendor-Type
)

// ErrMalformed is the reason why bytes are no EAP packet. Such packets are discarded (RFC 3748, Section 4).
var ErrMalformed = errors.New("eap: malformed packet")

// A Packet is one EAP packet (RFC 3748, Section 4):
//
//	| code (1) | identifier (1) | length (2) |                          Success, Failure
//	| code (1) | identifier (1) | length (2) | type (1) | data ... |    Request, Response
//	| code (1) | identifier (1) | length (2) | 254 (1) | vendor (3) | vendor type (4) | data ... |
//
// Data of a parsed packet aliases the buffer that it was parsed from.
type Packet struct {
	Code       Code
	Identifier uint8
	Type       Type // requests and responses only
	Expanded   bool // a type of the IETF in the eight octet form; types of vendors always have it
	Data       []byte
}

// Parse reads a packet. Octets behind its length are padding of the lower layer and ignored.
func Parse(b []byte) (Packet, error) {
	if len(b) < headerLen {
		return Packet{}, fmt.Errorf("%w: %d octets", ErrMalformed, len(b))
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < headerLen || n > len(b) {
		return Packet{}, fmt.Errorf("%w: length %d in %d octets", ErrMalformed, n, len(b))
	}
	p := Packet{Code: Code(b[0]), Identifier: b[1]}
	switch p.Code {
	case CodeSuccess, CodeFailure:
		if n != headerLen {
			return Packet{}, fmt.Errorf("%w: code %d with %d octets", ErrMalformed, p.Code, n)
		}
		return p, nil
	case CodeRequest, CodeResponse:
		return p, p.parseType(b[headerLen:n])
	}
	return Packet{}, fmt.Errorf("%w: code %d", ErrMalformed, p.Code)
}

func (p *Packet) parseType(b []byte) error {
	if len(b) == 0 {
		return fmt.Errorf("%w: no type", ErrMalformed)
	}
	if Type(b[0]) != typeExpanded {
		p.Type, p.Data = Type(b[0]), b[1:]
		return nil
	}
	t, err := parseExpanded(b)
	p.Type, p.Expanded, p.Data = t, true, b[min(len(b), expandedLen):]
	return err
}

// parseExpanded reads | 254 | Vendor-Id (3) | Vendor-Type (4) | (RFC 3748, Section 5.7).
func parseExpanded(b []byte) (Type, error) {
	if len(b) < expandedLen || Type(b[0]) != typeExpanded {
		return 0, fmt.Errorf("%w: expanded type of %d octets", ErrMalformed, len(b))
	}
	return VendorType(binary.BigEndian.Uint32(b)&0xffffff, binary.BigEndian.Uint32(b[4:])), nil
}

func appendExpanded(b []byte, t Type) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(typeExpanded)<<24|t.Vendor())
	return binary.BigEndian.AppendUint32(b, t.Number())
}

// Append appends the packet to b. Its data must leave room for the header within MaxPacket.
func (p Packet) Append(b []byte) []byte {
	start := len(b)
	b = append(b, byte(p.Code), p.Identifier, 0, 0)
	if p.Code == CodeRequest || p.Code == CodeResponse {
		if p.Expanded || p.Type == typeExpanded || p.Type > 255 {
			b = appendExpanded(b, p.Type)
		} else {
			b = append(b, byte(p.Type))
		}
		b = append(b, p.Data...)
	}
	binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start))
	return b
}

// Encode returns the packet in a buffer of its own.
func (p Packet) Encode() []byte { return p.Append(make([]byte, 0, headerLen+expandedLen+len(p.Data))) }
