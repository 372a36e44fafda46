package iptfs

import "encoding/binary"

// A block is a data block: an IP packet, or padding up to the end of the payload (RFC 9347, Section 6.1.3). Its first four
// bits are the IP version, or 0.
const (
	typePad  = 0
	typeIPv4 = 4
	typeIPv6 = 6
)

const (
	headerLen4 = 20
	headerLen6 = 40
	// MaxPacket is the length of the longest inner packet: what IPv4 can say and a BlockOffset can point behind.
	MaxPacket = 1<<16 - 1
	// tellLen is how many octets of any data block tell its length.
	tellLen = 6
)

// A shape is what the first octets of a data block say.
type shape uint8

const (
	shapePacket shape = iota // a packet of a known length
	shapePad                 // padding up to the end
	shapeShort               // too few octets to tell
	shapeBad                 // neither, or impossible
)

// measure tells what the data block at the start of b is, and how long a packet is.
func measure(b []byte) (int, shape) {
	if len(b) == 0 {
		return 0, shapeShort
	}
	switch b[0] >> 4 {
	case typePad:
		return len(b), shapePad
	case typeIPv4:
		return measure4(b)
	case typeIPv6:
		return measure6(b)
	}
	return 0, shapeBad
}

func measure4(b []byte) (int, shape) {
	if len(b) < 4 {
		return 0, shapeShort
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < headerLen4 {
		return 0, shapeBad
	}
	return n, shapePacket
}

func measure6(b []byte) (int, shape) {
	if len(b) < tellLen {
		return 0, shapeShort
	}
	n := headerLen6 + int(binary.BigEndian.Uint16(b[4:]))
	if n > MaxPacket {
		return 0, shapeBad
	}
	return n, shapePacket
}
