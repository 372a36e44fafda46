// Package checksum is the ones' complement sum of the Internet checksum (RFC 1071), in assembly for processors with AVX-512
// or AVX2 and in Go for all others and for programs built with the tag purego.
package checksum

import (
	"encoding/binary"
	"math/bits"
)

// Add adds the octets of b, as 16-bit words of the host's byte order, to a running sum. Only the last b of a sum may have
// an odd length. The sum is a number modulo 65535; Fold makes a checksum of it.
func Add(b []byte, sum uint64) uint64 {
	if len(b) < leastVectors {
		return addWords(b, sum)
	}
	return addVectors(b, sum)
}

// leastVectors is the length from which on vectors are worth a call.
const leastVectors = 96

// addWords adds as wide as Go can. It is the reference of the assembly, and takes what is too short for it.
func addWords(b []byte, sum uint64) uint64 {
	var c uint64
	for len(b) >= 64 {
		sum, c = bits.Add64(sum, binary.NativeEndian.Uint64(b), 0)
		sum, c = bits.Add64(sum, binary.NativeEndian.Uint64(b[8:]), c)
		sum, c = bits.Add64(sum, binary.NativeEndian.Uint64(b[16:]), c)
		sum, c = bits.Add64(sum, binary.NativeEndian.Uint64(b[24:]), c)
		sum, c = bits.Add64(sum, binary.NativeEndian.Uint64(b[32:]), c)
		sum, c = bits.Add64(sum, binary.NativeEndian.Uint64(b[40:]), c)
		sum, c = bits.Add64(sum, binary.NativeEndian.Uint64(b[48:]), c)
		sum, c = bits.Add64(sum, binary.NativeEndian.Uint64(b[56:]), c)
		sum += c
		b = b[64:]
	}
	for len(b) >= 8 {
		sum, c = bits.Add64(sum, binary.NativeEndian.Uint64(b), 0)
		sum += c
		b = b[8:]
	}
	if len(b) > 0 {
		var rest [8]byte
		copy(rest[:], b)
		sum, c = bits.Add64(sum, binary.NativeEndian.Uint64(rest[:]), 0)
		sum += c
	}
	return sum
}

// AddWord adds a 16-bit value. Unlike Add it needs a sum with room above, as Narrow leaves it.
func AddWord(v uint16, sum uint64) uint64 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return sum + uint64(binary.NativeEndian.Uint16(b[:]))
}

// Narrow folds a sum to 33 bits.
func Narrow(sum uint64) uint64 { return sum>>32 + sum&0xffffffff }

// Fold reduces a running sum to 16 bits in network byte order. The checksum is its complement.
func Fold(sum uint64) uint16 {
	sum = Narrow(Narrow(sum))
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], uint16(sum))
	return binary.BigEndian.Uint16(b[:])
}

// Replace returns a checksum field after the word was has become is: HC' = ~(~HC + ~m + m') (RFC 1624, Section 3).
func Replace(field, was, is uint16) uint16 {
	sum := uint32(^field) + uint32(^was) + uint32(is)
	sum = sum>>16 + sum&0xffff
	return ^uint16(sum>>16 + sum)
}
