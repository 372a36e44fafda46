package esp

import "net/netip"

// A TransportHeader is the IP header that a transport mode packet gets back on receipt.
type TransportHeader struct {
	Source, Destination netip.Addr // as the packet arrived
	// OriginalSource and OriginalDestination are the addresses before NAT (RFC 7296, Section 2.23.1), invalid without NAT:
	// transport checksums were computed over them (RFC 3948, Section 3.1.2).
	OriginalSource, OriginalDestination netip.Addr
	TrafficClass                        uint8
	HopLimit                            uint8
}

// Append appends the IP packet that carries payload to dst and mends the checksum of TCP or UDP in it.
func (h *TransportHeader) Append(dst, payload []byte, nextHeader uint8) ([]byte, error) {
	return dst, ErrMalformed
}

// SplitTransport finds the payload that transport mode protects in an outbound packet (RFC 4303, Section 3.1.1).
func SplitTransport(pkt []byte) (payload []byte, nextHeader uint8, err error) {
	return nil, 0, ErrMalformed
}
