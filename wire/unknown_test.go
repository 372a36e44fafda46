package wire

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestUnknownForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"puzzle solution (RFC 8019)", "0102", &Unknown{PayloadType: PayloadPS, Data: []byte{1, 2}}},
		{"private", "", &Unknown{PayloadType: 250}},
		{"IKEv1's proposal", "00", &Unknown{PayloadType: 2, Data: []byte{0}}},
	})
}

func TestUnknownCriticalIsRefusedWithItsType(t *testing.T) {
	for _, kind := range []PayloadType{1, 2, 32, PayloadGSPM, PayloadIDg, PayloadPS, 55, 127, 128, 255} {
		chain := octets(t, "2980000a 010203040506 00000008 00004000")
		_, err := ParsePayloads(kind, chain)
		var e *Error
		if !errors.As(err, &e) || e.Notify != NotifyUnsupportedCriticalPayload || e.Payload != kind {
			t.Fatalf("%v: got %v, want UNSUPPORTED_CRITICAL_PAYLOAD", kind, err)
		}
	}
}

func TestCriticalBitOnKnownPayloadsIsIgnored(t *testing.T) {
	for kind := PayloadSA; kind <= PayloadSKF; kind++ {
		for _, body := range foreignBodies(t, kind) {
			chain := single(body)
			chain[1] = 0xff
			if _, err := parseChain(kind, chain, parsePayload); err != nil {
				t.Errorf("%v with critical and reserved bits: %v", kind, err)
			}
		}
	}
}

func TestUnknownIsSentWithCriticalBit(t *testing.T) {
	got := AppendPayloads(nil, []Payload{&Unknown{PayloadType: 200, Critical: true, Data: []byte{7}}, &Nonce{}})
	if want := octets(t, "2880000507 00000004"); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestUnknownIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *Unknown {
		return &Unknown{PayloadType: PayloadType(rapid.ByteMin(54).Draw(t, "type")), Data: anyOctets(50).Draw(t, "data")}
	}))
}

func TestUnknownPrefixes(t *testing.T) { checkPrefixes(t, PayloadPS, "01020304", 0) }

func FuzzUnknown(f *testing.F) { fuzzPayload(f, PayloadPS) }
