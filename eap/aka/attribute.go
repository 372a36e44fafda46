// Package aka is the EAP methods AKA (RFC 4187) and AKA' (RFC 9048): a USIM and its home network prove that they share a key.
//
// What it has: full authentication with resynchronisation, identity requests, AT_CHECKCODE, protected result indications,
// notifications, the protection against bidding down from AKA' to AKA, and the negotiation of the key derivation function. What
// it does not have: pseudonyms and fast re-authentication. As a server it hands none out; as a client it skips those that it is
// given and shows the permanent identity.
package aka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// A subtype is the first octet of type-data (RFC 4187, Section 11).
type subtype uint8

const (
	subChallenge        subtype = 1
	subReject           subtype = 2
	subSyncFailure      subtype = 4
	subIdentity         subtype = 5
	subNotification     subtype = 12
	subReauthentication subtype = 13
	subClientError      subtype = 14
)

// An attributeType is the first octet of an attribute (RFC 4187, Section 11; RFC 9048, Section 8).
type attributeType uint8

const (
	atRand           attributeType = 1
	atAutn           attributeType = 2
	atRes            attributeType = 3
	atAuts           attributeType = 4
	atPermanentIDReq attributeType = 10
	atMAC            attributeType = 11
	atNotification   attributeType = 12
	atAnyIDReq       attributeType = 13
	atIdentity       attributeType = 14
	atFullauthIDReq  attributeType = 17
	atClientError    attributeType = 22
	atKDFInput       attributeType = 23
	atKDF            attributeType = 24
	atCheckcode      attributeType = 134
	atResultInd      attributeType = 135
	atBidding        attributeType = 136

	firstSkippable attributeType = 128 // unknown ones below end the exchange
)

const (
	headerLen = 3 // subtype and two reserved octets
	macLen    = 16
	// maxAttributes bounds what is read; the longest packet of the documents has about ten.
	maxAttributes = 64
)

var errAttribute = errors.New("attribute")

// An attribute is | type (1) | length in words (1) | value |. The value keeps its padding.
type attribute struct {
	kind  attributeType
	value []byte
}

// A message is the type-data of both methods: | subtype (1) | reserved (2) | attributes ... |.
type message struct {
	subtype    subtype
	attributes []attribute
	macAt      int // where the code of AT_MAC begins in the type-data, 0 without AT_MAC
}

// parse reads type-data. The attributes alias it.
func parse(b []byte) (message, error) {
	if len(b) < headerLen {
		return message{}, fmt.Errorf("type-data of %d octets: %w", len(b), errAttribute)
	}
	m := message{subtype: subtype(b[0])}
	for at := headerLen; at < len(b); {
		if len(b)-at < 4 || b[at+1] == 0 || len(b)-at < 4*int(b[at+1]) {
			return message{}, fmt.Errorf("%w at octet %d: wrong length", errAttribute, at)
		}
		a := attribute{attributeType(b[at]), b[at+2 : at+4*int(b[at+1])]}
		if len(m.attributes) == maxAttributes || repeated(m, a.kind) || !fits(a) {
			return message{}, fmt.Errorf("%w %d at octet %d: repeated, too many, or not of its form", errAttribute, a.kind, at)
		}
		if a.kind == atMAC {
			m.macAt = at + 4
		}
		m.attributes = append(m.attributes, a)
		at += 4 * int(b[at+1])
	}
	return m, nil
}

// repeated reports a second attribute of a type that comes once.
func repeated(m message, kind attributeType) bool {
	return kind != atKDF && kind < firstSkippable && m.find(kind) != nil
}

// fits checks the lengths of the attributes that we know.
func fits(a attribute) bool {
	switch a.kind {
	case atRand, atAutn, atMAC:
		return len(a.value) == 2+16
	case atAuts:
		return len(a.value) == 14
	case atPermanentIDReq, atAnyIDReq, atFullauthIDReq, atNotification, atClientError, atKDF, atResultInd, atBidding:
		return len(a.value) == 2
	case atIdentity, atKDFInput:
		return int(binary.BigEndian.Uint16(a.value)) <= len(a.value)-2
	case atRes:
		bits := int(binary.BigEndian.Uint16(a.value))
		return bits%8 == 0 && bits >= 32 && bits <= 128 && bits/8 <= len(a.value)-2
	}
	return true
}

// find returns the value of the first attribute of a type, or nil.
func (m message) find(kind attributeType) []byte {
	for _, a := range m.attributes {
		if a.kind == kind {
			return a.value
		}
	}
	return nil
}

func (m message) has(kind attributeType) bool { return m.find(kind) != nil }

// block returns the sixteen octets of AT_RAND, AT_AUTN or AT_MAC, which must be there.
func (m message) block(kind attributeType) [16]byte { return [16]byte(m.find(kind)[2:]) }

// number returns the two octets of AT_NOTIFICATION and its like, which must be there.
func (m message) number(kind attributeType) uint16 { return binary.BigEndian.Uint16(m.find(kind)) }

// text returns the octets behind an actual length, as in AT_IDENTITY, or nil.
func (m message) text(kind attributeType) []byte {
	v := m.find(kind)
	if v == nil {
		return nil
	}
	return v[2 : 2+binary.BigEndian.Uint16(v)]
}

// res returns RES, whose length is in bits, or nil.
func (m message) res() []byte {
	v := m.find(atRes)
	if v == nil {
		return nil
	}
	return v[2 : 2+binary.BigEndian.Uint16(v)/8]
}

// functions returns the key derivation functions that are named, in order.
func (m message) functions() (all []uint16) {
	for _, a := range m.attributes {
		if a.kind == atKDF {
			all = append(all, binary.BigEndian.Uint16(a.value))
		}
	}
	return all
}

// unknown returns an attribute that may not be skipped and that is not among those that are known here.
func (m message) unknown(known ...attributeType) (attributeType, bool) {
	for _, a := range m.attributes {
		if a.kind < firstSkippable && !slices.Contains(known, a.kind) {
			return a.kind, true
		}
	}
	return 0, false
}

// encode makes type-data.
func (m message) encode() []byte {
	b := []byte{byte(m.subtype), 0, 0}
	for _, a := range m.attributes {
		padded := (2 + len(a.value) + 3) / 4
		b = append(b, byte(a.kind), byte(padded))
		b = append(b, a.value...)
		b = append(b, make([]byte, 4*padded-2-len(a.value))...)
	}
	return b
}

// add appends an attribute with its value as it travels.
func (m *message) add(kind attributeType, value ...byte) {
	m.attributes = append(m.attributes, attribute{kind, value})
}

// addNumber appends an attribute of two octets.
func (m *message) addNumber(kind attributeType, n uint16) {
	m.add(kind, binary.BigEndian.AppendUint16(nil, n)...)
}

// addSized appends an attribute that begins with a length.
func (m *message) addSized(kind attributeType, length int, value []byte) {
	m.add(kind, append(binary.BigEndian.AppendUint16(nil, uint16(length)), value...)...)
}

// addReserved appends an attribute that begins with two reserved octets.
func (m *message) addReserved(kind attributeType, value []byte) { m.addSized(kind, 0, value) }
