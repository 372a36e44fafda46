package suite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// newGCM returns AES-GCM with an ICV of 8, 12 or 16 octets.
func newGCM(key []byte, icv int) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if icv < 12 {
		full, err := cipher.NewGCM(block)
		return &shortGCM{full: full, icv: icv}, err
	}
	return cipher.NewGCMWithTagSize(block, icv)
}

// shortGCM is AES-GCM with an ICV of 8 octets, which the standard library does not offer (RFC 4106, Section 6). It costs
// a second pass when opening. It is for one goroutine at a time.
type shortGCM struct {
	full    cipher.AEAD
	icv     int
	scratch []byte // grows to the longest text once
}

func (g *shortGCM) NonceSize() int { return g.full.NonceSize() }
func (g *shortGCM) Overhead() int  { return g.icv }

func (g *shortGCM) Seal(dst, nonce, plaintext, aad []byte) []byte {
	g.scratch = g.full.Seal(g.scratch[:0], nonce, plaintext, aad)
	return append(dst, g.scratch[:len(plaintext)+g.icv]...)
}

// Open decrypts by encrypting, since GCM encrypts by XOR, and encrypts the result again to learn the whole tag.
func (g *shortGCM) Open(dst, nonce, ciphertext, aad []byte) ([]byte, error) {
	end := len(ciphertext) - g.icv
	if end < 0 {
		return nil, ErrAuthentication
	}
	g.scratch = g.full.Seal(g.scratch[:0], nonce, ciphertext[:end], aad)
	n := len(dst)
	dst = append(dst, g.scratch[:end]...)
	g.scratch = g.full.Seal(g.scratch[:0], nonce, dst[n:], aad)
	if subtle.ConstantTimeCompare(g.scratch[end:end+g.icv], ciphertext[end:]) != 1 {
		clear(dst[n:])
		return nil, ErrAuthentication
	}
	return dst, nil
}
