package spd

import (
	"fmt"
	"strconv"
	"strings"
)

// protocolName is a name of a protocol in selectors; the first one of a number is how it is written.
type protocolName struct {
	name   string
	number uint8
}

func protocolNames() []protocolName {
	return []protocolName{
		{"tcp", protoTCP}, {"udp", protoUDP}, {"icmp", protoICMP}, {"icmpv6", protoICMPv6}, {"ipv6-icmp", protoICMPv6},
		{"sctp", protoSCTP}, {"dccp", protoDCCP}, {"udplite", protoUDPLite}, {"mh", protoMobility}, {"mobility-header", protoMobility},
		{"ipip", 4}, {"ipv6", 41}, {"gre", 47}, {"esp", 50}, {"ah", 51}, {"ospf", 89}, {"pim", 103}, {"vrrp", 112}, {"l2tp", 115},
	}
}

// String returns the text that ParseSelector reads back. A host has no prefix length.
func (s Selector) String() string {
	if !s.Start.IsValid() || !s.End.IsValid() {
		return "invalid selector"
	}
	upper := s.upper()
	if upper != "" {
		upper = "[" + upper + "]"
	}
	return s.addresses() + upper
}

func (s Selector) addresses() string {
	if s.Start == s.End {
		return s.Start.String()
	}
	if s.Start.BitLen() == s.End.BitLen() {
		if p, ok := s.IsPrefix(); ok {
			return p.String()
		}
	}
	return s.Start.String() + "-" + s.End.String()
}

func (s Selector) upper() string {
	var b strings.Builder
	if s.Protocol != 0 {
		b.WriteString(ProtocolName(s.Protocol))
	}
	switch {
	case s.AnyPort():
	case s.IsOpaque():
		b.WriteString("/opaque")
	default:
		b.WriteString("/" + s.ports())
	}
	return b.String()
}

// ProtocolName returns the name of an IP protocol as selectors have it, or its number.
func ProtocolName(number uint8) string {
	for _, p := range protocolNames() {
		if p.number == number {
			return p.name
		}
	}
	return strconv.Itoa(int(number))
}

func (s Selector) ports() string {
	if s.wholeTypes() {
		return formatRange(strconv.Itoa(int(s.StartPort>>8)), strconv.Itoa(int(s.EndPort>>8)))
	}
	return formatRange(s.port(s.StartPort), s.port(s.EndPort))
}

// wholeTypes reports whether the range is of ICMP types with all their codes.
func (s Selector) wholeTypes() bool {
	return (s.Protocol == protoICMP || s.Protocol == protoICMPv6) && s.StartPort&0xff == 0 && s.EndPort&0xff == 0xff
}

func (s Selector) port(n uint16) string {
	switch {
	case !oneField(s.Protocol):
		return strconv.Itoa(int(n))
	case s.Protocol == protoMobility && n&0xff == 0:
		return strconv.Itoa(int(n >> 8))
	}
	return fmt.Sprintf("%d(%d)", n>>8, n&0xff)
}

func formatRange(first, last string) string {
	if first == last {
		return first
	}
	return first + "-" + last
}
