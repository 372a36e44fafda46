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
// For ICMP and ICMPv6 the "port" is type<<8 | code (RFC 7296, Section 3.13.1), for Mobility Headers the type in the high octet.
type Selector struct {
	Start, End         netip.Addr // inclusive, one family
	Protocol           uint8      // 0 is ANY
	StartPort, EndPort uint16     // inclusive; 0-65535 is ANY; OpaqueStart-OpaqueEnd is OPAQUE
}
