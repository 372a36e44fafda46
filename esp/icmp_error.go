package esp

import (
	"encoding/binary"
	"net/netip"

	"culvert/spd"
)

// An ICMPError is an ICMP error from outside about one of our ESP packets. It is not authenticated; SPI and sequence number
// help to tell whether the packet was ours (RFC 4301, Section 8.2.1).
type ICMPError struct {
	Type, Code            uint8
	TooBig                bool
	MTU                   int // of "too big" messages; for a router that names none, an estimate (Plateau)
	Local, Remote         netip.Addr
	LocalPort, RemotePort uint16 // of ESP in UDP, else 0
	SPI                   uint32 // 0 when the quotation does not reach that far, or is of IKE
	Sequence              uint32 // low half, likewise
}

// ParseICMPError reads an ICMP or ICMPv6 error message, which is a whole IP packet, and the packet quoted in it. It returns
// ErrNextHeader for messages that are no errors or not about ESP or UDP.
func ParseICMPError(pkt []byte) (ICMPError, error) {
	f, i, err := spd.ParseFlow(pkt)
	if err != nil {
		return ICMPError{}, ErrTruncated
	}
	if !spd.IsICMPError(f) || i.Fragment {
		return ICMPError{}, ErrNextHeader
	}
	message := pkt[i.HeaderLength:i.Length]
	if len(message) < icmpHeaderLen {
		return ICMPError{}, ErrTruncated
	}
	e := ICMPError{Type: message[0], Code: message[1]}
	quote, err := e.readQuote(message[icmpHeaderLen:], f.Protocol)
	if err != nil {
		return ICMPError{}, err
	}
	e.readMTU(message, f.Protocol, quote)
	return e, nil
}

// readQuote reads the headers of the quoted packet and returns its length by its own account.
func (e *ICMPError) readQuote(quote []byte, icmp uint8) (length int, err error) {
	protocol, n := uint8(0), 0
	switch {
	case icmp == protoICMP && len(quote) >= headerLen4 && quote[0]>>4 == 4:
		protocol, n = quote[9], int(quote[0]&0xf)*4
		length = int(binary.BigEndian.Uint16(quote[2:]))
		e.Local, e.Remote = netip.AddrFrom4([4]byte(quote[12:])), netip.AddrFrom4([4]byte(quote[16:]))
	case icmp == protoICMPv6 && len(quote) >= headerLen6 && quote[0]>>4 == 6:
		protocol, n = quote[6], headerLen6
		length = headerLen6 + int(binary.BigEndian.Uint16(quote[4:]))
		e.Local, e.Remote = netip.AddrFrom16([16]byte(quote[8:])), netip.AddrFrom16([16]byte(quote[24:]))
	default:
		return 0, ErrTruncated
	}
	if n < headerLen4 || len(quote) < n+8 || later(quote) {
		return 0, ErrTruncated
	}
	return length, e.readTransport(quote[n:], protocol)
}

// later reports whether a quoted IPv4 packet is a fragment that does not show what it carries.
func later(quote []byte) bool {
	const offsetMask = 0x1fff
	return quote[0]>>4 == 4 && binary.BigEndian.Uint16(quote[6:])&offsetMask != 0
}

// readTransport reads the beginning of the quoted ESP packet, bare or in UDP.
func (e *ICMPError) readTransport(b []byte, protocol uint8) error {
	switch protocol {
	case protoUDP:
		e.LocalPort, e.RemotePort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		b = b[udpHeaderLen:]
	case protoESP:
	default:
		return ErrNextHeader
	}
	if len(b) >= headerLen {
		e.SPI, e.Sequence = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	}
	if e.SPI == 0 { // the non-ESP marker of IKE (RFC 3948, Section 2.2)
		e.Sequence = 0
	}
	return nil
}

// readMTU reads the MTU of the next hop (RFC 1191, Section 4; RFC 4443, Section 3.2). length is that of the quoted packet.
func (e *ICMPError) readMTU(message []byte, icmp uint8, length int) {
	switch {
	case icmp == protoICMP && e.Type == icmpUnreachable && e.Code == codeFragmentation:
		e.TooBig, e.MTU = true, int(binary.BigEndian.Uint16(message[6:]))
	case icmp == protoICMPv6 && e.Type == icmpv6TooBig:
		e.TooBig, e.MTU = true, int(min(binary.BigEndian.Uint32(message[4:]), 0xffff))
	default:
		return
	}
	if e.MTU == 0 {
		e.MTU = Plateau(length)
	}
}
