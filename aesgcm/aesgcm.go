package aesgcm

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

const (
	nonceSize = 12
	blockSize = aes.BlockSize

	// maxText is the longest text under one nonce (SP 800-38D, Section 5.2.1.1).
	maxText = 1<<36 - 32
)

// ErrAuthentication is returned by Open when the text is not what was sealed with this key, nonce and associated data.
var ErrAuthentication = errors.New("AES-GCM: message authentication failed")

// An AEAD is AES-GCM under one key. It may be used by several goroutines at a time, but for short tags of Library, and but
// for Clear.
type AEAD interface {
	// AEAD's Seal encrypts plaintext, authenticates it with aad, and appends ciphertext and tag to dst. The ciphertext may go to
	// where the plaintext lies, or nowhere near it. It panics if the nonce is not 12 octets long. When Open returns
	// ErrAuthentication, nothing of the plaintext is left behind: the room for it is cleared.
	cipher.AEAD

	// Fetch asks the processor to have the key in its cache soon. Nothing is read; it may be called at any time.
	Fetch()

	// Clear overwrites the key as far as it is within reach: the standard library gives no access to its copy. The AEAD is not to be
	// used any more; whoever goes on is stopped by a panic.
	Clear()
}

// New returns AES-GCM with a key of 16, 24 or 32 octets, of which no reference is kept, and tags of 8, 12 or 16 octets.
func New(key []byte, tagSize int) (AEAD, error) { return newWith(Selected(), key, tagSize) }

func newWith(i Implementation, key []byte, tagSize int) (AEAD, error) {
	switch tagSize {
	case 8, 12, 16: // (RFC 4106, Section 6)
	default:
		return nil, fmt.Errorf("AES-GCM: tags of %d octets are not supported", tagSize)
	}
	switch len(key) {
	case 16, 24, 32:
		return newAEAD(i, key, tagSize)
	}
	return nil, aes.KeySizeError(len(key))
}

// extend returns dst with room for n octets more, and that room.
func extend(dst []byte, n int) (whole, room []byte) {
	total := len(dst) + n
	if cap(dst) >= total {
		whole = dst[:total]
	} else {
		whole = make([]byte, total)
		copy(whole, dst)
	}
	return whole, whole[len(dst):]
}
