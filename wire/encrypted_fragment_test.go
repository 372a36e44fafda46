package wire

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestEncryptedFragmentForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"second of three", "00020003 a1a2a3a4", &EncryptedFragment{Number: 2, Total: 3, Body: octets(t, "a1a2a3a4")}},
		{"one of one without content", "00010001", &EncryptedFragment{Number: 1, Total: 1}},
		{"last of most", "ffffffff 00", &EncryptedFragment{Number: 65535, Total: 65535, Body: []byte{0}}},
	})
}

func TestForeignFragmentsNameTheFirstPayloadOnce(t *testing.T) {
	found := 0
	for _, d := range ikev2Datagrams(t) {
		m, err := Parse(d.octets)
		if err != nil {
			t.Fatal(err)
		}
		skf, ok := Find[*EncryptedFragment](m.Payloads)
		if !ok {
			continue
		}
		found++
		if (skf.Number == 1) != (skf.First != PayloadNone) {
			t.Errorf("%s packet %d: fragment %d names %v", d.capture, d.packet, skf.Number, skf.First)
		}
	}
	if found != 12 {
		t.Errorf("%d fragments in the captures, want 12", found)
	}
}

func TestEncryptedFragmentIsRefusedInSilence(t *testing.T) {
	tests := map[string]struct {
		body  string
		cause error
	}{
		"number zero":        {"00000001 00", errFragmentNumber},
		"total zero":         {"00010000 00", errFragmentNumber},
		"both zero":          {"00000000 00", errFragmentNumber},
		"number above total": {"00030002 00", errFragmentNumber},
		"too short":          {"000100", errShort},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseOne(PayloadSKF, octets(t, tt.body))
			var e *Error
			if !errors.Is(err, tt.cause) || !errors.As(err, &e) {
				t.Fatalf("got %v, want %v", err, tt.cause)
			}
			if e.Notify != NotifyNone {
				t.Errorf("peer would be told %v (RFC 7383, Section 2.6: discard silently)", e.Notify)
			}
		})
	}
}

func TestEncryptedFragmentIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *EncryptedFragment {
		total := rapid.Uint16Min(1).Draw(t, "total")
		return &EncryptedFragment{
			Number: rapid.Uint16Range(1, total).Draw(t, "number"),
			Total:  total,
			Body:   anyOctets(300).Draw(t, "body"),
		}
	}))
}

func TestEncryptedFragmentPrefixes(t *testing.T) {
	checkPrefixes(t, PayloadSKF, "00010002 a1a2a3a4", 4)
}

func FuzzEncryptedFragment(f *testing.F) { fuzzPayload(f, PayloadSKF) }
