package wire

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// MaxAttributes bounds the attributes of one Configuration payload: a thousand routes or DNS domains, not more.
const MaxAttributes = 1024

// attributeTypeMask leaves out the reserved bit of an attribute type.
const attributeTypeMask = 0x7fff

var errAttributes = errors.New("too many configuration attributes")

// Configuration is a Configuration payload (RFC 7296, Section 3.15):
//
//	| CFG type (1) | RESERVED (3) | attributes ... |
type Configuration struct {
	ConfigType ConfigType
	Attributes []Attribute
}

// Attribute is a configuration attribute (RFC 7296, Section 3.15.1):
//
//	| R (1 bit) attribute type (15 bits) | length (2) | value ... |
type Attribute struct {
	Type  AttributeType
	Value []byte // empty in a request that asks for any value; its length is not checked against the type
}

// PrefixValue is a network as attributes have it: an IPv4 address with its netmask, an IPv6 address with the length of its
// prefix (RFC 7296, Section 3.15.1).
func PrefixValue(p netip.Prefix) []byte {
	p = p.Masked()
	if p.Addr().Is4() {
		return binary.BigEndian.AppendUint32(p.Addr().AsSlice(), ^uint32(0)<<(32-p.Bits()))
	}
	return append(p.Addr().AsSlice(), byte(p.Bits()))
}

// Type returns PayloadCP.
func (*Configuration) Type() PayloadType { return PayloadCP }

func parseConfiguration(b []byte) (*Configuration, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	count, err := countAttributes(b[4:])
	if err != nil {
		return nil, err
	}
	c := &Configuration{ConfigType: ConfigType(b[0])}
	if count == 0 {
		return c, nil
	}
	c.Attributes = make([]Attribute, count)
	for i, rest := 0, b[4:]; i < count; i++ {
		c.Attributes[i], rest, _ = splitAttribute(rest)
	}
	return c, nil
}

// countAttributes returns how many attributes fill b exactly.
func countAttributes(b []byte) (int, error) {
	count := 0
	for len(b) > 0 {
		if count == MaxAttributes {
			return 0, errAttributes
		}
		_, rest, err := splitAttribute(b)
		if err != nil {
			return 0, err
		}
		b = rest
		count++
	}
	return count, nil
}

// splitAttribute cuts one attribute off the start of b.
func splitAttribute(b []byte) (a Attribute, rest []byte, err error) {
	if len(b) < 4 {
		return Attribute{}, nil, errShort
	}
	end := 4 + int(binary.BigEndian.Uint16(b[2:]))
	if len(b) < end {
		return Attribute{}, nil, errShort
	}
	a.Type = AttributeType(binary.BigEndian.Uint16(b) & attributeTypeMask)
	a.Value = b[4:end:end]
	return a, b[end:], nil
}

func (c *Configuration) appendBody(b []byte) []byte {
	b = append(b, byte(c.ConfigType), 0, 0, 0)
	for _, a := range c.Attributes {
		b = binary.BigEndian.AppendUint16(b, uint16(a.Type)&attributeTypeMask)
		b = binary.BigEndian.AppendUint16(b, uint16(len(a.Value)))
		b = append(b, a.Value...)
	}
	return b
}
