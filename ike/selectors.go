package ike

import (
	"net/netip"

	"culvert/spd"
	"culvert/wire"
)

// maxSelectors bounds the selectors of one TS payload to what its count can say (RFC 7296, Section 3.13).
const maxSelectors = 255

// Protocols whose "port" is a type and code, which says nothing about the packets that answer.
const (
	protocolICMP   = 1
	protocolICMPv6 = 58
)

// anyTraffic is the dynamic selector without restriction.
var anyTraffic = spd.Selector{EndPort: 65535}

// selectorsOf returns the selectors of the TSi or TSr payload; those of unknown types are left out (RFC 7296, Section 2.9).
func selectorsOf(payloads []wire.Payload, kind wire.PayloadType) []spd.Selector {
	var list []spd.Selector
	for _, p := range payloads {
		ts, ok := p.(*wire.TS)
		if !ok || ts.Payload != kind {
			continue
		}
		for _, s := range ts.Selectors {
			if own := fromWire(s); own.Valid() {
				list = append(list, own)
			}
		}
	}
	return list
}

func fromWire(s wire.TrafficSelector) spd.Selector {
	return spd.Selector{Start: s.Start, End: s.End, Protocol: s.Protocol, StartPort: s.StartPort, EndPort: s.EndPort}
}

// tsPayload makes a TSi or TSr payload. What does not fit its count is left out, which narrows the traffic.
func tsPayload(kind wire.PayloadType, list []spd.Selector) *wire.TS {
	ts := &wire.TS{Payload: kind}
	for _, s := range list[:min(len(list), maxSelectors)] {
		t := wire.TrafficSelector{TSType: wire.TSIPv6AddrRange, Protocol: s.Protocol, StartPort: s.StartPort, EndPort: s.EndPort,
			Start: s.Start, End: s.End}
		if s.Is4() {
			t.TSType = wire.TSIPv4AddrRange
		}
		ts.Selectors = append(ts.Selectors, t)
	}
	return ts
}

// narrow returns what both an offer and a policy allow (RFC 7296, Section 2.9). The result is a subset of both, and empty only
// when they have nothing in common.
func narrow(offered, policy []spd.Selector) []spd.Selector {
	both := spd.Intersect(offered, policy)
	return both[:min(len(both), maxSelectors)]
}

// A fit says how well a policy allows an offer, in the order of the rules of RFC 7296, Section 2.9.
type fit uint8

const (
	fitNone  fit = iota
	fitPart      // some of it
	fitFirst     // some of it, with the initiator's first choice
	fitWhole
)

// fitOf holds both sides of an offer against a policy.
func fitOf(tsi, tsr, policyI, policyR []spd.Selector) fit {
	switch {
	case len(narrow(tsi, policyI)) == 0 || len(narrow(tsr, policyR)) == 0:
		return fitNone
	case spd.Covers(policyI, tsi) && spd.Covers(policyR, tsr):
		return fitWhole
	case spd.Covers(policyI, tsi[:1]) && spd.Covers(policyR, tsr[:1]):
		return fitFirst
	}
	return fitPart
}

// expand replaces dynamic selectors by the addresses that they stand for.
func expand(list []spd.Selector, addrs []netip.Addr) []spd.Selector {
	if len(list) == 0 {
		list = []spd.Selector{anyTraffic}
	}
	var out []spd.Selector
	for _, s := range list {
		if s.Start.IsValid() {
			out = append(out, s)
			continue
		}
		for _, a := range addrs {
			out = append(out, between(s, a))
		}
	}
	return out
}

// between gives a dynamic selector its address. An unspecified address stands for every address of its family, as long as a
// virtual address is asked for but not assigned (RFC 7296, Section 2.19).
func between(s spd.Selector, a netip.Addr) spd.Selector {
	all := spd.Host(a)
	if a.IsUnspecified() {
		all = spd.Prefix(netip.PrefixFrom(a, 0))
	}
	s.Start, s.End = all.Start, all.End
	return s
}

// isDynamic tells whether a list has a selector whose addresses are not known beforehand.
func isDynamic(list []spd.Selector) bool {
	for _, s := range list {
		if !s.Start.IsValid() {
			return true
		}
	}
	return len(list) == 0
}

// triggerSelectors returns the very specific selectors of the packet that asked for an SA, seen from its sender (RFC 7296,
// Section 2.9).
func triggerSelectors(f spd.Flow) (source, destination spd.Selector) {
	source, destination = f.SourceSelector(), f.DestinationSelector()
	if f.Protocol == protocolICMP || f.Protocol == protocolICMPv6 {
		source.StartPort, source.EndPort = 0, 65535
		destination.StartPort, destination.EndPort = 0, 65535
	}
	return source, destination
}

// singleAddress returns the one address that a list is about.
func singleAddress(list []spd.Selector) (netip.Addr, bool) {
	if len(list) == 0 {
		return netip.Addr{}, false
	}
	for _, s := range list {
		if s.Start != s.End || s.Start != list[0].Start {
			return netip.Addr{}, false
		}
	}
	return list[0].Start, true
}

// substitute replaces every address, which must be one, by another (RFC 7296, Section 2.23.1).
func substitute(list []spd.Selector, addr netip.Addr) []spd.Selector {
	out := make([]spd.Selector, len(list))
	for i, s := range list {
		s.Start, s.End = addr, addr
		out[i] = s
	}
	return out
}

// selectorStrings returns the selectors for a message to people.
func selectorStrings(list []spd.Selector) string {
	if len(list) == 0 {
		return "nothing"
	}
	text := ""
	for i, s := range list {
		if i > 0 {
			text += ", "
		}
		if i == 8 {
			return text + "..."
		}
		text += s.String()
	}
	return text
}
