package aesgcm

import "crypto/fips140"

// An Implementation is one way to compute AES-GCM.
type Implementation uint8

// The implementations, from the one that is always there to the fastest.
const (
	Library Implementation = iota // crypto/aes and crypto/cipher
	AVX2                          // vectors of two blocks
	AVX512                        // vectors of four blocks
)

// String returns the name as status shows it.
func (i Implementation) String() string {
	switch i {
	case AVX512:
		return "VAES, AVX-512"
	case AVX2:
		return "VAES, AVX2"
	}
	return "Go standard library"
}

// Selected returns the implementation that New uses on this machine.
func Selected() Implementation {
	if fips140.Enabled() { // the validated module is the standard library's
		return Library
	}
	return fastest()
}
