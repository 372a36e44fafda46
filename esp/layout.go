package esp

import "culvert/suite"

// A Layout is what an SA's transforms add around a payload, in octets (RFC 4303, Section 2).
type Layout struct {
	IV    int
	Block int // payload, padding and the two trailer octets fill a multiple of it; 4 at least
	ICV   int
}

// LayoutOf returns the layout of SAs with these transforms, before there is a cipher.
func LayoutOf(t suite.ESP) Layout {
	iv, icv, block := t.Lengths()
	return Layout{IV: iv, Block: max(block, 1), ICV: icv}
}

// HeaderLen returns the octets before the payload: SPI, sequence number and IV.
func (l Layout) HeaderLen() int { return headerLen + l.IV }

// Sealed returns the length of the ESP packet around a payload of n octets.
func (l Layout) Sealed(n int) int {
	blocks := (n + trailerLen + l.Block - 1) / l.Block
	return l.HeaderLen() + blocks*l.Block + l.ICV
}

// trailer returns the octets of padding, pad length and next header behind a payload of n octets.
func (l Layout) trailer(n int) int { return l.Sealed(n) - l.HeaderLen() - l.ICV - n }

// Largest returns the largest payload whose ESP packet has n octets at most, 0 when there is none.
func (l Layout) Largest(n int) int {
	room := n - l.HeaderLen() - l.ICV
	return max(room/l.Block*l.Block-trailerLen, 0)
}

// An Encapsulation is what surrounds the ESP packets of an SA.
type Encapsulation struct {
	Mode Mode
	IPv6 bool // the outer header is IPv6
	UDP  bool // ESP in UDP (RFC 3948)
	TCP  bool // ESP in a TCP stream (RFC 9329)
}

// streamOverhead is what a packet costs that has a segment of a stream to itself: the TCP header with timestamps and the
// length before the packet.
const streamOverhead = 20 + 12 + 2

// Outer returns the octets of the headers before the ESP packet.
func (e Encapsulation) Outer() int {
	n := headerLen4
	if e.IPv6 {
		n = headerLen6
	}
	if e.UDP {
		n += udpHeaderLen
	}
	if e.TCP {
		n += streamOverhead
	}
	return n
}

// EffectiveMTU returns the largest inner packet that fits into pathMTU octets once sealed; in transport mode for a
// packet without options or extension headers (RFC 4301, Section 8.2.1). It is 0 when nothing fits. A stream takes larger
// packets too: it is only faster when each fits a segment (RFC 9329, Section 3).
func (l Layout) EffectiveMTU(pathMTU int, e Encapsulation) int {
	n := l.Largest(pathMTU - e.Outer())
	if n == 0 || e.Mode == Tunnel {
		return n
	}
	if e.IPv6 {
		return n + headerLen6
	}
	return n + headerLen4
}
