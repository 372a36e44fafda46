package aesgcm

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// library is AES-GCM of the standard library.
type library struct{ cipher.AEAD }

func newLibrary(key []byte, tagSize int) (*library, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	full, err := cipher.NewGCM(block)
	if err != nil || tagSize == blockSize {
		return &library{full}, err
	}
	return &library{&short{full: full, tagSize: tagSize}}, nil
}

func (l *library) Open(dst, nonce, ciphertext, aad []byte) ([]byte, error) {
	text, err := l.AEAD.Open(dst, nonce, ciphertext, aad)
	if err != nil {
		return nil, ErrAuthentication
	}
	return text, nil
}

func (l *library) Fetch() {}
func (l *library) Clear() { l.AEAD = nil }

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
