package spd

import "errors"

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
func ParseFlow(pkt []byte) (Flow, PacketInfo, error) { return Flow{}, PacketInfo{}, ErrTruncated }
