package suite

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"culvert/wire"
)

// A packet with an implicit IV is the same one with the sequence number as explicit IV, without that (RFC 8750, Section 4).
func TestImplicitIVIsTheSequenceNumber(t *testing.T) {
	for _, tt := range []struct {
		implicit, explicit wire.TransformID
		bits               uint16
	}{
		{wire.EncrAESGCM16IIV, wire.EncrAESGCM16, 128},
		{wire.EncrAESGCM16IIV, wire.EncrAESGCM16, 256},
		{wire.EncrAESCCM8IIV, wire.EncrAESCCM8, 128},
		{wire.EncrChaCha20Poly1305IIV, wire.EncrChaCha20Poly1305, 0},
	} {
		for _, seq := range []uint64{1, 1<<32 - 1, 5 << 32} {
			for _, esn := range []bool{false, true} {
				if !esn && seq>>32 > 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s-%d-%d-%t", wire.TransformENCR.IDName(tt.implicit), tt.bits, seq, esn), func(t *testing.T) {
					with := ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: tt.explicit, KeyLength: tt.bits}, ESN: esn}
					without := with
					without.ENCR.ID = tt.implicit
					sealed := sealOne(t, with, seq)
					want := slices.Delete(slices.Clone(sealed), espHeader, espHeader+aeadIV)
					got := sealOne(t, without, seq)
					if !bytes.Equal(got, want) {
						t.Fatalf("sealed\n%x, want\n%x", got, want)
					}
					checkOpens(t, without, got, seq)
				})
			}
		}
	}
}

// sealOne seals a packet of 18 octets of text under a fixed key.
func sealOne(t *testing.T, e ESP, seq uint64) []byte {
	t.Helper()
	c := fixedCipher(t, e)
	pkt := make([]byte, espHeader+c.IVLen()+20+c.ICVLen())
	binary.BigEndian.PutUint32(pkt, 0x1234)
	binary.BigEndian.PutUint32(pkt[4:], uint32(seq))
	copy(pkt[espHeader+c.IVLen():], "eighteen octets...\x00\x04")
	c.Seal(pkt, seq)
	return pkt
}

func checkOpens(t *testing.T, e ESP, sealed []byte, seq uint64) {
	t.Helper()
	if text, err := fixedCipher(t, e).Open(slices.Clone(sealed), seq); err != nil || !bytes.HasPrefix(text, []byte("eighteen octets")) {
		t.Errorf("opened %q: %v", text, err)
	}
	if _, err := fixedCipher(t, e).Open(slices.Clone(sealed), seq+1); err == nil {
		t.Error("opens under another sequence number")
	}
	for n := range len(sealed) {
		if _, err := fixedCipher(t, e).Open(slices.Clone(sealed[:n]), seq); err == nil {
			t.Errorf("opens cut to %d octets", n)
		}
	}
}

func fixedCipher(t *testing.T, e ESP) ESPCipher {
	t.Helper()
	encr, _ := e.KeyLengths()
	c, err := NewESPCipher(e, bytes.Repeat([]byte{7}, encr), nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestImplicitIVIsNotForIKE(t *testing.T) {
	for _, word := range []string{"aes128gcm16iiv-prfsha256-x25519", "chacha20poly1305iiv-prfsha256-x25519", "aes256ccm8iiv-prfsha256-x25519"} {
		if _, err := ParseProposal(wire.ProtocolIKE, word); err == nil {
			t.Errorf("IKE takes %s", word)
		}
		if _, err := ParseProposal(wire.ProtocolESP, word[:len(word)-len("-prfsha256-x25519")]); err != nil {
			t.Errorf("ESP does not take %s: %v", word, err)
		}
	}
}
