package spd

import "encoding/binary"

// ReturnFlow returns the flow that an ICMP error message answers, reversed: the flow of the packets that go the way of
// the message itself. An error message that its own headers do not allow on an SA is judged by it, at the sender and at the
// receiver (RFC 4301, Section 6.2). ok is false when pkt is no ICMP error, quotes too little, or is not sent to the source of
// what it quotes, where errors go. f and i are those of pkt.
func ReturnFlow(pkt []byte, f Flow, i PacketInfo) (ret Flow, ok bool) {
	const icmpHeader = 8
	if !IsICMPError(f) || i.Length < i.HeaderLength+icmpHeader {
		return Flow{}, false
	}
	q := pkt[i.HeaderLength+icmpHeader : i.Length]
	quoted, ok := quotedFlow(q, f.Protocol)
	return quoted.Reverse(), ok && quoted.Source == f.Destination
}

// AdmitsInbound reports whether a packet may arrive through an SA with these selectors: it matches them itself, or it is an
// ICMP error about traffic that does (RFC 4301, Sections 5.2 and 6.2). f and i are those of pkt.
func (s Selectors) AdmitsInbound(pkt []byte, f Flow, i PacketInfo) bool {
	if s.Inbound(f) {
		return true
	}
	ret, ok := ReturnFlow(pkt, f, i)
	return ok && s.Inbound(ret)
}

// IsICMPError reports whether f is of error messages: ICMP types 3, 4, 5, 11 and 12 (RFC 1122, Section 3.2.2), or
// ICMPv6 types below 128 (RFC 4443, Section 2.1).
func IsICMPError(f Flow) bool {
	kind := f.SourcePort >> 8
	switch {
	case f.Opaque:
		return false
	case f.Protocol == protoICMPv6:
		return kind < 128
	case f.Protocol == protoICMP:
		return kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12
	}
	return false
}

// quotedFlow reads the head of a packet that may be cut off behind its headers.
func quotedFlow(q []byte, icmp uint8) (Flow, bool) {
	var f Flow
	var err error
	switch {
	case icmp == protoICMP && len(q) >= headerLen4 && q[0]>>4 == 4:
		err = parse4(q, int(binary.BigEndian.Uint16(q[2:])), &f, new(PacketInfo))
	case icmp == protoICMPv6 && len(q) >= headerLen6 && q[0]>>4 == 6:
		err = parse6(q, headerLen6+int(binary.BigEndian.Uint16(q[4:])), &f, new(PacketInfo))
	default:
		return Flow{}, false
	}
	return f, err == nil
}
