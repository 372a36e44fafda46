package spd

import "net/netip"

// A Flow is what selectors look at in one packet. Ports are those of the packet, or an ICMP type<<8|code in both fields, and
// Opaque tells that they could not be seen: in non-initial fragments and in protocols without ports (RFC 4301,
// Section 4.4.1.3). Flows are comparable with ==.
type Flow struct {
	Source, Destination         netip.Addr
	Protocol                    uint8
	SourcePort, DestinationPort uint16
	Opaque                      bool
}

// Reverse returns the flow of the answers to f. (The type of an ICMP message stays; an answer has another.)
func (f Flow) Reverse() Flow {
	f.Source, f.Destination = f.Destination, f.Source
	f.SourcePort, f.DestinationPort = f.DestinationPort, f.SourcePort
	return f
}
