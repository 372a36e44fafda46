package wire

import (
	"testing"

	"pgregory.net/rapid"
)

// md5Challenge is from an EAP-MD5 authentication of strongSwan.
const md5Challenge = "01a30016 0410e54701181ab27123b24e062309cd678a"

func TestEAPForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"MD5 challenge", md5Challenge, &EAP{Data: octets(t, md5Challenge)}},
		{"identity request", "01000005 01", &EAP{Data: octets(t, "0100000501")}},
		{"success", "03a30004", &EAP{Data: octets(t, "03a30004")}},
	})
}

func TestEAPRefused(t *testing.T) {
	checkRefused(t, PayloadEAP, map[string]refusal{
		"length above content":    {"01000006 01", errLength},
		"length below content":    {"01000005 0100", errLength},
		"length below the header": {"03a30000", errLength},
	})
}

func TestEAPIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *EAP {
		data := append([]byte{0, 0, 0, 0}, anyOctets(200).Draw(t, "data")...)
		data[0], data[1] = rapid.Byte().Draw(t, "code"), rapid.Byte().Draw(t, "identifier")
		data[3] = byte(len(data))
		return &EAP{Data: data}
	}))
}

func TestEAPPrefixes(t *testing.T) { checkPrefixes(t, PayloadEAP, md5Challenge, 22) }

func FuzzEAP(f *testing.F) { fuzzPayload(f, PayloadEAP) }
