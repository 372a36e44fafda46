// Package dn reads, prints and compares X.501 distinguished names in their DER encoding, the identities of type
// ID_DER_ASN1_DN (RFC 7296, Section 3.5).
//
// Names are []byte from end to end: any octets are safe for every function, and a name that does not decode equals only
// itself.
package dn

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// errMalformed means that octets are no DER encoding of a Name.
var errMalformed = errors.New("malformed distinguished name")

// An attribute is one AttributeTypeAndValue (RFC 5280, Section 4.1.2.4).
type attribute struct {
	oid   string   // contents octets of the type
	tag   asn1.Tag // of the value
	value []byte   // contents octets of the value
}

// A name is a sequence of relative distinguished names, each a set of attributes.
type name [][]attribute

// decode reads a Name. It takes time and memory in proportion to the octets.
func decode(der []byte) (name, error) {
	input := cryptobyte.String(der)
	var rdns cryptobyte.String
	if !input.ReadASN1(&rdns, asn1.SEQUENCE) || !input.Empty() {
		return nil, errMalformed
	}
	var n name
	for !rdns.Empty() {
		var set cryptobyte.String
		if !rdns.ReadASN1(&set, asn1.SET) || set.Empty() {
			return nil, errMalformed
		}
		rdn, err := decodeRDN(set)
		if err != nil {
			return nil, err
		}
		n = append(n, rdn)
	}
	return n, nil
}

// decodeRDN reads the attributes of one relative distinguished name.
func decodeRDN(set cryptobyte.String) ([]attribute, error) {
	var rdn []attribute
	for !set.Empty() {
		var pair, oid, value cryptobyte.String
		var a attribute
		if !set.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || oid.Empty() ||
			!pair.ReadAnyASN1(&value, &a.tag) || !pair.Empty() {
			return nil, errMalformed
		}
		a.oid, a.value = string(oid), value
		rdn = append(rdn, a)
	}
	return rdn, nil
}

// encode is the reverse of decode.
func (n name) encode() []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, rdn := range n {
			addRDN(b, rdn)
		}
	})
	return b.BytesOrPanic()
}

// addRDN appends a SET OF, whose elements DER orders by their encodings (X.690, Section 11.6).
func addRDN(b *cryptobyte.Builder, rdn []attribute) {
	elements := make([]string, 0, len(rdn))
	for _, a := range rdn {
		var e cryptobyte.Builder
		e.AddASN1(asn1.SEQUENCE, func(e *cryptobyte.Builder) {
			e.AddASN1(asn1.OBJECT_IDENTIFIER, func(e *cryptobyte.Builder) { e.AddBytes([]byte(a.oid)) })
			e.AddASN1(a.tag, func(e *cryptobyte.Builder) { e.AddBytes(a.value) })
		})
		elements = append(elements, string(e.BytesOrPanic()))
	}
	slices.Sort(elements)
	b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) { b.AddBytes([]byte(strings.Join(elements, ""))) })
}
