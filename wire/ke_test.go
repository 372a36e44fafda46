package wire

import (
	"testing"

	"pgregory.net/rapid"
)

// curve25519KE is from a CREATE_CHILD_SA request of strongSwan.
const curve25519KE = "001f0000 66aed78ddb759f02c0fcede42d5daab116f5824eccee8453aa55bf021034617f"

func TestKEForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"Curve25519", curve25519KE, &KE{
			Method: KECurve25519,
			Data:   octets(t, "66aed78ddb759f02c0fcede42d5daab116f5824eccee8453aa55bf021034617f"),
		}},
		{"no data", "00130000", &KE{Method: KEECP256}},
	})
}

func TestKEIgnoresReservedField(t *testing.T) {
	p, err := parseOne(PayloadKE, octets(t, "0013 ffff 01"))
	if err != nil {
		t.Fatal(err)
	}
	if k := p.(*KE); k.Method != KEECP256 || len(k.Data) != 1 {
		t.Errorf("got %+v", k)
	}
}

func TestKEIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *KE {
		return &KE{Method: TransformID(rapid.Uint16().Draw(t, "method")), Data: anyOctets(1600).Draw(t, "data")}
	}))
}

func TestKEPrefixes(t *testing.T) { checkPrefixes(t, PayloadKE, curve25519KE, 4) }

func FuzzKE(f *testing.F) { fuzzPayload(f, PayloadKE) }
