package offload

import (
	"encoding/binary"
	"math/bits"

	"culvert/checksum"
)

const (
	ipv4Header = 20 // without options
	ipv6Header = 40
	tcpHeader  = 20 // without options

	flagACK = 0x10
	flagECE = 0x40
)

// An inspection is what the Coalescer sees in a packet of TCP or UDP without IP options or extension headers.
type inspection struct {
	transport int // where the transport header begins
	head      int // where the payload begins
	udp       bool
	joinable  bool // has payload, and no flag that must stay on its own packet
}

// inspect reads the headers; ok is false for packets of which not even the ports can be told.
func inspect(p []byte) (in inspection, ok bool) {
	protocol, transport := network(p)
	in.transport = transport
	switch {
	case transport == 0:
		return in, false
	case protocol == protocolTCP && len(p) >= transport+tcpHeader:
		return in.tcp(p)
	case protocol == protocolUDP && len(p) >= transport+udpHeader:
		return in.datagram(p)
	}
	return in, false
}

// network returns the protocol behind a plain IP header and where it begins, 0 when the header is not plain or does not
// fit the packet.
func network(p []byte) (protocol uint8, transport int) {
	switch {
	case len(p) < ipv4Header:
	case p[0] == 0x45:
		whole := binary.BigEndian.Uint16(p[6:])&0x3fff == 0 // neither offset nor more fragments
		if whole && int(binary.BigEndian.Uint16(p[2:])) == len(p) {
			return p[9], ipv4Header
		}
	case p[0]>>4 == 6 && len(p) >= ipv6Header:
		if int(binary.BigEndian.Uint16(p[4:]))+ipv6Header == len(p) {
			return p[6], ipv6Header
		}
	}
	return 0, 0
}

func (in inspection) tcp(p []byte) (inspection, bool) {
	t := p[in.transport:]
	in.head = in.transport + int(t[12]>>4)*4
	if in.head < in.transport+tcpHeader || in.head > len(p) {
		return in, false
	}
	in.joinable = t[13]&^(flagPSH|flagECE) == flagACK && len(p) > in.head
	return in, true
}

func (in inspection) datagram(p []byte) (inspection, bool) {
	in.udp = true
	in.head = in.transport + udpHeader
	t := p[in.transport:]
	in.joinable = int(binary.BigEndian.Uint16(t[4:])) == len(t) && len(p) > in.head && (t[6] != 0 || t[7] != 0)
	return in, true
}

// FlowHash hashes the addresses and ports of an IP packet, the addresses alone where ports cannot be told. It is the same for
// both directions of a flow, and 0 for what is no packet. The upper bits are the better ones.
func FlowHash(p []byte) uint32 {
	var h uint64
	switch {
	case len(p) >= ipv4Header && p[0]>>4 == 4:
		h = both(uint64(binary.NativeEndian.Uint32(p[12:])), uint64(binary.NativeEndian.Uint32(p[16:])))
	case len(p) >= ipv6Header && p[0]>>4 == 6:
		source := mix(binary.NativeEndian.Uint64(p[8:])) ^ binary.NativeEndian.Uint64(p[16:])
		h = both(source, mix(binary.NativeEndian.Uint64(p[24:]))^binary.NativeEndian.Uint64(p[32:]))
	default:
		return 0
	}
	if at := portsAt(p); at > 0 && len(p) >= at+4 {
		h ^= both(uint64(binary.NativeEndian.Uint16(p[at:])), uint64(binary.NativeEndian.Uint16(p[at+2:])))
	}
	return uint32(mix(h^h>>32) >> 32)
}

// portsAt is where the ports of TCP or UDP lie behind a plain IP header, of whatever length it says the packet is; 0 is
// nowhere.
func portsAt(p []byte) int {
	protocol, at := p[9], ipv4Header
	switch {
	case p[0]>>4 == 6:
		protocol, at = p[6], ipv6Header
	case p[0] != 0x45 || binary.BigEndian.Uint16(p[6:])&0x3fff != 0:
		return 0
	}
	if protocol != protocolTCP && protocol != protocolUDP {
		return 0
	}
	return at
}

// both mixes two values, whatever their order.
func both(a, b uint64) uint64 { return mix(a+b) ^ bits.RotateLeft64(mix(a^b), 32) }

// slotOf picks one of 256 places for the flow of a packet.
func (in inspection) slotOf(p []byte) uint8 { return uint8(in.hash(p) >> 56) }

// hash hashes the addresses and ports of a packet.
func (in inspection) hash(p []byte) uint64 {
	var h uint64
	if in.transport == ipv4Header {
		h = binary.NativeEndian.Uint64(p[12:])
	} else {
		h = addresses6(p)
	}
	return mix(h ^ uint64(binary.NativeEndian.Uint32(p[in.transport:])))
}

// addresses6 hashes the addresses of an IPv6 packet.
func addresses6(p []byte) (h uint64) {
	for o := 8; o < 40; o += 8 {
		h = mix(h ^ binary.NativeEndian.Uint64(p[o:]))
	}
	return h
}

// mix spreads the bits of h over the upper ones.
func mix(h uint64) uint64 { return h * 0x9e3779b97f4a7c15 }

// valid verifies the checksums of a packet, which joining would otherwise renew.
func (in inspection) valid(p []byte) bool {
	if in.transport == ipv4Header && checksum.Fold(checksum.Add(p[:ipv4Header], 0)) != 0xffff {
		return false
	}
	protocol := uint8(protocolTCP)
	if in.udp {
		protocol = protocolUDP
	}
	t := p[in.transport:]
	return checksum.Fold(checksum.Add(t, pseudo(p, protocol, len(t)))) == 0xffff
}
