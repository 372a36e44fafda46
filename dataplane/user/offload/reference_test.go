package offload

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
)

// What follows is slow and obvious on purpose: the judge of the fast code.

// slowSum is the ones' complement sum, word by word.
func slowSum(b []byte) uint16 {
	var s uint32
	for i := 0; i < len(b); i += 2 {
		w := uint32(b[i]) << 8
		if i+1 < len(b) {
			w |= uint32(b[i+1])
		}
		s += w
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// slowPseudo is the pseudo header as octets.
func slowPseudo(p []byte, protocol uint8, n int) []byte {
	var b []byte
	if p[0]>>4 == 4 {
		b = append(b, p[12:20]...)
	} else {
		b = append(b, p[8:40]...)
	}
	return binary.BigEndian.AppendUint16(append(b, 0, protocol), uint16(n))
}

// A packetSpec describes a packet of TCP or UDP.
type packetSpec struct {
	v6, udp  bool
	source   uint16
	tos      uint8
	ttl      uint8
	df       bool
	id       uint16
	sequence uint32
	ack      uint32
	flags    uint8
	window   uint16
	options  []byte // multiple of four
	payload  []byte
}

func (s packetSpec) transport() int {
	if s.v6 {
		return ipv6Header
	}
	return ipv4Header
}

func (s packetSpec) protocol() uint8 {
	if s.udp {
		return protocolUDP
	}
	return protocolTCP
}

func (s packetSpec) checksumOffset() int {
	if s.udp {
		return udpChecksum
	}
	return tcpChecksum
}

// build makes the packet with its checksums.
func (s packetSpec) build() []byte {
	t := s.transportHeader()
	t = append(t, s.payload...)
	p := append(s.networkHeader(len(t)), t...)
	c := ^slowSum(append(slowPseudo(p, s.protocol(), len(t)), t...))
	if s.udp && c == 0 {
		c = 0xffff
	}
	binary.BigEndian.PutUint16(p[s.transport()+s.checksumOffset():], c)
	return p
}

func (s packetSpec) networkHeader(n int) []byte {
	if s.v6 {
		p := make([]byte, ipv6Header)
		binary.BigEndian.PutUint32(p, 6<<28|uint32(s.tos)<<20|0x12345)
		binary.BigEndian.PutUint16(p[4:], uint16(n))
		p[6], p[7] = s.protocol(), s.ttl
		a, b := netip.MustParseAddr("fd00:1::1").As16(), netip.MustParseAddr("fd00:2::2").As16()
		copy(p[8:], a[:])
		copy(p[24:], b[:])
		return p
	}
	p := make([]byte, ipv4Header)
	p[0], p[1], p[8], p[9] = 0x45, s.tos, s.ttl, s.protocol()
	binary.BigEndian.PutUint16(p[2:], uint16(n+ipv4Header))
	binary.BigEndian.PutUint16(p[4:], s.id)
	if s.df {
		p[6] = 0x40
	}
	copy(p[12:], []byte{10, 1, 0, 1, 10, 2, 0, 2})
	binary.BigEndian.PutUint16(p[10:], ^slowSum(p))
	return p
}

func (s packetSpec) transportHeader() []byte {
	if s.udp {
		t := make([]byte, udpHeader)
		binary.BigEndian.PutUint16(t, s.source)
		binary.BigEndian.PutUint16(t[2:], 53)
		binary.BigEndian.PutUint16(t[4:], uint16(udpHeader+len(s.payload)))
		return t
	}
	t := make([]byte, tcpHeader)
	binary.BigEndian.PutUint16(t, s.source)
	binary.BigEndian.PutUint16(t[2:], 443)
	binary.BigEndian.PutUint32(t[4:], s.sequence)
	binary.BigEndian.PutUint32(t[8:], s.ack)
	t[12], t[13] = uint8((tcpHeader+len(s.options))/4<<4), s.flags
	binary.BigEndian.PutUint16(t[14:], s.window)
	return append(t, s.options...)
}

// super makes the super-packet as a device delivers it: header, and the pseudo header's sum for a checksum.
func (s packetSpec) super(size int, ecn bool) (Header, []byte) {
	p := s.build()
	at := s.transport() + s.checksumOffset()
	binary.BigEndian.PutUint16(p[at:], slowSum(slowPseudo(p, s.protocol(), len(p)-s.transport())))
	h := Header{
		Flags: needsChecksum, Type: gsoTCP4, Size: uint16(size), ChecksumStart: uint16(s.transport()),
		ChecksumOffset: uint16(s.checksumOffset()), HeaderLength: uint16(len(p) - len(s.payload)),
	}
	if s.v6 {
		h.Type = gsoTCP6
	}
	if s.udp {
		h.Type = gsoUDP
	}
	if ecn {
		h.Type |= gsoECN
	}
	return h, p
}

// cut is what cutting the super-packet must yield.
func (s packetSpec) cut(size int, ecn bool) [][]byte {
	var out [][]byte
	for rest := s.payload; ; {
		n := min(size, len(rest))
		one := s
		one.payload = rest[:n]
		rest = rest[n:]
		if len(rest) > 0 {
			one.flags &^= flagFIN | flagPSH
		}
		if ecn && len(out) > 0 {
			one.flags &^= flagCWR
		}
		out = append(out, one.build())
		s.sequence += uint32(n)
		s.id++
		if len(rest) == 0 {
			return out
		}
	}
}

// randomSpec draws a packet.
func randomSpec(r *rand.Rand, payload int) packetSpec {
	s := packetSpec{
		v6: r.IntN(2) == 0, udp: r.IntN(3) == 0, source: uint16(1000 + r.IntN(3)), tos: uint8(r.IntN(2)), ttl: 64,
		df: r.IntN(2) == 0, id: uint16(r.Uint32()), sequence: r.Uint32(), ack: r.Uint32(), flags: flagACK,
		window: uint16(r.Uint32()), payload: randomOctets(r, payload),
	}
	if r.IntN(2) == 0 {
		s.flags |= flagPSH
	}
	s.options = randomOctets(r, 4*r.IntN(4))
	return s
}

func randomOctets(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func (s packetSpec) String() string {
	return fmt.Sprintf("v6=%v udp=%v flags=%#x options=%d payload=%d", s.v6, s.udp, s.flags, len(s.options), len(s.payload))
}
