package xfrm

import (
	"errors"
	"fmt"
	"net/netip"

	"culvert/dataplane/xfrm/nl"
	"culvert/spd"
)

// ErrTooMany means that the selectors of a policy come apart into more of the kernel's than is sensible.
var ErrTooMany = errors.New("selectors need too many policies of the kernel")

// maxSelectors bounds the kernel's selectors of one policy. Peers may negotiate many selectors, each of which may be many
// prefixes and many parts of port ranges.
const maxSelectors = 4096

// A match is one selector of the kernel, and how specific the pair of selectors is that it comes from.
type match struct {
	nl.Selector
	specific int
}

// matches take sets of selectors apart into the kernel's, for packets from one to the other.
func matches(from, to []spd.Selector) (list []match, err error) {
	for _, f := range from {
		for _, t := range to {
			if list, err = appendMatches(list, f, t); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

func appendMatches(list []match, from, to spd.Selector) ([]match, error) {
	conflict := from.Protocol != 0 && to.Protocol != 0 && from.Protocol != to.Protocol
	if from.Is4() != to.Is4() || conflict {
		return list, nil
	}
	protocol := from.Protocol | to.Protocol
	pairs, err := portPairs(protocol, from, to)
	if err != nil {
		return nil, err
	}
	sources, destinations := from.Prefixes(nil), to.Prefixes(nil)
	if len(list)+len(sources)*len(destinations)*len(pairs) > maxSelectors {
		return nil, ErrTooMany
	}
	specific := spd.Specificity(from, to)
	for _, s := range sources {
		for _, d := range destinations {
			for _, p := range pairs {
				list = append(list, match{nl.Selector{Source: s, Destination: d, SourcePort: p[0], DestinationPort: p[1], Protocol: protocol}, specific})
			}
		}
	}
	return list, nil
}

// portPairs are the source and destination ports of a pair of selectors.
func portPairs(protocol uint8, from, to spd.Selector) (pairs [][2]nl.Port, err error) {
	if from.IsOpaque() || to.IsOpaque() {
		return nil, &UnsupportedError{"selectors of packets without ports (OPAQUE)"}
	}
	sources, destinations := portsOf(from.StartPort, from.EndPort), portsOf(to.StartPort, to.EndPort)
	if oneField(protocol) {
		if sources, destinations, err = typesOf(protocol, from); err != nil {
			return nil, err
		}
	}
	for _, s := range sources {
		for _, d := range destinations {
			pairs = append(pairs, [2]nl.Port{s, d})
		}
	}
	return pairs, nil
}

// Protocols with types in place of ports.
const (
	icmp           = 1
	icmpv6         = 58
	mobilityHeader = 135
)

// oneField tells protocols whose packets have one selector field, which the sending side's selector judges (RFC 4301,
// Section 4.4.1.3).
func oneField(protocol uint8) bool {
	return protocol == icmp || protocol == icmpv6 || protocol == mobilityHeader
}

// typesOf takes a range of type<<8|code apart: types are source ports to the kernel, codes destination ports.
func typesOf(protocol uint8, s spd.Selector) (types, codes []nl.Port, err error) {
	any := []nl.Port{{}}
	first, last := s.StartPort>>8, s.EndPort>>8
	firstCode, lastCode := s.StartPort&0xff, s.EndPort&0xff
	switch {
	case s.AnyPort():
		return any, any, nil
	case protocol == mobilityHeader || firstCode == 0 && lastCode == 0xff:
		return portsOf(first, last), any, nil
	case first == last:
		return portsOf(first, first), portsOf(firstCode, lastCode), nil
	}
	return nil, nil, &UnsupportedError{fmt.Sprintf("ranges of several types with part of their codes (%v)", s)}
}

// portsOf takes a range apart into the fewest values with masks.
func portsOf(first, last uint16) (list []nl.Port) {
	if first == 0 && last == 0xffff {
		return []nl.Port{{}}
	}
	for at, end := uint32(first), uint32(last); at <= end; {
		size := uint32(1)
		for at&size == 0 && at+2*size-1 <= end && size < 1<<15 {
			size *= 2
		}
		list = append(list, nl.Port{Value: uint16(at), Mask: ^uint16(size - 1)})
		at += size
	}
	return list
}

// flowOf is the packet that an acquire is about.
func flowOf(s *nl.Selector) spd.Flow {
	f := spd.Flow{
		Source: s.Source.Addr(), Destination: s.Destination.Addr(), Protocol: s.Protocol,
		SourcePort: s.SourcePort.Value, DestinationPort: s.DestinationPort.Value,
	}
	if oneField(s.Protocol) {
		f.SourcePort = s.SourcePort.Value<<8 | s.DestinationPort.Value&0xff
		f.DestinationPort = f.SourcePort
	}
	f.Opaque = s.SourcePort.Mask == 0 && s.DestinationPort.Mask == 0
	return f
}

// unspecifiedPrefix is all addresses of a family.
func unspecifiedPrefix(is4 bool) netip.Prefix { return netip.PrefixFrom(unspecified(is4), 0) }

// unspecified is the address that matches any, of a family.
func unspecified(is4 bool) netip.Addr {
	if is4 {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
