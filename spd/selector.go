// Package spd holds the Security Policy Database of RFC 4301: traffic selectors, policies with the actions protect,
// bypass and discard, the Peer Authorization Database, and the lookup that the packet path makes.
//
// Everything in it is pure: no socket, clock or goroutine.
package spd

import "net/netip"

// Ports of a selector whose protocol field hides the port, as in non-initial fragments (RFC 7296, Section 3.13.1:
// start 65535, end 0).
const (
	OpaqueStart uint16 = 65535
	OpaqueEnd   uint16 = 0
)

// A Selector is one traffic selector: an address range, a protocol and a port range (RFC 4301, Section 4.4.1.1).
// For ICMP and ICMPv6 the "port" is type<<8 | code (RFC 7296, Section 3.13.1), for Mobility Headers the type in the high
// octet. Selectors are comparable with ==.
type Selector struct {
	Start, End         netip.Addr // inclusive, one family
	Protocol           uint8      // 0 is ANY
	StartPort, EndPort uint16     // inclusive; 0-65535 is ANY; OpaqueStart-OpaqueEnd is OPAQUE
}

// Prefix returns the selector of all traffic of an address prefix; the zero Selector, which is not Valid, when p is not valid.
func Prefix(p netip.Prefix) Selector {
	if !p.IsValid() {
		return Selector{}
	}
	p = p.Masked()
	return Selector{Start: p.Addr(), End: lastAddr(p), EndPort: 65535}
}

// Host returns the selector of all traffic of one address.
func Host(a netip.Addr) Selector { return Selector{Start: a, End: a, EndPort: 65535} }

// Valid reports whether the addresses are of one family and without zone, and both ranges are in order.
func (s Selector) Valid() bool {
	return s.Start.IsValid() && s.End.IsValid() && s.Start.BitLen() == s.End.BitLen() && s.Start.Zone() == "" &&
		s.End.Zone() == "" && !s.End.Less(s.Start) && (s.StartPort <= s.EndPort || s.IsOpaque())
}

// Is4 reports whether the selector is of IPv4 addresses.
func (s Selector) Is4() bool { return s.Start.Is4() }

// AnyPort reports whether every port matches, hidden ones included (RFC 4301, Section 4.4.1.1: ANY includes OPAQUE).
func (s Selector) AnyPort() bool { return s.StartPort == 0 && s.EndPort == 65535 }

// IsOpaque reports whether only packets that hide their port match.
func (s Selector) IsOpaque() bool { return s.StartPort == OpaqueStart && s.EndPort == OpaqueEnd }

// ContainsAddr reports whether a is in the address range.
func (s Selector) ContainsAddr(a netip.Addr) bool {
	return a.BitLen() == s.Start.BitLen() && s.Start.Compare(a) <= 0 && a.Compare(s.End) <= 0
}

// Contains reports whether every packet that o matches is matched by s.
func (s Selector) Contains(o Selector) bool {
	return s.ContainsAddr(o.Start) && s.ContainsAddr(o.End) && s.containsProtocol(o.Protocol) && s.containsPorts(o)
}

func (s Selector) containsProtocol(p uint8) bool { return s.Protocol == 0 || s.Protocol == p }

func (s Selector) containsPorts(o Selector) bool {
	if s.AnyPort() || s.IsOpaque() || o.IsOpaque() {
		return s.AnyPort() || s.IsOpaque() && o.IsOpaque()
	}
	return s.StartPort <= o.StartPort && o.EndPort <= s.EndPort
}

// ContainsSource reports whether s, being the selector of the side that sends, matches the source of f.
func (s Selector) ContainsSource(f Flow) bool {
	return s.containsProtocol(f.Protocol) && s.ContainsAddr(f.Source) && s.containsPort(f.SourcePort, f.Opaque)
}

// ContainsDestination reports whether s, being the selector of the side that receives, matches the destination of f.
//
// Protocols with one selector field, as ICMP, have it judged by the sending side's selector alone, so that a type may be
// sent and not received (RFC 4301, Section 4.4.1.3).
func (s Selector) ContainsDestination(f Flow) bool {
	return s.containsProtocol(f.Protocol) && s.ContainsAddr(f.Destination) &&
		(oneField(f.Protocol) || s.containsPort(f.DestinationPort, f.Opaque))
}

func (s Selector) containsPort(port uint16, hidden bool) bool {
	if hidden || s.IsOpaque() {
		return s.AnyPort() || s.IsOpaque() && hidden
	}
	return s.StartPort <= port && port <= s.EndPort
}

// Intersect returns the selector of the packets that both match; ok is false when there are none.
func (s Selector) Intersect(o Selector) (both Selector, ok bool) {
	if s.Start.BitLen() != o.Start.BitLen() || s.Protocol != 0 && o.Protocol != 0 && s.Protocol != o.Protocol {
		return Selector{}, false
	}
	both = Selector{Start: later(s.Start, o.Start), End: earlier(s.End, o.End), Protocol: s.Protocol | o.Protocol}
	if both.End.Less(both.Start) {
		return Selector{}, false
	}
	both.StartPort, both.EndPort, ok = s.intersectPorts(o)
	return both, ok
}

func (s Selector) intersectPorts(o Selector) (start, end uint16, ok bool) {
	switch {
	case s.AnyPort():
		return o.StartPort, o.EndPort, true
	case o.AnyPort():
		return s.StartPort, s.EndPort, true
	case s.IsOpaque() || o.IsOpaque():
		return OpaqueStart, OpaqueEnd, s.IsOpaque() && o.IsOpaque()
	}
	start, end = max(s.StartPort, o.StartPort), min(s.EndPort, o.EndPort)
	return start, end, start <= end
}

func later(a, b netip.Addr) netip.Addr {
	if a.Less(b) {
		return b
	}
	return a
}

func earlier(a, b netip.Addr) netip.Addr {
	if b.Less(a) {
		return b
	}
	return a
}
