package eap

import "fmt"

// A Type says what a request or response is about (RFC 3748, Section 5): Vendor-Id in the upper, Vendor-Type in the lower 32
// bits. The types of the IETF have vendor 0, whether they travel in one octet or expanded (RFC 3748, Section 5.7).
type Type uint64

// The types that this module knows.
const (
	TypeIdentity     Type = 1
	TypeNotification Type = 2
	TypeNak          Type = 3 // responses only
	TypeMD5Challenge Type = 4
	TypeGTC          Type = 6
	TypeTLS          Type = 13
	TypeTTLS         Type = 21
	TypeAKA          Type = 23
	TypePEAP         Type = 25
	TypeMSCHAPv2     Type = 26
	TypeExtensions   Type = 33 // result and crypto-binding TLVs inside PEAP
	TypeAKAPrime     Type = 50

	typeExpanded Type = 254 // announces the eight octet form; never the Type of a Packet
)

// firstMethod is the lowest type that authenticates; what lies below serves the conversation (RFC 3748, Section 2.1).
const firstMethod Type = 4

// VendorType returns the expanded type of a vendor.
func VendorType(vendor, number uint32) Type { return Type(vendor&0xffffff)<<32 | Type(number) }

// Vendor returns the Vendor-Id, which is 0 for types of the IETF.
func (t Type) Vendor() uint32 { return uint32(t >> 32) }

// Number returns the Vendor-Type.
func (t Type) Number() uint32 { return uint32(t) }

// String returns the usual name, as "EAP-MSCHAPv2", or the numbers.
func (t Type) String() string {
	switch t {
	case TypeIdentity:
		return "Identity"
	case TypeNotification:
		return "Notification"
	case TypeNak:
		return "Nak"
	case TypeMD5Challenge:
		return "EAP-MD5"
	case TypeGTC:
		return "EAP-GTC"
	case TypeTLS:
		return "EAP-TLS"
	case TypeTTLS:
		return "EAP-TTLS"
	case TypeAKA:
		return "EAP-AKA"
	case TypePEAP:
		return "PEAP"
	case TypeMSCHAPv2:
		return "EAP-MSCHAPv2"
	case TypeExtensions:
		return "EAP-Extensions"
	case TypeAKAPrime:
		return "EAP-AKA'"
	}
	if t.Vendor() != 0 {
		return fmt.Sprintf("EAP type %d of vendor %d", t.Number(), t.Vendor())
	}
	return fmt.Sprintf("EAP type %d", t.Number())
}
