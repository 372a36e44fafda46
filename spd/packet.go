package spd

import (
	"encoding/binary"
	"errors"
)

// Errors of ParseFlow. Such packets match no policy and are dropped.
var (
	// ErrTruncated means that a header reaches beyond the packet.
	ErrTruncated = errors.New("packet too short for its headers")
	// ErrVersion means that the packet is neither IPv4 nor IPv6.
	ErrVersion = errors.New("neither IPv4 nor IPv6")
	// ErrHeader means that the headers contradict themselves.
	ErrHeader = errors.New("malformed IP header")
	// ErrTooManyHeaders means that the chain of IPv6 extension headers is longer than MaxExtensionHeaders.
	ErrTooManyHeaders = errors.New("too many IPv6 extension headers")
	// ErrTinyFragment means that TCP's header is spread over fragments, or overlapped, as attacks on filters do
	// (RFC 4301, Section 7.2; RFC 1858, Section 3).
	ErrTinyFragment = errors.New("tiny or overlapping fragment")
)

// MaxExtensionHeaders is the longest chain of IPv6 extension headers that is followed: RFC 8200 knows six kinds, and real
// packets carry one or two.
const MaxExtensionHeaders = 8

// PacketInfo is what ParseFlow sees of a packet besides its flow.
type PacketInfo struct {
	Version        uint8
	TrafficClass   uint8  // DSCP and ECN
	HopLimit       uint8  // or TTL
	DontFragment   bool   // DF of IPv4; true for IPv6
	HeaderLength   int    // octets before the next layer protocol, extension headers included
	Length         int    // octets of the packet by its own account; what follows is padding
	Fragment       bool   // one of several fragments
	More           bool   // not the last fragment
	FragmentOffset int    // octets of the fragmented part before this fragment
	ID             uint32 // of the fragments of one packet
	Extensions     bool   // the packet has IPv4 options or IPv6 extension headers
}

// ParseFlow reads the flow of an IP packet. It allocates nothing and keeps nothing of pkt.
//
// A fragment that is not the first, and one whose next layer header begins further on, has an Opaque flow (RFC 4301,
// Section 7); see FragmentTable for the ports of such. pkt may be longer than the packet in it.
func ParseFlow(pkt []byte) (f Flow, i PacketInfo, err error) {
	if err = Parse(pkt, &f, &i); err != nil {
		return Flow{}, PacketInfo{}, err
	}
	return f, i, nil
}

// Parse is ParseFlow into what the caller has. After an error f and i are undefined.
func Parse(pkt []byte, f *Flow, i *PacketInfo) error {
	if len(pkt) == 0 {
		return ErrTruncated
	}
	switch pkt[0] >> 4 {
	case 4:
		return parse4(pkt, len(pkt), f, i)
	case 6:
		return parse6(pkt, len(pkt), f, i)
	}
	return ErrVersion
}

// readPorts fills in the selector fields of the next layer protocol, which follows in payload.
func (f *Flow) readPorts(payload []byte) {
	switch {
	case twoPorts(f.Protocol) && len(payload) >= 4:
		f.SourcePort = binary.BigEndian.Uint16(payload)
		f.DestinationPort = binary.BigEndian.Uint16(payload[2:])
	case f.Protocol == protoMobility && len(payload) >= 3:
		f.SourcePort = uint16(payload[2]) << 8
		f.DestinationPort = f.SourcePort
	case (f.Protocol == protoICMP || f.Protocol == protoICMPv6) && len(payload) >= 2:
		f.SourcePort = binary.BigEndian.Uint16(payload)
		f.DestinationPort = f.SourcePort
	default:
		f.Opaque = true
	}
}

// Octets of TCP that its first fragment must hold: up to the flags and beyond, so that filters see them.
const (
	tinyOffset = 8
	tinyLength = 16
)

// checkTiny refuses fragments that split or overwrite the header of TCP (RFC 1858, Sections 3.1.1 and 4).
func checkTiny(f *Flow, i *PacketInfo) error {
	if f.Protocol != protoTCP || !i.Fragment {
		return nil
	}
	first := i.FragmentOffset == 0 && i.Length-i.HeaderLength < tinyLength
	if first || i.FragmentOffset == tinyOffset {
		return ErrTinyFragment
	}
	return nil
}
