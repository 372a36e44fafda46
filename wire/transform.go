package wire

import (
	"encoding/binary"
	"strconv"
)

// transformLen is the length of a transform without attributes.
const transformLen = 8

// attributeFormat is the AF bit of a transform attribute: set when the value is the two octets in place of a length.
const attributeFormat = 0x8000

// Transform is an algorithm on offer (RFC 7296, Section 3.3.2):
//
//	| 0 (last) or 3 (1) | RESERVED (1) | transform length (2) |
//	| type (1) | RESERVED (1) | ID (2) | attributes ... |
//
// Transform is comparable: equal values are the same offer.
type Transform struct {
	Type      TransformType
	ID        TransformID
	KeyLength uint16 // bits; 0 when the attribute is absent
	// UnknownAttribute marks a transform with an attribute that is not understood, or not in its only legal form. Nobody
	// may choose it (RFC 7296, Section 3.3.6). It is not sent.
	UnknownAttribute bool
}

// String returns the name of the algorithm with its key length, ENCR_AES_CBC-256 for example.
func (t Transform) String() string {
	s := t.Type.IDName(t.ID)
	if t.KeyLength != 0 {
		s += "-" + strconv.Itoa(int(t.KeyLength))
	}
	if t.UnknownAttribute {
		s += " with unknown attribute"
	}
	return s
}

// parse reads the transform that fills b.
func (t *Transform) parse(b []byte) error {
	if len(b) < transformLen {
		return errShort
	}
	t.Type, t.ID = TransformType(b[4]), TransformID(binary.BigEndian.Uint16(b[6:]))
	b = b[transformLen:]
	for len(b) > 0 {
		rest, err := t.parseAttribute(b)
		if err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// parseAttribute reads the attribute at the start of b and returns what follows (RFC 7296, Section 3.3.5). The only one
// known is Key Length, in the short form.
func (t *Transform) parseAttribute(b []byte) (rest []byte, err error) {
	if len(b) < 4 {
		return nil, errShort
	}
	kind, value := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	rest = b[4:]
	if kind&attributeFormat == 0 {
		if len(rest) < int(value) {
			return nil, errShort
		}
		t.UnknownAttribute = true
		return rest[value:], nil
	}
	known := TransformAttribute(kind&^attributeFormat) == TransformAttributeKeyLength
	if !known || value == 0 || t.KeyLength != 0 {
		t.UnknownAttribute = true
		return rest, nil
	}
	t.KeyLength = value
	return rest, nil
}

func (t Transform) append(b []byte, last bool) []byte {
	n := transformLen
	if t.KeyLength != 0 {
		n += 4
	}
	b = append(b, substructure(last, moreTransforms), 0, 0, byte(n), byte(t.Type), 0)
	b = binary.BigEndian.AppendUint16(b, uint16(t.ID))
	if t.KeyLength != 0 {
		b = binary.BigEndian.AppendUint16(b, attributeFormat|uint16(TransformAttributeKeyLength))
		b = binary.BigEndian.AppendUint16(b, t.KeyLength)
	}
	return b
}
