//go:build !amd64 || purego

package aesgcm

import "crypto/cipher"

// An AEAD is AES-GCM under one key. With short tags it is for one goroutine at a time.
type AEAD struct{ library cipher.AEAD }

func fastest() Implementation { return Library }

func newAEAD(_ Implementation, key []byte, tagSize int) (*AEAD, error) {
	library, err := newLibrary(key, tagSize)
	return &AEAD{library}, err
}

// NonceSize returns 12.
func (a *AEAD) NonceSize() int { return nonceSize }

// Overhead returns the length of the tag in octets.
func (a *AEAD) Overhead() int { return a.library.Overhead() }

// Seal encrypts plaintext, authenticates it with aad, and appends ciphertext and tag to dst. The ciphertext may go to
// where the plaintext lies, or nowhere near it. It panics if the nonce is not 12 octets long.
func (a *AEAD) Seal(dst, nonce, plaintext, aad []byte) []byte {
	return a.library.Seal(dst, nonce, plaintext, aad)
}

// Open authenticates ciphertext, tag included, with aad, and appends the plaintext to dst; the same rules hold as for
// Seal. When it returns ErrAuthentication, nothing of the plaintext is left behind: the room for it is cleared.
func (a *AEAD) Open(dst, nonce, ciphertext, aad []byte) ([]byte, error) {
	text, err := a.library.Open(dst, nonce, ciphertext, aad)
	if err != nil {
		return nil, ErrAuthentication
	}
	return text, nil
}

// Clear drops the key; the AEAD is not to be used any more. The standard library gives no access to its copy.
func (a *AEAD) Clear() { a.library = nil }
