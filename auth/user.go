package auth

import (
	"culvert/auth/dn"
	"culvert/wire"
)

// UserName is the name in an Identity response of EAP. Some clients send a distinguished name there as it is in certificates.
func UserName(data []byte) string {
	const sequence = 0x30 // of ASN.1
	if len(data) < 2 || data[0] != sequence {
		return string(data)
	}
	text := Identity{wire.IDDERASN1DN, string(data)}.String()
	if _, err := dn.Parse(text); err != nil { // not a name after all
		return string(data)
	}
	return text
}
