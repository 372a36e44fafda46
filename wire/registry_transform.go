package wire

import "strconv"

// ProtocolID names the protocol that a proposal, a notification or a deletion is about (RFC 7296, Section 3.3.1).
type ProtocolID uint8

// Security protocol identifiers.
const (
	ProtocolNone       ProtocolID = 0
	ProtocolIKE        ProtocolID = 1
	ProtocolAH         ProtocolID = 2
	ProtocolESP        ProtocolID = 3
	ProtocolFCESP      ProtocolID = 4   // RFC 4595
	ProtocolFCCT       ProtocolID = 5   // RFC 4595
	ProtocolGIKEUpdate ProtocolID = 6   // RFC 9838
	ProtocolEESPv0     ProtocolID = 205 // private range
)

var protocolNames = []named[ProtocolID]{
	{ProtocolNone, "none"},
	{ProtocolIKE, "IKE"},
	{ProtocolAH, "AH"},
	{ProtocolESP, "ESP"},
	{ProtocolFCESP, "FC_ESP_HEADER"},
	{ProtocolFCCT, "FC_CT_AUTHENTICATION"},
	{ProtocolGIKEUpdate, "GIKE_UPDATE"},
	{ProtocolEESPv0, "EESPv0"},
}

// String returns the registered name, ESP for example, or PROTOCOL(n).
func (p ProtocolID) String() string { return nameOf(protocolNames, "PROTOCOL", p) }

// TransformType is the kind of a transform (RFC 7296, Section 3.3.2).
type TransformType uint8

// Transform types.
const (
	TransformENCR   TransformType = 1
	TransformPRF    TransformType = 2
	TransformINTEG  TransformType = 3
	TransformKE     TransformType = 4
	TransformSN     TransformType = 5 // RFC 9827; Extended Sequence Numbers before
	TransformADDKE1 TransformType = 6 // RFC 9370, as the next six
	TransformADDKE2 TransformType = 7
	TransformADDKE3 TransformType = 8
	TransformADDKE4 TransformType = 9
	TransformADDKE5 TransformType = 10
	TransformADDKE6 TransformType = 11
	TransformADDKE7 TransformType = 12
	TransformKWA    TransformType = 13 // RFC 9838
	TransformGCAUTH TransformType = 14 // RFC 9838
	TransformSSKDF  TransformType = 241
)

var transformTypeNames = []named[TransformType]{
	{TransformENCR, "ENCR"},
	{TransformPRF, "PRF"},
	{TransformINTEG, "INTEG"},
	{TransformKE, "KE"},
	{TransformSN, "SN"},
	{TransformADDKE1, "ADDKE1"},
	{TransformADDKE2, "ADDKE2"},
	{TransformADDKE3, "ADDKE3"},
	{TransformADDKE4, "ADDKE4"},
	{TransformADDKE5, "ADDKE5"},
	{TransformADDKE6, "ADDKE6"},
	{TransformADDKE7, "ADDKE7"},
	{TransformKWA, "KWA"},
	{TransformGCAUTH, "GCAUTH"},
	{TransformSSKDF, "SSKDF"},
}

// String returns the registered abbreviation, ENCR for example, or TRANSFORM(n).
func (t TransformType) String() string { return nameOf(transformTypeNames, "TRANSFORM", t) }

// TransformID is an algorithm; what the number means depends on the transform type (RFC 7296, Section 3.3.2).
type TransformID uint16

// String returns the number. Only TransformType.IDName and Transform.String know the name.
func (id TransformID) String() string { return strconv.Itoa(int(id)) }

// IDName returns the registered name of a transform of type t, ENCR_AES_CBC for example, or ENCR(n).
func (t TransformType) IDName(id TransformID) string {
	switch {
	case t == TransformENCR:
		return nameOf(encrNames, "ENCR", id)
	case t == TransformPRF:
		return nameOf(prfNames, "PRF", id)
	case t == TransformINTEG:
		return nameOf(integNames, "INTEG", id)
	case t == TransformKE, t >= TransformADDKE1 && t <= TransformADDKE7:
		return nameOf(keNames, t.String(), id)
	case t == TransformSN:
		return nameOf(snNames, "SN", id)
	case t == TransformKWA:
		return nameOf(kwaNames, "KWA", id)
	case t == TransformGCAUTH:
		return nameOf(gcauthNames, "GCAUTH", id)
	}
	return nameOf(nil, t.String(), id)
}

// TransformAttribute is the type of an attribute of a transform (RFC 7296, Section 3.3.5).
type TransformAttribute uint16

// Transform attributes.
const (
	TransformAttributeKeyLength          TransformAttribute = 14 // in bits
	TransformAttributeSignatureAlgorithm TransformAttribute = 18 // RFC 9838
)

var transformAttributeNames = []named[TransformAttribute]{
	{TransformAttributeKeyLength, "Key Length"},
	{TransformAttributeSignatureAlgorithm, "Signature Algorithm Identifier"},
}

// String returns the registered name, Key Length for example, or TRANSFORM_ATTRIBUTE(n).
func (a TransformAttribute) String() string {
	return nameOf(transformAttributeNames, "TRANSFORM_ATTRIBUTE", a)
}
