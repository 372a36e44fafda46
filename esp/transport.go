package esp

import (
	"encoding/binary"
	"net/netip"

	"culvert/checksum"
	"culvert/spd"
)

// SplitTransport finds the payload that transport mode protects in an outbound packet: what follows the IP header
// (RFC 4303, Section 3.1.1). Fragments are not carried in transport mode (RFC 4301, Section 4.1), and packets with options
// or extension headers are not either, because those belong before the ESP header, where sockets do not put them.
func SplitTransport(pkt []byte) (payload []byte, nextHeader uint8, err error) {
	f, i, err := spd.ParseFlow(pkt)
	switch {
	case err != nil:
		return nil, 0, ErrMalformed
	case i.Fragment:
		return nil, 0, ErrFragment
	case i.Extensions:
		return nil, 0, ErrNextHeader
	}
	return pkt[i.HeaderLength:i.Length], f.Protocol, nil
}

// A TransportHeader is the IP header that a transport mode packet gets back on receipt.
type TransportHeader struct {
	Source, Destination netip.Addr // as the packet arrived
	// OriginalSource and OriginalDestination are the addresses on the other side of a NAT (RFC 7296, Section 2.23.1), over
	// which the peer computed its transport checksum. They are not valid without NAT.
	OriginalSource, OriginalDestination netip.Addr
	TrafficClass                        uint8
	HopLimit                            uint8 // 0 means 64
}

// Append appends the IP packet that carries payload to dst and mends the checksum in it for the addresses that a NAT changed.
func (h *TransportHeader) Append(dst, payload []byte, nextHeader uint8) ([]byte, error) {
	if h.Source.BitLen() != h.Destination.BitLen() || !h.Source.IsValid() {
		return dst, ErrMalformed
	}
	ip := header{h.Source, h.Destination, h.TrafficClass, h.HopLimit, nextHeader, 0, true}
	out, err := ip.append(dst, len(payload))
	if err != nil {
		return dst, err
	}
	start := len(out)
	out = append(out, payload...)
	h.mend(out[start:], nextHeader)
	return out, nil
}

// mend corrects a transport checksum by the difference between the addresses (RFC 3948, Section 3.1.2, way (a)). Damage that
// the packet had before stays visible.
func (h *TransportHeader) mend(payload []byte, protocol uint8) {
	was, is := uint64(0), uint64(0)
	if h.OriginalSource.BitLen() == h.Source.BitLen() {
		was, is = addAddress(h.OriginalSource, was), addAddress(h.Source, is)
	}
	if h.OriginalDestination.BitLen() == h.Destination.BitLen() {
		was, is = addAddress(h.OriginalDestination, was), addAddress(h.Destination, is)
	}
	at := checksumOffset(protocol)
	if was == is || at == 0 || len(payload) < at+2 {
		return
	}
	field := binary.BigEndian.Uint16(payload[at:])
	if protocol == protoUDP && field == 0 {
		return // the sender computed none
	}
	field = checksum.Replace(field, checksum.Fold(was), checksum.Fold(is))
	if field == 0 && (protocol == protoUDP || protocol == protoUDPLite) {
		field = 0xffff
	}
	binary.BigEndian.PutUint16(payload[at:], field)
}

// checksumOffset tells where a protocol keeps a checksum that covers the addresses, 0 for those that do not.
func checksumOffset(protocol uint8) int {
	switch protocol {
	case protoTCP:
		return 16
	case protoUDP, protoUDPLite, protoDCCP:
		return 6
	case protoICMPv6:
		return 2
	}
	return 0
}
