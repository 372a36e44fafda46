package sim

import (
	"encoding/binary"
	"net/netip"

	"culvert/checksum"
)

// canary stands in every inner packet. It is seen on the network only where something leaks.
const canary = "the canary that must never be seen outside "

const protocolUDP = 17

// udp makes an IP packet with a UDP datagram, checksums included.
func udp(from, to netip.AddrPort, payload []byte) []byte {
	segment := binary.BigEndian.AppendUint16(nil, from.Port())
	segment = binary.BigEndian.AppendUint16(segment, to.Port())
	segment = binary.BigEndian.AppendUint16(segment, uint16(udpHeader+len(payload)))
	segment = append(segment, 0, 0)
	segment = append(segment, payload...)
	binary.BigEndian.PutUint16(segment[6:], udpSum(from.Addr(), to.Addr(), segment))
	if from.Addr().Is4() {
		return append(header4(from.Addr(), to.Addr(), len(segment)), segment...)
	}
	return append(header6(from.Addr(), to.Addr(), len(segment)), segment...)
}

func header4(from, to Address, n int) []byte {
	h := make([]byte, ipv4Header, ipv4Header+n)
	h[0], h[8], h[9] = 0x45, 64, protocolUDP
	binary.BigEndian.PutUint16(h[2:], uint16(ipv4Header+n))
	copy(h[12:], from.AsSlice())
	copy(h[16:], to.AsSlice())
	binary.BigEndian.PutUint16(h[10:], ^checksum.Fold(checksum.Add(h, 0)))
	return h
}

func header6(from, to Address, n int) []byte {
	h := make([]byte, ipv6Header, ipv6Header+n)
	h[0], h[6], h[7] = 0x60, protocolUDP, 64
	binary.BigEndian.PutUint16(h[4:], uint16(n))
	copy(h[8:], from.AsSlice())
	copy(h[24:], to.AsSlice())
	return h
}

// udpSum is the checksum of a UDP datagram whose checksum field is zero (RFC 768).
func udpSum(from, to Address, segment []byte) uint16 {
	pseudo := append(from.AsSlice(), to.AsSlice()...)
	pseudo = append(pseudo, 0, protocolUDP)
	pseudo = binary.BigEndian.AppendUint16(pseudo, uint16(len(segment)))
	if s := ^checksum.Fold(checksum.Add(segment, checksum.Add(pseudo, 0))); s != 0 {
		return s
	}
	return 0xffff
}

// A datagram is what is read of an inner packet.
type datagram struct {
	from, to netip.AddrPort
	payload  []byte
	sound    bool // its checksum is right
}

// readUDP reads an inner packet. ok is false when it is none of ours.
func readUDP(b []byte) (d datagram, ok bool) {
	head, width := ipv4Header, 4
	if len(b) > 0 && b[0]>>4 == 6 {
		head, width = ipv6Header, 16
	}
	if len(b) < head+udpHeader {
		return d, false
	}
	addresses := b[head-2*width : head]
	from, _ := netip.AddrFromSlice(addresses[:width])
	to, _ := netip.AddrFromSlice(addresses[width:])
	segment := append([]byte(nil), b[head:]...)
	if n := int(binary.BigEndian.Uint16(segment[4:])); n >= udpHeader && n <= len(segment) {
		segment = segment[:n]
	}
	was := binary.BigEndian.Uint16(segment[6:])
	segment[6], segment[7] = 0, 0
	d.from, d.to = at(from, binary.BigEndian.Uint16(segment)), at(to, binary.BigEndian.Uint16(segment[2:]))
	d.payload, d.sound = segment[udpHeader:], was == udpSum(from, to, segment)
	return d, true
}
