//go:build !amd64 || purego

package aesgcm

func fastest() Implementation { return Library }

func newAEAD(_ Implementation, key []byte, tagSize int) (AEAD, error) {
	return newLibrary(key, tagSize)
}
