package suite

import (
	"bytes"
	"slices"
	"testing"

	"culvert/wire"
)

// prf+ of one block is prf(PPK, SK_x' | 0x01) (RFC 8784, Section 3); the keys that protect messages stay.
func TestPPKInAuthChangesThreeKeys(t *testing.T) {
	sel := selectionOf(t, wire.ProtocolIKE, "aes128-sha256-x25519")
	k, err := DeriveIKEKeys(sel, []byte("shared"), []byte("nonce i"), []byte("nonce r"), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	before := k
	d, pi, pr := bytes.Clone(k.D), bytes.Clone(k.Pi), bytes.Clone(k.Pr)
	ppk := []byte("a post-quantum preshared key")
	if err := MixPPKAuth(sel, ppk, &k); err != nil {
		t.Fatal(err)
	}
	prf := newTestPRF(t, wire.PRFHMACSHA256)
	for name, keys := range map[string][2][]byte{"SK_d": {k.D, d}, "SK_pi": {k.Pi, pi}, "SK_pr": {k.Pr, pr}} {
		if want := prf.Sum(ppk, keys[1], []byte{1}); !bytes.Equal(keys[0], want) {
			t.Errorf("%s: got %x, want %x", name, keys[0], want)
		}
	}
	if !bytes.Equal(slices.Concat(k.Ai, k.Ar, k.Ei, k.Er), slices.Concat(before.Ai, before.Ar, before.Ei, before.Er)) {
		t.Error("a key that protects messages changed")
	}
	if !bytes.Equal(before.D, make([]byte, len(d))) {
		t.Error("the former SK_d is not cleared")
	}
}

// SKEYSEED' = prf+(PPK, SK_d), and all keys are taken anew (RFC 9867, Section 3.1.1).
func TestPPKInIntermediateChangesAllKeys(t *testing.T) {
	sel := selectionOf(t, wire.ProtocolIKE, "aes256gcm16-prfsha512-x25519")
	ppk, d, ni, nr := []byte("ppk"), bytes.Repeat([]byte{7}, 64), []byte("nonce i"), []byte("nonce r")
	got, err := MixPPK(sel, ppk, d, ni, nr, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	prf := newTestPRF(t, wire.PRFHMACSHA512)
	seed := slices.Concat(ni, nr, []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2})
	want, err := prf.Plus(prf.Sum(ppk, d, []byte{1}), seed, 3*64+2*36)
	if err != nil {
		t.Fatal(err)
	}
	if whole := slices.Concat(got.D, got.Ei, got.Er, got.Pi, got.Pr); !bytes.Equal(whole, want) {
		t.Errorf("got %x, want %x", whole, want)
	}
}
