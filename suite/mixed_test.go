package suite

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"culvert/wire"
)

// SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr) (RFC 9370, Section 2.2.2), also with a PRF whose keys have another length.
func TestAdditionalKeyExchangeReplacesAllKeys(t *testing.T) {
	d, shared, ni, nr := bytes.Repeat([]byte{1}, 48), []byte("SK(1)"), []byte("nonce i"), []byte("nonce r")
	for _, id := range []string{"prfsha384", "prfaescmac", "prfaesxcbc"} {
		sel := selectionOf(t, wire.ProtocolIKE, "aes128-sha256-"+id+"-x25519")
		got, err := MixIKEKeys(sel, d, shared, ni, nr, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		prf, err := prfOf(sel)
		if err != nil {
			t.Fatal(err)
		}
		seed := slices.Concat(ni, nr, []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2})
		want, err := prf.Plus(prf.Sum(d, shared, ni, nr), seed, 3*prf.KeySize()+2*32+2*16)
		if err != nil {
			t.Fatal(err)
		}
		if whole := slices.Concat(got.D, got.Ai, got.Ar, got.Ei, got.Er, got.Pi, got.Pr); !bytes.Equal(whole, want) {
			t.Errorf("%s: got %x, want %x", id, whole, want)
		}
	}
	if !bytes.Equal(d, bytes.Repeat([]byte{1}, 48)) {
		t.Error("the caller's SK_d changed")
	}
}

// The secret of the first key exchange stands before the nonces, all others behind them (RFC 9370, Section 2.2.4).
func TestRekeyWithSeveralSecrets(t *testing.T) {
	sel := selectionOf(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519")
	oldD, ni, nr := []byte("SK_d"), []byte("nonce i"), []byte("nonce r")
	shared := [][]byte{[]byte("zero"), []byte("one"), []byte("two")}
	got, err := RekeyIKEKeys(wire.PRFHMACSHA384, oldD, sel, shared, ni, nr, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	seed := slices.Concat(ni, nr, []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2})
	skeyseed := newTestPRF(t, wire.PRFHMACSHA384).Sum(oldD, []byte("zero"), ni, nr, []byte("one"), []byte("two"))
	want, err := newTestPRF(t, wire.PRFHMACSHA256).Plus(skeyseed, seed, 32)
	if err != nil || !bytes.Equal(got.D, want) {
		t.Errorf("SK_d %x, want %x (%v)", []byte(got.D), want, err)
	}
	esp := selectionOf(t, wire.ProtocolESP, "aes128gcm16")
	child, err := DeriveChildKeys(wire.PRFHMACSHA384, oldD, esp, shared, ni, nr)
	if err != nil {
		t.Fatal(err)
	}
	keymat, err := newTestPRF(t, wire.PRFHMACSHA384).Plus(oldD, slices.Concat([]byte("zero"), ni, nr, []byte("onetwo")), 40)
	if err != nil || !bytes.Equal(slices.Concat(child.EncrI, child.EncrR), keymat) {
		t.Errorf("child keys %x%x, want %x (%v)", []byte(child.EncrI), []byte(child.EncrR), keymat, err)
	}
}

func TestMixingRefusesUnknownPRFs(t *testing.T) {
	sel := Selection{wire.Proposal{Transforms: []wire.Transform{prfID(wire.PRFHMACMD5)}}}
	keys := IKEKeys{D: []byte("d"), Pi: []byte("i"), Pr: []byte("r")}
	var unsupported *UnsupportedError
	if _, err := MixIKEKeys(sel, nil, nil, nil, nil, 1, 2); !errors.As(err, &unsupported) {
		t.Errorf("additional key exchange: got %v", err)
	}
	if _, err := MixPPK(sel, nil, nil, nil, nil, 1, 2); !errors.As(err, &unsupported) {
		t.Errorf("PPK in IKE_INTERMEDIATE: got %v", err)
	}
	if err := MixPPKAuth(sel, nil, &keys); !errors.As(err, &unsupported) || string(keys.D)+string(keys.Pi)+string(keys.Pr) != "dir" {
		t.Errorf("PPK in IKE_AUTH: got %v and %x", err, []byte(keys.D))
	}
}
