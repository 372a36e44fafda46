//go:build !purego

package aesgcm

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/cpu"

	"culvert/prefetch"
)

// vectors is AES-GCM by vectors of blocks. By itself it starts at a multiple of 64 octets, and so do its vectors of powers.
type vectors struct {
	key     key
	tagSize uint8
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

func newAEAD(i Implementation, key []byte, tagSize int) (AEAD, error) {
	if i == Library {
		return newLibrary(key, tagSize)
	}
	v := &vectors{tagSize: uint8(tagSize), with: i}
	v.key.expand(key)
	return v, nil
}

func (v *vectors) NonceSize() int { return nonceSize }
func (v *vectors) Overhead() int  { return int(v.tagSize) }
func (v *vectors) Clear()         { v.key = key{} }

// Fetch leaves out the powers that short packets do not need: long ones have the time.
func (v *vectors) Fetch() {
	const first = unsafe.Offsetof(v.key.powers) + (powers-8)*blockSize
	prefetch.Lines(unsafe.Add(unsafe.Pointer(v), first), unsafe.Sizeof(*v)-first)
}

func (v *vectors) Seal(dst, nonce, plaintext, aad []byte) []byte {
	n := len(plaintext)
	whole, room := extend(dst, n+int(v.tagSize))
	v.check(room[:n], plaintext, nonce)
	if v.tagSize == blockSize {
		v.key.seal(v.with, room[:n], plaintext, nonce, aad, (*[blockSize]byte)(room[n:]))
		return whole
	}
	var tag [blockSize]byte
	v.key.seal(v.with, room[:n], plaintext, nonce, aad, &tag)
	copy(room[n:], tag[:])
	return whole
}

func (v *vectors) Open(dst, nonce, ciphertext, aad []byte) ([]byte, error) {
	n := len(ciphertext) - int(v.tagSize)
	if n < 0 {
		return nil, ErrAuthentication
	}
	whole, room := extend(dst, n)
	v.check(room, ciphertext[:n], nonce)
	var tag [blockSize]byte
	v.key.open(v.with, room, ciphertext[:n], nonce, aad, &tag)
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

// check panics when a caller breaks the rules, as crypto/cipher does: no key any more, a nonce of another length, a text beyond
// the counter, or an overlap that would encrypt what is encrypted already.
func (v *vectors) check(out, in, nonce []byte) {
	if v.key.count == 0 {
		panic("aesgcm: no key")
	}
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
