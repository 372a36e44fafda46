package spd

import "net/netip"

// Action is what the SPD says about a packet (RFC 4301, Section 4.4.1).
type Action uint8

// The actions.
const (
	Discard Action = iota
	Bypass
	Protect
)

// A Flow is what selectors look at in one packet. Ports are those of the packet, or an ICMP type<<8|code, and
// Opaque tells that they could not be seen.
type Flow struct {
	Source, Destination         netip.Addr
	Protocol                    uint8
	SourcePort, DestinationPort uint16
	Opaque                      bool
}
