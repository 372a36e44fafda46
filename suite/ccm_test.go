package suite

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
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

// referenceCCM is CCM spelled out from RFC 3610, Section 2, with the CBC and CTR of the standard library.
func referenceCCM(t *testing.T, key, nonce, text, aad []byte, icv int) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	flags := byte(icv-2)/2*8 + 3
	if len(aad) > 0 {
		flags += 64
	}
	blocks := append([]byte{flags}, nonce...)
	blocks = binary.BigEndian.AppendUint32(blocks, uint32(len(text)))
	if n := len(aad); n > 0 && n < 0xff00 {
		blocks = binary.BigEndian.AppendUint16(blocks, uint16(n))
	} else if n > 0 {
		blocks = binary.BigEndian.AppendUint32(append(blocks, 0xff, 0xfe), uint32(n))
	}
	for _, part := range [][]byte{aad, text} {
		blocks = append(blocks, part...)
		blocks = append(blocks, make([]byte, (16-len(blocks)%16)%16)...)
	}
	cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(blocks, blocks)
	counter := append(append([]byte{3}, nonce...), 0, 0, 0, 0)
	sealed := append(bytes.Clone(blocks[len(blocks)-16:]), text...)
	cipher.NewCTR(block, counter).XORKeyStream(sealed, sealed)
	return append(sealed[16:], sealed[:icv]...)
}

func TestCCMAgainstReference(t *testing.T) {
	r := testRand(14)
	key, nonce := randomOctets(r, 32), randomOctets(r, ccmNonce)
	c, err := newCCM(key, 12)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 8, 12, 14, 15, 16, 30, 31, 0xfeff, 0xff00, 0xff0a, 0xff0b, 0x10000} {
		for _, length := range []int{0, 1, 15, 16, 17, 127, 128, 129, 1500} {
			text, aad := randomOctets(r, length), randomOctets(r, n)
			if want := referenceCCM(t, key, nonce, text, aad, 12); !bytes.Equal(c.Seal(nil, nonce, text, aad), want) {
				t.Errorf("text of %d, associated data of %d octets: sealed otherwise", length, n)
			}
		}
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
