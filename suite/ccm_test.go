package suite

import (
	"bytes"
	"testing"
)

// RFC 4309 fixes the nonce at 11 octets; Wycheproof varies it.
func TestCCMWycheproof(t *testing.T) {
	tried := map[int]int{}
	proofs(t, "aes_ccm", func(t *testing.T, g proofGroup, p proofTest) {
		icv := g.TagSize / 8
		if len(p.IV) != ccmNonce || icv != 8 && icv != 12 && icv != 16 {
			return
		}
		tried[icv]++
		c, err := newCCM(p.Key, icv)
		if err != nil {
			t.Fatal(err)
		}
		sealed := append(bytes.Clone(p.CT), p.Tag...)
		got, err := c.Open(nil, p.IV, sealed, p.AAD)
		if (err == nil) != p.valid() || err == nil && !bytes.Equal(got, p.Msg) {
			t.Errorf("%d %s: got %x, %v", p.TcID, p.Comment, got, err)
		}
		if p.valid() && !bytes.Equal(c.Seal(nil, p.IV, p.Msg, p.AAD), sealed) {
			t.Errorf("%d %s: sealed otherwise", p.TcID, p.Comment)
		}
	})
	if tried[16] == 0 {
		t.Errorf("tests tried by ICV length: %v", tried)
	}
}

// The length of the associated data is encoded in 2 octets below 0xff00 and in 6 from there on (RFC 3610, Section 2.2).
func TestCCMLongAssociatedData(t *testing.T) {
	c, err := newCCM(make([]byte, 16), 16)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, ccmNonce)
	for _, n := range []int{0, 1, 13, 14, 15, 0xfeff, 0xff00, 0x10000} {
		aad := make([]byte, n)
		sealed := c.Seal(nil, nonce, []byte("text"), aad)
		if got, err := c.Open(nil, nonce, sealed, aad); err != nil || string(got) != "text" {
			t.Errorf("%d octets: got %q, %v", n, got, err)
		}
		if _, err := c.Open(nil, nonce, sealed, append(aad, 0)); err != ErrAuthentication {
			t.Errorf("%d octets: one more zero is not noticed", n)
		}
	}
}

func TestCCMKeepsWhatIsBeforeAndClearsWhatFails(t *testing.T) {
	c, err := newCCM(make([]byte, 32), 8)
	if err != nil {
		t.Fatal(err)
	}
	if c.NonceSize() != 11 || c.Overhead() != 8 {
		t.Errorf("nonce of %d, overhead of %d octets", c.NonceSize(), c.Overhead())
	}
	nonce := make([]byte, ccmNonce)
	sealed := c.Seal([]byte("head"), nonce, []byte("plain text"), nil)
	if !bytes.HasPrefix(sealed, []byte("head")) {
		t.Errorf("Seal does not append: %x", sealed)
	}
	sealed[len(sealed)-1] ^= 1
	buffer := make([]byte, 0, 64)
	if _, err := c.Open(buffer, nonce, sealed[4:], nil); err != ErrAuthentication {
		t.Errorf("got %v, want ErrAuthentication", err)
	}
	if got := buffer[:10]; !bytes.Equal(got, make([]byte, 10)) {
		t.Errorf("unauthenticated plaintext left behind: %q", got)
	}
	if _, err := c.Open(nil, nonce, sealed[:7], nil); err != ErrAuthentication {
		t.Errorf("shorter than the ICV: got %v, want ErrAuthentication", err)
	}
	if _, err := newCCM(make([]byte, 15), 8); err == nil {
		t.Error("key of 15 octets accepted")
	}
}
