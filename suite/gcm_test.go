package suite

import (
	"bytes"
	"testing"

	"culvert/aesgcm"
	"culvert/wire"
)

// GCM with a short ICV is GCM with the tag cut off, so the vectors of the whole tag serve all three lengths.
func TestGCMWycheproof(t *testing.T) {
	for _, icv := range []int{8, 12, 16} {
		tried := 0
		proofs(t, "aes_gcm", func(t *testing.T, g proofGroup, p proofTest) {
			if len(p.IV) != 12 || len(p.Tag) != 16 {
				return
			}
			tried++
			aead, err := aesgcm.New(p.Key, icv)
			if err != nil {
				t.Fatal(err)
			}
			sealed := append(bytes.Clone(p.CT), p.Tag[:icv]...)
			got, err := aead.Open(nil, p.IV, sealed, p.AAD)
			if p.valid() && (err != nil || !bytes.Equal(got, p.Msg)) {
				t.Errorf("ICV %d: %d %s: got %x, %v", icv, p.TcID, p.Comment, got, err)
			}
			if icv == 16 && !p.valid() && err == nil {
				t.Errorf("%d %s: accepted", p.TcID, p.Comment)
			}
			if p.valid() && !bytes.Equal(aead.Seal(nil, p.IV, p.Msg, p.AAD), sealed) {
				t.Errorf("ICV %d: %d %s: sealed otherwise", icv, p.TcID, p.Comment)
			}
		})
		if tried == 0 {
			t.Error("no test tried")
		}
	}
}

// GMAC is GCM without plaintext (RFC 4543, Section 3).
func TestGMACWycheproof(t *testing.T) {
	tried := 0
	proofs(t, "aes_gmac", func(t *testing.T, g proofGroup, p proofTest) {
		if len(p.IV) != 12 || len(p.Tag) != 16 {
			return
		}
		tried++
		aead, err := aesgcm.New(p.Key, 16)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := aead.Open(nil, p.IV, p.Tag, p.Msg); (err == nil) != p.valid() {
			t.Errorf("%d %s: got %v", p.TcID, p.Comment, err)
		}
	})
	if tried == 0 {
		t.Error("no test tried")
	}
}

func TestChaCha20Poly1305Wycheproof(t *testing.T) {
	tried := 0
	proofs(t, "chacha20_poly1305", func(t *testing.T, g proofGroup, p proofTest) {
		if len(p.IV) != 12 {
			return
		}
		tried++
		transform := encrID(wire.EncrChaCha20Poly1305, 0)
		props, err := lookupEncryption(transform)
		if err != nil {
			t.Fatal(err)
		}
		salted, err := newAEAD(transform, props, append(bytes.Clone(p.Key), p.IV[:4]...))
		if err != nil {
			t.Fatal(err)
		}
		got, err := salted.Open(nil, salted.with(p.IV[4:]), append(bytes.Clone(p.CT), p.Tag...), p.AAD)
		if (err == nil) != p.valid() || err == nil && !bytes.Equal(got, p.Msg) {
			t.Errorf("%d %s: got %x, %v", p.TcID, p.Comment, got, err)
		}
	})
	if tried == 0 {
		t.Error("no test tried")
	}
}
