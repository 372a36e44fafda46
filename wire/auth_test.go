package wire

import (
	"testing"

	"pgregory.net/rapid"
)

// sharedKeyAuth is from the capture of Wireshark's with AES-CCM; the data is the value its test suite expects.
const sharedKeyAuth = "02000000 c2104394299e1ffe7908ea720ad5d13717a0d454e4fa0a2128ea689411f479c4"

func TestAuthForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"shared key", sharedKeyAuth, &Auth{
			Method: AuthSharedKey,
			Data:   octets(t, "c2104394299e1ffe7908ea720ad5d13717a0d454e4fa0a2128ea689411f479c4"),
		}},
		{"start of an Ed25519 signature", "0e000000 07300506032b6570 83f38f43", &Auth{
			Method: AuthDigitalSignature, Data: octets(t, "07300506032b657083f38f43"),
		}},
	})
}

func TestAuthIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *Auth {
		return &Auth{Method: AuthMethod(rapid.Byte().Draw(t, "method")), Data: anyOctets(600).Draw(t, "data")}
	}))
}

func TestAuthPrefixes(t *testing.T) { checkPrefixes(t, PayloadAuth, sharedKeyAuth, 4) }

func FuzzAuth(f *testing.F) { fuzzPayload(f, PayloadAuth) }
