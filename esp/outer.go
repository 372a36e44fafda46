package esp

import (
	"encoding/binary"
	"net/netip"

	"culvert/checksum"
)

// DF is what becomes of the don't-fragment bit (RFC 4301, Section 8.1).
type DF uint8

// The treatments of DF.
const (
	DFCopy DF = iota
	DFSet
	DFClear
)

// defaultHopLimit is the TTL of headers whose maker names none (RFC 1700).
const defaultHopLimit = 64

const flagDF = 0x4000

// An Outer describes the tunnel header of an SA. These fields follow from the inner header, or from the SA (RFC 4301,
// Section 5.1.2):
//
//	DSCP                  copied or set
//	ECN                   copied (RFC 6040, Section 4.1, normal mode)
//	DF                    copied, set or cleared; set over IPv6, which routers never fragment
//	identification        of the caller, zero when DF is set (RFC 6864, Section 4.1)
//	TTL, hop limit        constructed; the inner one is lowered by whoever forwards the packet, not here
//	options, extension headers, flow label: never copied
type Outer struct {
	Source, Destination netip.Addr
	Protocol            uint8 // 50 for ESP, 17 for ESP in UDP
	NoECN               bool  // the outer packet has no congestion mark, whatever the inner one has
	CopyDSCP            bool  // the outer DSCP is the inner one, otherwise DSCP
	DSCP                uint8 // 0 to 63
	DF                  DF
	HopLimit            uint8 // 0 means 64
}

// TrafficClass returns the outer TOS or traffic class octet for an inner one.
func (o *Outer) TrafficClass(inner uint8) uint8 {
	class := o.DSCP<<2 | inner&ecnMask
	if o.CopyDSCP {
		class = inner
	}
	if o.NoECN {
		class &^= ecnMask
	}
	return class
}

// DontFragment returns the outer DF for an inner IP packet.
func (d DF) DontFragment(inner []byte) bool {
	switch {
	case d == DFSet:
		return true
	case d == DFClear || len(inner) < headerLen4:
		return false
	}
	return inner[0]>>4 != 4 || binary.BigEndian.Uint16(inner[6:])&flagDF != 0
}

// Append appends the outer header for inner, with n octets to follow it. id is the IPv4 identification of packets that
// may be fragmented. Source and Destination must be of one family.
func (o *Outer) Append(dst, inner []byte, n int, id uint16) ([]byte, error) {
	if len(inner) < headerLen4 || o.Source.BitLen() != o.Destination.BitLen() {
		return dst, ErrMalformed
	}
	h := header{o.Source, o.Destination, o.TrafficClass(trafficClass(inner)), o.HopLimit, o.Protocol, id, o.DF.DontFragment(inner)}
	return h.append(dst, n)
}

// header is an IP header without options, of either version.
type header struct {
	source, destination netip.Addr
	trafficClass        uint8
	hopLimit            uint8 // 0 means 64
	protocol            uint8
	id                  uint16
	df                  bool
}

// append appends the header of a packet with n octets of payload.
func (h *header) append(dst []byte, n int) ([]byte, error) {
	if h.hopLimit == 0 {
		h.hopLimit = defaultHopLimit
	}
	if h.source.Is4() {
		return h.append4(dst, n)
	}
	return h.append6(dst, n)
}

func (h *header) append4(dst []byte, n int) ([]byte, error) {
	if n < 0 || headerLen4+n > 0xffff {
		return dst, ErrTooBig
	}
	var b [headerLen4]byte
	b[0], b[1], b[8], b[9] = 0x45, h.trafficClass, h.hopLimit, h.protocol
	binary.BigEndian.PutUint16(b[2:], uint16(headerLen4+n))
	if h.df {
		binary.BigEndian.PutUint16(b[6:], flagDF)
	} else {
		binary.BigEndian.PutUint16(b[4:], h.id)
	}
	s, d := h.source.As4(), h.destination.As4()
	copy(b[12:], s[:])
	copy(b[16:], d[:])
	binary.BigEndian.PutUint16(b[10:], ^checksum.Fold(checksum.Add(b[:], 0)))
	return append(dst, b[:]...), nil
}

func (h *header) append6(dst []byte, n int) ([]byte, error) {
	if n < 0 || n > 0xffff {
		return dst, ErrTooBig
	}
	var b [headerLen6]byte
	b[0], b[1], b[6], b[7] = 0x60|h.trafficClass>>4, h.trafficClass<<4, h.protocol, h.hopLimit
	binary.BigEndian.PutUint16(b[4:], uint16(n))
	s, d := h.source.As16(), h.destination.As16()
	copy(b[8:], s[:])
	copy(b[24:], d[:])
	return append(dst, b[:]...), nil
}
