package esp

// A Layout is what an SA's transforms add around a payload, in octets (RFC 4303, Section 2).
type Layout struct {
	IV    int
	Block int // payload, padding and the two trailer octets fill a multiple of it; 4 at least
	ICV   int
}

// HeaderLen returns the octets before the payload: SPI, sequence number and IV.
func (l Layout) HeaderLen() int { return 8 + l.IV }

// Sealed returns the length of the ESP packet around a payload of n octets.
func (l Layout) Sealed(n int) int { return 0 }

// An Encapsulation is what surrounds the ESP packets of an SA.
type Encapsulation struct {
	Mode Mode
	IPv6 bool // the outer header is IPv6
	UDP  bool // ESP in UDP (RFC 3948)
}

// EffectiveMTU returns the largest inner packet that fits into pathMTU octets once sealed; in transport mode for a
// packet without options or extension headers (RFC 4301, Section 8.2.1).
func (l Layout) EffectiveMTU(pathMTU int, e Encapsulation) int { return 0 }
