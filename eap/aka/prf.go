package aka

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"culvert/secret"
)

// fips186 is the generator of FIPS 186-2, change notice 1, as RFC 4187, Appendix A, has it: from a key of 160 bits, and without a
// seed of the user.
func fips186(key []byte, n int) secret.Bytes {
	xkey := [20]byte(key)
	out := make(secret.Bytes, 0, n+20)
	for len(out) < n {
		w := compress(xkey)
		out = append(out, w[:]...)
		carry := uint16(1) // XKEY = (1 + XKEY + w) mod 2^160
		for i := len(xkey) - 1; i >= 0; i-- {
			carry += uint16(xkey[i]) + uint16(w[i])
			xkey[i] = byte(carry)
			carry >>= 8
		}
	}
	clear(xkey[:])
	return out[:n]
}

// compress is the function G of the generator: one block of SHA-1 without padding (FIPS 186-2, Appendix 3.3). The hash functions
// of the library always pad.
func compress(in [20]byte) (out [20]byte) {
	var w [80]uint32
	for i := range 5 {
		w[i] = binary.BigEndian.Uint32(in[4*i:])
	}
	for i := 16; i < 80; i++ {
		w[i] = bits.RotateLeft32(w[i-3]^w[i-8]^w[i-14]^w[i-16], 1)
	}
	start := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	a, b, c, d, e := start[0], start[1], start[2], start[3], start[4]
	for i := range w {
		f, k := round(i, b, c, d)
		a, b, c, d, e = bits.RotateLeft32(a, 5)+f+e+w[i]+k, a, bits.RotateLeft32(b, 30), c, d
	}
	for i, v := range [5]uint32{a, b, c, d, e} {
		binary.BigEndian.PutUint32(out[4*i:], start[i]+v)
	}
	clear(w[:])
	return out
}

// round is the function and the constant of one round of SHA-1 (FIPS 180-4, Section 4.1.1 and Section 4.2.1).
func round(i int, b, c, d uint32) (f, k uint32) {
	switch i / 20 {
	case 0:
		return b&c | ^b&d, 0x5a827999
	case 1:
		return b ^ c ^ d, 0x6ed9eba1
	case 2:
		return b&c | b&d | c&d, 0x8f1bbcdc
	}
	return b ^ c ^ d, 0xca62c1d6
}

// prfPrime is PRF' (RFC 9048, Section 3.4.1).
func prfPrime(key, seed []byte, n int) secret.Bytes {
	out := make(secret.Bytes, 0, n+sha256.Size)
	var last []byte
	for i := byte(1); len(out) < n; i++ {
		h := hmac.New(sha256.New, key)
		h.Write(last)
		h.Write(seed)
		h.Write([]byte{i})
		last = h.Sum(nil)
		out = append(out, last...)
	}
	return out[:n]
}
