package wire

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
)

// The octets are written by hand after RFC 5685, Sections 9.2 and 9.3.
func redirects() map[string]Redirect {
	return map[string]Redirect{
		"0104c0000201":                                      {Gateway: Gateway{Addr: netip.MustParseAddr("192.0.2.1")}},
		"021020010db8000000000000000000000001":              {Gateway: Gateway{Addr: netip.MustParseAddr("2001:db8::1")}},
		"030f677732" + "2e6578616d706c652e6f7267":           {Gateway: Gateway{Name: "gw2.example.org"}},
		"0104c0000201" + "000102030405060708090a0b0c0d0e0f": {Gateway: Gateway{Addr: netip.MustParseAddr("192.0.2.1")}, Nonce: []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
	}
}

func TestRedirectIsReadAndWritten(t *testing.T) {
	for text, want := range redirects() {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseRedirect(b)
		if err != nil || got.Gateway != want.Gateway || !bytes.Equal(got.Nonce, want.Nonce) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if again := want.Append(nil); !bytes.Equal(again, b) {
			t.Errorf("%v is written as %x, not %x", want, again, b)
		}
		for i := range 2 + int(b[1]) {
			if _, err := ParseRedirect(b[:i]); err == nil {
				t.Errorf("%d octets of %s are taken", i, text)
			}
		}
	}
}

func TestRedirectToNonsenseIsRefused(t *testing.T) {
	for _, text := range []string{"0105c000020100", "0204c0000201", "0404c0000201", "0300", "03022e61", "03022d61", "0303610a62", "0303612062", "0301ff"} {
		b, _ := hex.DecodeString(text)
		if r, err := ParseRedirect(b); err == nil {
			t.Errorf("%s: %+v", text, r)
		}
	}
	long := append([]byte{3, 254}, strings.Repeat("a", 254)...)
	if _, err := ParseRedirect(long); err == nil {
		t.Error("a name that DNS does not have is taken")
	}
}

func FuzzRedirect(f *testing.F) {
	for text := range redirects() {
		b, _ := hex.DecodeString(text)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRedirect(b)
		if err == nil && !bytes.Equal(r.Append(nil), b) {
			t.Errorf("%x is read as %+v", b, r)
		}
	})
}
