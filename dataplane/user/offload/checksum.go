package offload

import (
	"encoding/binary"
	"math/bits"
)

// sum adds the octets of b, as 16-bit words of the host's byte order, to a running ones' complement sum (RFC 1071). Only
// the last b of a sum may have an odd length. The loads are as wide as the host has them.
func sum(b []byte, acc uint64) uint64 {
	var c uint64
	for len(b) >= 64 {
		acc, c = bits.Add64(acc, binary.NativeEndian.Uint64(b), 0)
		acc, c = bits.Add64(acc, binary.NativeEndian.Uint64(b[8:]), c)
		acc, c = bits.Add64(acc, binary.NativeEndian.Uint64(b[16:]), c)
		acc, c = bits.Add64(acc, binary.NativeEndian.Uint64(b[24:]), c)
		acc, c = bits.Add64(acc, binary.NativeEndian.Uint64(b[32:]), c)
		acc, c = bits.Add64(acc, binary.NativeEndian.Uint64(b[40:]), c)
		acc, c = bits.Add64(acc, binary.NativeEndian.Uint64(b[48:]), c)
		acc, c = bits.Add64(acc, binary.NativeEndian.Uint64(b[56:]), c)
		acc += c
		b = b[64:]
	}
	for len(b) >= 8 {
		acc, c = bits.Add64(acc, binary.NativeEndian.Uint64(b), 0)
		acc += c
		b = b[8:]
	}
	if len(b) > 0 {
		var rest [8]byte
		copy(rest[:], b)
		acc, c = bits.Add64(acc, binary.NativeEndian.Uint64(rest[:]), 0)
		acc += c
	}
	return acc
}

// fold reduces a running sum to 16 bits in network byte order.
func fold(acc uint64) uint16 {
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>16 + acc&0xffff
	acc = acc>>16 + acc&0xffff
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], uint16(acc))
	return binary.BigEndian.Uint16(b[:])
}

// addWord adds a 16-bit value to a running sum.
func addWord(v uint16, acc uint64) uint64 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return acc + uint64(binary.NativeEndian.Uint16(b[:])) // sums of a packet leave the upper bits free
}

// pseudo is the sum of the pseudo header of TCP or UDP in ip, whose addresses stand where its version puts them, for a
// transport packet of n octets (RFC 9293, Section 3.1; RFC 8200, Section 8.1).
func pseudo(ip []byte, protocol uint8, n int) uint64 {
	var acc uint64
	if ip[0]>>4 == 4 {
		acc = sum(ip[12:20], 0)
	} else {
		acc = sum(ip[8:40], 0)
	}
	acc = narrow(acc)
	return addWord(uint16(n), addWord(uint16(protocol), acc))
}

// narrow folds a sum to 32 bits and some, so that words can be added without a carry.
func narrow(acc uint64) uint64 { return acc>>32 + acc&0xffffffff }
