package spd

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// uint128 is an address as a number, left-aligned: an IPv4 address takes the upper 32 bits.
type uint128 struct{ hi, lo uint64 }

func number(a netip.Addr) uint128 {
	if a.Is4() {
		b := a.As4()
		return uint128{hi: uint64(binary.BigEndian.Uint32(b[:])) << 32}
	}
	b := a.As16()
	return uint128{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (u uint128) addr(is4 bool) netip.Addr {
	if is4 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(u.hi>>32))
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], u.hi)
	binary.BigEndian.PutUint64(b[8:], u.lo)
	return netip.AddrFrom16(b)
}

// mask has the first n bits set.
func mask(n int) uint128 {
	if n <= 64 {
		return uint128{hi: ^uint64(0) << (64 - n)}
	}
	return uint128{^uint64(0), ^uint64(0) << (128 - n)}
}

func (u uint128) and(v uint128) uint128    { return uint128{u.hi & v.hi, u.lo & v.lo} }
func (u uint128) or(v uint128) uint128     { return uint128{u.hi | v.hi, u.lo | v.lo} }
func (u uint128) andNot(v uint128) uint128 { return uint128{u.hi &^ v.hi, u.lo &^ v.lo} }

// common counts the leading bits that u and v share.
func (u uint128) common(v uint128) int {
	if x := u.hi ^ v.hi; x != 0 {
		return bits.LeadingZeros64(x)
	}
	return 64 + bits.LeadingZeros64(u.lo^v.lo)
}

// nibble returns the four bits that follow the first n, a multiple of four.
func (u uint128) nibble(n int) int {
	if n < 64 {
		return int(u.hi >> (60 - n) & 0xf)
	}
	return int(u.lo >> (124 - n) & 0xf)
}

func lastAddr(p netip.Prefix) netip.Addr {
	is4 := p.Addr().Is4()
	return number(p.Addr()).or(uint128{^uint64(0), ^uint64(0)}.andNot(mask(p.Bits()))).addr(is4)
}

// covering returns the longest prefix that holds the whole address range.
func (s Selector) covering() netip.Prefix {
	n := min(number(s.Start).common(number(s.End)), s.Start.BitLen())
	return netip.PrefixFrom(s.Start, n).Masked()
}

// IsPrefix reports whether the address range is one prefix, and which.
func (s Selector) IsPrefix() (netip.Prefix, bool) {
	p := s.covering()
	return p, p.Addr() == s.Start && lastAddr(p) == s.End
}

// Prefixes appends the fewest prefixes that make up the address range, in order, at most 2*BitLen-2 of them.
func (s Selector) Prefixes(dst []netip.Prefix) []netip.Prefix {
	for start := s.Start; ; {
		p := largestFrom(start, s.End)
		dst = append(dst, p)
		last := lastAddr(p)
		if last == s.End {
			return dst
		}
		start = last.Next()
	}
}

// largestFrom returns the shortest prefix that starts with address start and does not pass end.
func largestFrom(start, end netip.Addr) netip.Prefix {
	n := start.BitLen()
	for n > 0 {
		p := netip.PrefixFrom(start, n-1)
		if p.Masked().Addr() != start || end.Less(lastAddr(p)) {
			break
		}
		n--
	}
	return netip.PrefixFrom(start, n)
}
