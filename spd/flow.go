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

// SourceSelector returns the narrowest selector of the source of f, as the first selector that an initiator proposes for
// the packet which asked for the SA (RFC 7296, Section 2.9).
func (f Flow) SourceSelector() Selector { return f.exact(f.Source, f.SourcePort) }

// DestinationSelector is SourceSelector for the destination of f.
func (f Flow) DestinationSelector() Selector { return f.exact(f.Destination, f.DestinationPort) }

func (f Flow) exact(a netip.Addr, port uint16) Selector {
	s := Host(a)
	s.Protocol = f.Protocol
	if !f.Opaque {
		s.StartPort, s.EndPort = port, port
	}
	return s
}
