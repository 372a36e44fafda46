//go:build nullcipher

package suite

import "crypto/cipher"

// nullGCM encrypts nothing and authenticates nothing. It takes the place of AES-GCM in builds that measure what packets cost
// besides cryptography, which are good for nothing else.
type nullGCM struct{ icv int }

func newGCM(_ []byte, icv int) (cipher.AEAD, error) { return nullGCM{icv}, nil }

// GCM names what computes AES-GCM on this machine.
func GCM() string { return "NOTHING: this build is for measurements and protects nothing" }

func (n nullGCM) NonceSize() int { return 12 }
func (n nullGCM) Overhead() int  { return n.icv }

func (n nullGCM) Seal(dst, _, plaintext, _ []byte) []byte {
	dst = n.pass(dst, plaintext)
	return append(dst, make([]byte, n.icv)...)
}

func (n nullGCM) Open(dst, _, ciphertext, _ []byte) ([]byte, error) {
	return n.pass(dst, ciphertext[:len(ciphertext)-n.icv]), nil
}

// pass appends text, which is not touched where it lies in place already.
func (n nullGCM) pass(dst, text []byte) []byte {
	if room := dst[len(dst):cap(dst)]; len(text) > 0 && len(room) >= len(text) && &room[0] == &text[0] {
		return dst[:len(dst)+len(text)]
	}
	return append(dst, text...)
}
