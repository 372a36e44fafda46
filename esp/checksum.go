package esp

import (
	"encoding/binary"
	"net/netip"
)

// A checksum is a sum of 16-bit words that has not been folded yet (RFC 1071). Sums of up to 2^48 words do not overflow.
type checksum uint64

// add adds the words of b, the last octet padded with zero.
func (c checksum) add(b []byte) checksum {
	for len(b) >= 8 {
		v := binary.BigEndian.Uint64(b)
		c += checksum(v>>32) + checksum(v&0xffffffff)
		b = b[8:]
	}
	for len(b) >= 2 {
		c += checksum(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		c += checksum(b[0]) << 8
	}
	return c
}

// addAddr adds the words of an address.
func (c checksum) addAddr(a netip.Addr) checksum {
	if a.Is4() {
		b := a.As4()
		return c.add(b[:])
	}
	b := a.As16()
	return c.add(b[:])
}

// fold returns the checksum field: the complement of the sum in 16 bits.
func (c checksum) fold() uint16 {
	for c > 0xffff {
		c = c>>16 + c&0xffff
	}
	return ^uint16(c)
}

// pseudo is the sum of the header that transport checksums cover (RFC 9293, Section 3.1; RFC 8200, Section 8.1).
func pseudo(source, destination netip.Addr, protocol uint8, n int) checksum {
	return checksum(0).addAddr(source).addAddr(destination) + checksum(protocol) + checksum(n>>16) + checksum(n&0xffff)
}

// replace returns a checksum field after the words in was have become those in is: HC' = ~(~HC + ~m + m') (RFC 1624).
func replace(field uint16, was, is checksum) uint16 {
	return (checksum(^field) + checksum(was.fold()) + is).fold()
}
