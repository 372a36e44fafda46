package eap

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
)

var packets = []struct {
	name, hex string
	want      Packet
}{
	{"success", "03070004", Packet{Code: CodeSuccess, Identifier: 7}},
	{"failure", "04ff0004", Packet{Code: CodeFailure, Identifier: 255}},
	{"identity request", "0100000501", Packet{Code: CodeRequest, Type: TypeIdentity, Data: []byte{}}},
	{"identity response", "0200000a016361726f6c", Packet{Code: CodeResponse, Type: TypeIdentity, Data: []byte("carol")}},
	{"expanded type of a vendor", "0105000dfe00013700000021aa",
		Packet{Code: CodeRequest, Identifier: 5, Type: VendorType(311, 33), Expanded: true, Data: []byte{0xaa}}},
	{"expanded type of the IETF", "0105000cfe0000000000001a",
		Packet{Code: CodeRequest, Identifier: 5, Type: TypeMSCHAPv2, Expanded: true, Data: []byte{}}},
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func equal(a, b Packet) bool {
	return a.Code == b.Code && a.Identifier == b.Identifier && a.Type == b.Type && a.Expanded == b.Expanded && bytes.Equal(a.Data, b.Data)
}

func TestPacketsAreReadAndWritten(t *testing.T) {
	for _, tt := range packets {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.hex)
			got, err := Parse(b)
			if err != nil || !equal(got, tt.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
			if got := tt.want.Append([]byte{9}); !bytes.Equal(got[1:], b) {
				t.Errorf("got %x, want %x", got[1:], b)
			}
		})
	}
}

func TestPaddingBehindTheLengthIsIgnored(t *testing.T) {
	got, err := Parse(unhex(t, "0200000a016361726f6c0000"))
	if err != nil || string(got.Data) != "carol" {
		t.Errorf("got %q, %v", got.Data, err)
	}
}

func TestTruncatedPacketsAreMalformed(t *testing.T) {
	for _, tt := range packets {
		b := unhex(t, tt.hex)
		for i := range b {
			if _, err := Parse(b[:i]); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s, %d of %d octets: got %v", tt.name, i, len(b), err)
			}
		}
	}
}

func TestImpossiblePacketsAreMalformed(t *testing.T) {
	for name, h := range map[string]string{
		"code 0": "0000000401", "code 5": "0500000401", "length below the header": "01000003",
		"success with data": "0300000500", "request without type": "01000004", "half an expanded type": "0100000bfe00000000000004"[:22],
	} {
		if _, err := Parse(unhex(t, h)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNakNamesTheMethodsOfThePeer(t *testing.T) {
	ours := []Method{scripted{kind: TypeMSCHAPv2}, scripted{kind: VendorType(9, 1)}, scripted{kind: VendorType(9, 2)}, scripted{kind: TypeGTC}}
	for _, tt := range []struct {
		name    string
		request Packet
		methods []Method
		data    string
		asked   []Type
	}{
		{"legacy", Packet{Type: TypeTLS}, ours, "1afe06", []Type{TypeMSCHAPv2, 254, TypeGTC}},
		{"legacy, none", Packet{Type: TypeTLS}, nil, "00", nil},
		{"expanded", Packet{Type: TypeTLS, Expanded: true}, ours[:2], "fe0000000000001afe00000900000001", []Type{TypeMSCHAPv2, VendorType(9, 1)}},
		{"expanded, none", Packet{Type: TypeTLS, Expanded: true}, nil, "fe00000000000000", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := nak(tt.request, tt.methods)
			if hex.EncodeToString(got.Data) != tt.data {
				t.Errorf("got %x, want %s", got.Data, tt.data)
			}
			if asked := parseNak(got); !slices.Equal(asked, tt.asked) {
				t.Errorf("got %v, want %v", asked, tt.asked)
			}
		})
	}
}

func TestNakOfAnyLengthIsBounded(t *testing.T) {
	for _, p := range []Packet{{Data: bytes.Repeat([]byte{7}, 5000)}, {Expanded: true, Data: bytes.Repeat([]byte{0xfe, 0, 0, 0, 0, 0, 0, 7}, 5000)}} {
		if got := len(parseNak(p)); got != maxNak {
			t.Errorf("got %d types, want %d", got, maxNak)
		}
	}
}

func TestTypesHaveNames(t *testing.T) {
	for want, kind := range map[string]Type{"EAP-MSCHAPv2": TypeMSCHAPv2, "PEAP": TypePEAP, "EAP type 99": 99, "EAP type 2 of vendor 9": VendorType(9, 2)} {
		if got := kind.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, tt := range packets {
		f.Add(unhex(f, tt.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		again, err := Parse(p.Encode())
		if err != nil || !equal(p, again) {
			t.Errorf("%+v became %+v, %v", p, again, err)
		}
		if p.Type == TypeNak && len(parseNak(p)) > maxNak {
			t.Error("too many types")
		}
	})
}
