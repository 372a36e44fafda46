//go:build !purego

package aesgcm

import (
	"crypto/cipher"
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// An AEAD is AES-GCM under one key. It may be used by several goroutines at a time, but for short tags by Library,
// and but for Clear.
type AEAD struct {
	key     *key        // by itself it starts at a multiple of 64 octets, and so do its vectors of powers
	library cipher.AEAD // the one that does the work, or nil
	tagSize int
	with    Implementation
}

// fastest asks the processor, and whether the system keeps the vector registers.
func fastest() Implementation {
	x := &cpu.X86
	if !x.HasAES || !x.HasPCLMULQDQ || !x.HasAVX2 {
		return Library
	}
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512VAES && x.HasAVX512VPCLMULQDQ && x.HasBMI2 {
		return AVX512 // without asking the processor again, which takes a virtual machine 20 µs
	}
	const vaes, vpclmulqdq = 1 << 9, 1 << 10
	if f := features7(); f&vaes == 0 || f&vpclmulqdq == 0 {
		return Library
	}
	return AVX2
}

func newAEAD(i Implementation, key []byte, tagSize int) (*AEAD, error) {
	if i == Library {
		library, err := newLibrary(key, tagSize)
		return &AEAD{library: library, tagSize: tagSize}, err
	}
	return &AEAD{key: expand(key), tagSize: tagSize, with: i}, nil
}

// NonceSize returns 12.
func (a *AEAD) NonceSize() int { return nonceSize }

// Overhead returns the length of the tag in octets.
func (a *AEAD) Overhead() int { return a.tagSize }

// Clear overwrites the key; the AEAD is not to be used any more. The standard library gives no access to its copy.
func (a *AEAD) Clear() {
	if a.key != nil {
		*a.key = key{}
	}
	a.key, a.library = nil, nil // whoever goes on is stopped, rather than left to encrypt with a key of zeroes
}

// Seal encrypts plaintext, authenticates it with aad, and appends ciphertext and tag to dst. The ciphertext may go to
// where the plaintext lies, or nowhere near it. It panics if the nonce is not 12 octets long.
func (a *AEAD) Seal(dst, nonce, plaintext, aad []byte) []byte {
	if a.with == Library {
		return a.library.Seal(dst, nonce, plaintext, aad)
	}
	n := len(plaintext)
	whole, room := extend(dst, n+a.tagSize)
	check(room[:n], plaintext, nonce)
	if a.tagSize == blockSize {
		a.key.seal(a.with, room[:n], plaintext, nonce, aad, (*[blockSize]byte)(room[n:]))
		return whole
	}
	var tag [blockSize]byte
	a.key.seal(a.with, room[:n], plaintext, nonce, aad, &tag)
	copy(room[n:], tag[:])
	return whole
}

// Open authenticates ciphertext, tag included, with aad, and appends the plaintext to dst; the same rules hold as for
// Seal. When it returns ErrAuthentication, nothing of the plaintext is left behind: the room for it is cleared.
func (a *AEAD) Open(dst, nonce, ciphertext, aad []byte) ([]byte, error) {
	n := len(ciphertext) - a.tagSize
	if n < 0 {
		return nil, ErrAuthentication
	}
	if a.with == Library {
		text, err := a.library.Open(dst, nonce, ciphertext, aad)
		if err != nil {
			return nil, ErrAuthentication
		}
		return text, nil
	}
	whole, room := extend(dst, n)
	check(room, ciphertext[:n], nonce)
	var tag [blockSize]byte
	a.key.open(a.with, room, ciphertext[:n], nonce, aad, &tag)
	if !same(&tag, ciphertext[n:]) {
		clear(room)
		return nil, ErrAuthentication
	}
	return whole, nil
}

// same reports whether a tag, cut to the length of got, is got. It takes the same time wherever they differ.
func same(tag *[blockSize]byte, got []byte) bool {
	d := binary.NativeEndian.Uint64(tag[:]) ^ binary.NativeEndian.Uint64(got)
	switch len(got) {
	case 12:
		d |= uint64(binary.NativeEndian.Uint32(tag[8:]) ^ binary.NativeEndian.Uint32(got[8:]))
	case 16:
		d |= binary.NativeEndian.Uint64(tag[8:]) ^ binary.NativeEndian.Uint64(got[8:])
	}
	return d == 0
}

// check panics when a caller breaks the rules, as crypto/cipher does: a nonce of another length, a text beyond the
// counter, or an overlap that would encrypt what is encrypted already.
func check(out, in, nonce []byte) {
	if len(nonce) != nonceSize {
		panic("aesgcm: nonce is not 12 octets long")
	}
	if uint64(len(in)) > maxText {
		panic("aesgcm: text too long")
	}
	if len(in) == 0 {
		return
	}
	a, b := uintptr(unsafe.Pointer(&out[0])), uintptr(unsafe.Pointer(&in[0]))
	if a != b && a < b+uintptr(len(in)) && b < a+uintptr(len(out)) {
		panic("aesgcm: texts overlap")
	}
}
