package wire

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// suricataNonce is the 24 octets of Suricata's IKE_SA_INIT capture.
const suricataNonce = "312fd2e1cea72d0f7f3d1ccac96bb0c4c8d70f39dba193e4"

func TestNonceForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"24 octets", suricataNonce, &Nonce{Data: octets(t, suricataNonce)}},
		{"shortest", strings.Repeat("a5", 16), &Nonce{Data: octets(t, strings.Repeat("a5", 16))}},
		{"longest", strings.Repeat("5a", 256), &Nonce{Data: octets(t, strings.Repeat("5a", 256))}},
	})
}

func TestNonceRefused(t *testing.T) {
	checkRefused(t, PayloadNonce, map[string]refusal{
		"empty":      {"", errShort},
		"15 octets":  {strings.Repeat("00", 15), errShort},
		"257 octets": {strings.Repeat("00", 257), errNonce},
	})
}

func TestNonceIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *Nonce {
		return &Nonce{Data: rapid.SliceOfN(rapid.Byte(), MinNonceLen, MaxNonceLen).Draw(t, "data")}
	}))
}

func TestNoncePrefixes(t *testing.T) { checkPrefixes(t, PayloadNonce, suricataNonce, MinNonceLen) }

func FuzzNonce(f *testing.F) { fuzzPayload(f, PayloadNonce) }
