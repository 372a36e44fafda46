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

var _ cipher.AEAD = (*AEAD)(nil)

// New returns AES-GCM with a key of 16, 24 or 32 octets, of which no reference is kept, and tags of 8, 12 or 16 octets.
func New(key []byte, tagSize int) (*AEAD, error) { return newWith(Selected(), key, tagSize) }

func newWith(i Implementation, key []byte, tagSize int) (*AEAD, error) {
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
