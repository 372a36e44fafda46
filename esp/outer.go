package esp

import "net/netip"

// DF is what becomes of the don't-fragment bit (RFC 4301, Section 8.1).
type DF uint8

// The treatments of DF.
const (
	DFCopy DF = iota
	DFSet
	DFClear
)

// An Outer describes the tunnel header of an SA (RFC 4301, Section 5.1.2).
type Outer struct {
	Source, Destination netip.Addr
	Protocol            uint8 // 50 for ESP, 17 for ESP in UDP
	CopyDSCP            bool  // outer DSCP is the inner one, else DSCP
	DSCP                uint8
	DF                  DF
	HopLimit            uint8 // 0 means 64
}

// TrafficClass returns the outer TOS or traffic class octet for an inner one: ECN is copied (RFC 6040, Section 4.1, normal
// mode), DSCP copied or set.
func (o *Outer) TrafficClass(inner uint8) uint8 { return 0 }

// DontFragment returns the outer DF for an inner packet.
func (o *Outer) DontFragment(inner []byte) bool { return false }

// Append appends the outer header for inner, with n octets to follow it. id is the IPv4 identification, used when the
// packet may be fragmented.
func (o *Outer) Append(dst, inner []byte, n int, id uint16) []byte { return dst }
