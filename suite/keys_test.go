package suite

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"culvert/wire"
)

// selectionOf returns the suite that a proposal string with one word per type stands for.
func selectionOf(t testing.TB, protocol wire.ProtocolID, s string) Selection {
	t.Helper()
	p, err := ParseProposal(protocol, s)
	if err != nil {
		t.Fatal(err)
	}
	return Selection{p}
}

// The seven keys are taken in the order of RFC 7296, Section 2.14, with the lengths of the transforms.
func TestIKEKeyOrderAndLengths(t *testing.T) {
	tests := []struct {
		proposal       string
		p, integ, encr int
	}{
		{"aes256gcm16-prfsha384-x25519", 48, 0, 36},
		{"aes128ccm8-prfsha256-x25519", 32, 0, 19},
		{"chacha20poly1305-prfsha512-x25519", 64, 0, 36},
		{"aes192ctr-sha1-x25519", 20, 20, 28},
		{"aes256-aesxcbc-x25519", 16, 16, 32},
		{"aes128-sha384-prfaescmac-x25519", 16, 48, 16},
	}
	ni, nr, secret := []byte("sixteen octets i"), []byte("sixteen octets r"), []byte("shared")
	for _, tt := range tests {
		sel := selectionOf(t, wire.ProtocolIKE, tt.proposal)
		got, err := DeriveIKEKeys(sel, secret, ni, nr, 0x0102030405060708, 0x1112131415161718)
		if err != nil {
			t.Fatal(err)
		}
		prf, err := prfOf(sel)
		if err != nil {
			t.Fatal(err)
		}
		seed := slices.Concat(ni, nr, []byte("\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13\x14\x15\x16\x17\x18"))
		keymat, err := prf.Plus(prf.Sum(prf.skeyseedKey(ni, nr), secret), seed, 3*tt.p+2*tt.integ+2*tt.encr)
		if err != nil {
			t.Fatal(err)
		}
		if whole := slices.Concat(got.D, got.Ai, got.Ar, got.Ei, got.Er, got.Pi, got.Pr); !bytes.Equal(whole, keymat) {
			t.Errorf("%s: keys are not prf+ in order", tt.proposal)
		}
		lengths := []int{len(got.D), len(got.Ai), len(got.Ar), len(got.Ei), len(got.Er), len(got.Pi), len(got.Pr)}
		if want := []int{tt.p, tt.integ, tt.integ, tt.encr, tt.encr, tt.p, tt.p}; !slices.Equal(lengths, want) {
			t.Errorf("%s: lengths %v, want %v", tt.proposal, lengths, want)
		}
	}
}

// A rekey uses the PRF of the old SA for SKEYSEED and that of the new one for the rest (RFC 7296, Section 2.18).
func TestRekeyAcrossPRFs(t *testing.T) {
	sel := selectionOf(t, wire.ProtocolIKE, "aes128gcm16-prfsha512-x25519")
	oldD, ni, nr, secret := []byte("old SK_d of any length"), []byte("nonce i"), []byte("nonce r"), []byte("shared")
	got, err := RekeyIKEKeys(wire.PRFAES128CMAC, oldD, sel, [][]byte{secret}, ni, nr, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	skeyseed := newTestPRF(t, wire.PRFAES128CMAC).Sum(oldD, secret, ni, nr)
	seed := slices.Concat(ni, nr, []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2})
	want, err := newTestPRF(t, wire.PRFHMACSHA512).Plus(skeyseed, seed, 64)
	if err != nil || !bytes.Equal(got.D, want) {
		t.Errorf("SK_d %x, want %x (%v)", []byte(got.D), want, err)
	}
}

// KEYMAT is cut into the keys of the initiator's SA and then of the responder's, encryption first (RFC 7296, Section 2.17).
func TestChildKeyOrder(t *testing.T) {
	d, secret, ni, nr := []byte("SK_d"), []byte("shared"), []byte("nonce i"), []byte("nonce r")
	for _, proposal := range []string{"aes256gcm16", "aes128-sha512", "null-aescmac", "aes256ccm12", "aes128gmac"} {
		sel := selectionOf(t, wire.ProtocolESP, proposal)
		encr, integ := ESPFromSelection(sel).KeyLengths()
		for _, shared := range [][]byte{nil, secret} {
			got, err := DeriveChildKeys(wire.PRFHMACSHA256, d, sel, [][]byte{shared}, ni, nr)
			if err != nil {
				t.Fatal(err)
			}
			want, err := newTestPRF(t, wire.PRFHMACSHA256).Plus(d, slices.Concat(shared, ni, nr), 2*encr+2*integ)
			if err != nil {
				t.Fatal(err)
			}
			if whole := slices.Concat(got.EncrI, got.IntegI, got.EncrR, got.IntegR); !bytes.Equal(whole, want) {
				t.Errorf("%s: keys are not KEYMAT in order", proposal)
			}
			if len(got.EncrR) != encr || len(got.IntegI) != integ {
				t.Errorf("%s: lengths %d, %d; want %d, %d", proposal, len(got.EncrR), len(got.IntegI), encr, integ)
			}
		}
	}
}

func TestKeyDerivationRefusesWhatItCannotDo(t *testing.T) {
	sha := integID(wire.IntegHMACSHA256_128)
	cbc, prf := encrID(wire.EncrAESCBC, 128), prfID(wire.PRFHMACSHA256)
	tests := map[string][]wire.Transform{
		"no PRF":             {cbc, sha},
		"MD5":                {cbc, sha, prfID(wire.PRFHMACMD5)},
		"PRF with a key len": {cbc, sha, {Type: wire.TransformPRF, ID: wire.PRFHMACSHA256, KeyLength: 256}},
		"no cipher":          {prf, sha},
		"no integrity":       {cbc, prf},
		"DES MAC":            {cbc, prf, integID(wire.IntegDESMAC)},
	}
	var unsupported *UnsupportedError
	for name, transforms := range tests {
		sel := Selection{wire.Proposal{Transforms: transforms}}
		if _, err := DeriveIKEKeys(sel, nil, nil, nil, 1, 2); !errors.As(err, &unsupported) {
			t.Errorf("derive, %s: got %v, want an UnsupportedError", name, err)
		}
		if _, err := RekeyIKEKeys(wire.PRFHMACSHA256, nil, sel, nil, nil, nil, 1, 2); !errors.As(err, &unsupported) {
			t.Errorf("rekey, %s: got %v, want an UnsupportedError", name, err)
		}
	}
	good := selectionOf(t, wire.ProtocolIKE, "aes128-sha256-x25519")
	if _, err := RekeyIKEKeys(wire.PRFHMACMD5, nil, good, nil, nil, nil, 1, 2); !errors.As(err, &unsupported) {
		t.Errorf("old PRF MD5: got %v", err)
	}
	if _, err := DeriveChildKeys(wire.PRFHMACMD5, nil, good, nil, nil, nil); !errors.As(err, &unsupported) {
		t.Errorf("child with PRF MD5: got %v", err)
	}
	if _, err := DeriveChildKeys(wire.PRFHMACSHA256, nil, Selection{}, nil, nil, nil); !errors.As(err, &unsupported) {
		t.Errorf("child without transforms: got %v", err)
	}
}

func TestKeysDoNotPrintAndCanBeCleared(t *testing.T) {
	ike, err := DeriveIKEKeys(selectionOf(t, wire.ProtocolIKE, "aes128-sha256-x25519"), []byte("s"), []byte("i"), []byte("r"), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	child, err := DeriveChildKeys(wire.PRFHMACSHA256, ike.D, selectionOf(t, wire.ProtocolESP, "aes128-sha256"), nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%v %+v %#v %x", ike, child, ike, child)
	if n := strings.Count(text, "[redacted]"); n != 7+4+7+4 {
		t.Errorf("%d redacted keys in %s", n, text)
	}
	ike.Clear()
	child.Clear()
	for _, key := range [][]byte{ike.D, ike.Ai, ike.Ar, ike.Ei, ike.Er, ike.Pi, ike.Pr, child.EncrI, child.IntegI, child.EncrR, child.IntegR} {
		if len(key) == 0 || !bytes.Equal(key, make([]byte, len(key))) {
			t.Errorf("key not cleared: %x", key)
		}
	}
}
