package esp

import "net/netip"

// AppendTooBig appends the ICMP message "fragmentation needed" (IPv4) or "packet too big" (IPv6) about pkt to dst. from is the
// source; when it is not of the packet's family, the packet's destination is. ok is false, and nothing appended, where
// ICMP forbids an answer.
func AppendTooBig(dst, pkt []byte, mtu int, from netip.Addr) (out []byte, ok bool) { return dst, false }

// AppendProhibited appends "communication administratively prohibited" about pkt (RFC 4301, Section 5.1.1), like AppendTooBig.
func AppendProhibited(dst, pkt []byte, from netip.Addr) (out []byte, ok bool) { return dst, false }

// An ICMPError is an ICMP error from outside about one of our ESP packets.
type ICMPError struct {
	Type, Code            uint8
	MTU                   int // of "too big" messages, else 0
	Local, Remote         netip.Addr
	LocalPort, RemotePort uint16 // of ESP in UDP, else 0
	SPI                   uint32 // 0 when the quotation is too short to tell
}

// ParseICMPError reads an ICMP or ICMPv6 error message, an IP packet, and the header quoted in it (RFC 4301, Section 8.2).
func ParseICMPError(pkt []byte) (ICMPError, error) { return ICMPError{}, ErrTruncated }
