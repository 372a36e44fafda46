package aesgcm

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// newLibrary returns AES-GCM of the standard library.
func newLibrary(key []byte, tagSize int) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	full, err := cipher.NewGCM(block)
	if err != nil || tagSize == blockSize {
		return full, err
	}
	return &short{full: full, tagSize: tagSize}, nil
}

// short is AES-GCM with a tag of 8 or 12 octets (RFC 4106, Section 6). The standard library does not offer the former, and
// on amd64 it may write up to three octets behind the latter. It costs a second pass when opening, and is for one
// goroutine at a time.
type short struct {
	full    cipher.AEAD
	tagSize int
	scratch []byte // grows to the longest text once
}

func (g *short) NonceSize() int { return g.full.NonceSize() }
func (g *short) Overhead() int  { return g.tagSize }

func (g *short) Seal(dst, nonce, plaintext, aad []byte) []byte {
	g.scratch = g.full.Seal(g.scratch[:0], nonce, plaintext, aad)
	return append(dst, g.scratch[:len(plaintext)+g.tagSize]...)
}

// Open decrypts by encrypting, since GCM encrypts by XOR, and encrypts the result again to learn the whole tag.
func (g *short) Open(dst, nonce, ciphertext, aad []byte) ([]byte, error) {
	end := len(ciphertext) - g.tagSize
	if end < 0 {
		return nil, ErrAuthentication
	}
	g.scratch = g.full.Seal(g.scratch[:0], nonce, ciphertext[:end], aad)
	tag := ciphertext[end:]
	whole, text := extend(dst, end)
	copy(text, g.scratch)
	g.scratch = g.full.Seal(g.scratch[:0], nonce, text, aad)
	if subtle.ConstantTimeCompare(g.scratch[end:end+g.tagSize], tag) != 1 {
		clear(text)
		return nil, ErrAuthentication
	}
	return whole, nil
}
