package keylog

import (
	"fmt"

	"culvert/suite"
	"culvert/wire"
)

// icvOf tells the octets of the integrity check value of combined modes.
var icvOf = map[wire.TransformID]int{
	wire.EncrAESGCM8: 8, wire.EncrAESGCM12: 12, wire.EncrAESGCM16: 16,
	wire.EncrAESCCM8: 8, wire.EncrAESCCM12: 12, wire.EncrAESCCM16: 16,
}

// ikeNames returns Wireshark's names for the algorithms of an IKE SA.
func ikeNames(sel suite.Selection) (encr, integ string, ok bool) {
	e, _ := sel.Get(wire.TransformENCR)
	switch e.ID {
	case wire.EncrAESGCM8, wire.EncrAESGCM12, wire.EncrAESGCM16:
		return fmt.Sprintf("AES-GCM-%d with %d octet ICV [RFC5282]", e.KeyLength, icvOf[e.ID]), "NONE [RFC4306]", true
	case wire.EncrAESCCM8, wire.EncrAESCCM12, wire.EncrAESCCM16:
		return fmt.Sprintf("AES-CCM-%d with %d octet ICV [RFC5282]", e.KeyLength, icvOf[e.ID]), "NONE [RFC4306]", true
	case wire.EncrAESCBC:
		encr = fmt.Sprintf("AES-CBC-%d [RFC3602]", e.KeyLength)
	case wire.EncrAESCTR:
		encr = fmt.Sprintf("AES-CTR-%d [RFC5930]", e.KeyLength)
	default:
		return "", "", false
	}
	i, _ := sel.Get(wire.TransformINTEG)
	integ, ok = map[wire.TransformID]string{
		wire.IntegHMACSHA1_96:    "HMAC_SHA1_96 [RFC2404]",
		wire.IntegHMACSHA256_128: "HMAC_SHA2_256_128 [RFC4868]",
		wire.IntegHMACSHA384_192: "HMAC_SHA2_384_192 [RFC4868]",
		wire.IntegHMACSHA512_256: "HMAC_SHA2_512_256 [RFC4868]",
		wire.IntegAESXCBC96:      "ANY 96-bits of Authentication [No Checking]",
		wire.IntegAESCMAC96:      "ANY 96-bits of Authentication [No Checking]",
	}[i.ID]
	return encr, integ, ok
}

// espNames returns Wireshark's names for the algorithms of an ESP SA.
func espNames(e suite.ESP) (encr, integ string, ok bool) {
	switch e.ENCR.ID {
	case wire.EncrAESGCM8, wire.EncrAESGCM12, wire.EncrAESGCM16:
		return fmt.Sprintf("AES-GCM with %d octet ICV [RFC4106]", icvOf[e.ENCR.ID]), "NULL", true
	case wire.EncrAESCBC:
		encr = "AES-CBC [RFC3602]"
	case wire.EncrAESCTR:
		encr = "AES-CTR [RFC3686]"
	case wire.EncrNull:
		encr = "NULL"
	default:
		return "", "", false
	}
	integ, ok = map[wire.TransformID]string{
		wire.IntegHMACSHA1_96:    "HMAC-SHA-1-96 [RFC2404]",
		wire.IntegHMACSHA256_128: "HMAC-SHA-256-128 [RFC4868]",
		wire.IntegHMACSHA384_192: "HMAC-SHA-384-192 [RFC4868]",
		wire.IntegHMACSHA512_256: "HMAC-SHA-512-256 [RFC4868]",
		wire.IntegAESXCBC96:      "ANY 96 bit authentication [no checking]",
		wire.IntegAESCMAC96:      "ANY 96 bit authentication [no checking]",
	}[e.INTEG.ID]
	if e.Draft {
		integ = "HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]"
	}
	return encr, integ, ok
}
