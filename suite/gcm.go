//go:build !nullcipher

package suite

import (
	"crypto/cipher"

	"culvert/aesgcm"
)

func newGCM(key []byte, icv int) (cipher.AEAD, error) { return aesgcm.New(key, icv) }

// GCM names what computes AES-GCM on this machine.
func GCM() string { return aesgcm.Selected().String() }
