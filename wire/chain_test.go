package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestChainRefused(t *testing.T) {
	tests := []struct {
		name    string
		first   PayloadType
		octets  string
		cause   error
		payload PayloadType
		offset  int
	}{
		{"announced payload missing", PayloadVendorID, "", errMissing, PayloadVendorID, 0},
		{"second payload missing", PayloadVendorID, "2b000004", errMissing, PayloadVendorID, 4},
		{"half a generic header", PayloadVendorID, "000000", errShort, PayloadVendorID, 0},
		{"payload length 0", PayloadVendorID, "2b000000 00000004", errLength, PayloadVendorID, 0},
		{"payload length 3", PayloadVendorID, "00000003", errLength, PayloadVendorID, 0},
		{"payload length above content", PayloadVendorID, "00000006 00", errLength, PayloadVendorID, 0},
		{"octets after the last payload", PayloadVendorID, "00000004 2b", errTrailing, PayloadVendorID, 4},
		{"octets without payload", PayloadNone, "00000004", errTrailing, PayloadNone, 0},
		{"bad second payload", PayloadVendorID, "22000005aa 00000007 0013ff", errShort, PayloadKE, 5},
		{"encrypted payload inside", PayloadVendorID, "2e000004 00000004", errNested, PayloadSK, 4},
		{"fragment inside", PayloadSKF, "00000008 00010001", errNested, PayloadSKF, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParsePayloads(tt.first, octets(t, tt.octets))
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, tt.cause) {
				t.Fatalf("got %v, want %v", err, tt.cause)
			}
			if e.Payload != tt.payload || e.Offset != tt.offset {
				t.Errorf("got %v at %d, want %v at %d", e.Payload, e.Offset, tt.payload, tt.offset)
			}
		})
	}
}

func TestEmptyChainHasNoPayloads(t *testing.T) {
	payloads, err := ParsePayloads(PayloadNone, nil)
	if err != nil || len(payloads) != 0 {
		t.Errorf("got %v, %v", payloads, err)
	}
}

func TestEncryptedPayloadMustBeLast(t *testing.T) {
	for _, chain := range []string{"2b000008 00010001 00000004", "00000008 00010001 2b"} {
		for _, kind := range []PayloadType{PayloadSK, PayloadSKF} {
			if _, err := parseChain(kind, octets(t, chain), parsePayload); !errors.Is(err, errNotLast) {
				t.Errorf("%v: got %v, want errNotLast", kind, err)
			}
		}
	}
}

// Many unknown payloads before a fragment once brought down a peer's decoder.
func TestPayloadCountIsBounded(t *testing.T) {
	const link, last = "ff000004", "00000004"
	if _, err := ParsePayloads(255, octets(t, strings.Repeat(link, MaxPayloads-1)+last)); err != nil {
		t.Errorf("%d payloads: %v", MaxPayloads, err)
	}
	for _, n := range []int{MaxPayloads, 16000} {
		chain := octets(t, strings.Repeat(link, n)+last)
		allocations := testing.AllocsPerRun(5, func() {
			if _, err := ParsePayloads(255, chain); !errors.Is(err, errCount) {
				t.Errorf("%d payloads: got %v, want errCount", n+1, err)
			}
		})
		if allocations > 1 {
			t.Errorf("%d payloads: %v allocations before the refusal", n+1, allocations)
		}
	}
}

func TestEveryPrefixOfForeignChainsFails(t *testing.T) {
	for _, p := range plaintexts(t) {
		for i := range p.octets {
			if _, err := ParsePayloads(p.first, p.octets[:i:i]); err == nil {
				t.Fatalf("%s: %d of %d octets accepted", p.capture, i, len(p.octets))
			}
		}
	}
}

func TestAppendPayloadsIgnoresNothingAndKeepsOrder(t *testing.T) {
	got := AppendPayloads([]byte("prefix"), []Payload{
		&VendorID{Data: []byte{1}}, &VendorID{Data: []byte{2}}, &Notify{NotifyType: NotifyCookie}, &Encrypted{First: PayloadAuth},
	})
	want := append([]byte("prefix"), octets(t, "2b00000501 2900000502 2e000008 00004006 27000004")...)
	if !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestFind(t *testing.T) {
	first := &VendorID{Data: []byte{1}}
	payloads := []Payload{&Nonce{}, first, &VendorID{Data: []byte{2}}}
	if got, ok := Find[*VendorID](payloads); !ok || got != first {
		t.Errorf("got %v, %v, want the first Vendor ID", got, ok)
	}
	if got, ok := Find[*KE](payloads); ok || got != nil {
		t.Errorf("got %v, %v, want none", got, ok)
	}
}
