package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// selectorLen is the length of the fields that selectors of all types share.
const selectorLen = 4

// Ports of a selector that wants packets whose port cannot be seen, and no others (RFC 7296, Section 3.13.1).
const (
	OpaqueStartPort = 65535
	OpaqueEndPort   = 0
)

// Causes of a refused selector.
var (
	errPorts        = errors.New("start port above end port")
	errAddresses    = errors.New("start address above end address")
	errSelectorSize = errors.New("selector length does not fit its type")
)

// TrafficSelector is one range of addresses and ports (RFC 7296, Section 3.13.1):
//
//	| TS type (1) | IP protocol (1) | selector length (2) | start port (2) | end port (2) | start address | end address |
//
// Start <= End and both are of the family the type says. StartPort <= EndPort, or they are OPAQUE. For ICMP, ICMPv6 and
// the Mobility Header a port holds type and code. Selectors of other types have their octets after the length in Raw.
type TrafficSelector struct {
	TSType             TSType
	Protocol           uint8 // 0 for any
	StartPort, EndPort uint16
	Start, End         netip.Addr
	Raw                []byte
}

// IsOpaque reports whether the selector stands for packets whose ports cannot be seen.
func (s *TrafficSelector) IsOpaque() bool {
	return s.StartPort == OpaqueStartPort && s.EndPort == OpaqueEndPort
}

// parse reads the selector at the start of b, of at least selectorLen octets, and returns what follows.
func (s *TrafficSelector) parse(b []byte) (rest []byte, err error) {
	if len(b) < selectorLen {
		return nil, errShort
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case n < selectorLen:
		return nil, errSelectorSize
	case n > len(b):
		return nil, errShort
	}
	s.TSType, s.Protocol = TSType(b[0]), b[1]
	size := s.TSType.addressLen()
	if size == 0 {
		s.Raw = b[selectorLen:n:n]
		return b[n:], nil
	}
	if n != selectorLen+4+2*size {
		return nil, errSelectorSize
	}
	return b[n:], s.parseRange(b[selectorLen:n], size)
}

// parseRange reads ports and addresses of size octets each.
func (s *TrafficSelector) parseRange(b []byte, size int) error {
	s.StartPort, s.EndPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	s.Start, _ = netip.AddrFromSlice(b[4 : 4+size])
	s.End, _ = netip.AddrFromSlice(b[4+size:])
	switch {
	case s.StartPort > s.EndPort && !s.IsOpaque():
		return errPorts
	case s.End.Less(s.Start):
		return errAddresses
	}
	return nil
}

// addressLen returns the length of an address in octets, 0 for types that are not address ranges of IP.
func (t TSType) addressLen() int {
	switch t {
	case TSIPv4AddrRange:
		return 4
	case TSIPv6AddrRange:
		return 16
	}
	return 0
}

func (s *TrafficSelector) append(b []byte) []byte {
	start := len(b)
	b = append(b, byte(s.TSType), s.Protocol, 0, 0)
	if s.TSType.addressLen() == 0 {
		b = append(b, s.Raw...)
	} else {
		b = binary.BigEndian.AppendUint16(b, s.StartPort)
		b = binary.BigEndian.AppendUint16(b, s.EndPort)
		b = append(append(b, s.Start.AsSlice()...), s.End.AsSlice()...)
	}
	binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start))
	return b
}

// String returns for example "10.0.0.0-10.0.0.255 proto 17 ports 53-53".
func (s TrafficSelector) String() string {
	if s.TSType.addressLen() == 0 {
		return fmt.Sprintf("%v %x", s.TSType, s.Raw)
	}
	text := fmt.Sprintf("%v-%v", s.Start, s.End)
	if s.Protocol != 0 {
		text += fmt.Sprintf(" proto %d", s.Protocol)
	}
	switch {
	case s.IsOpaque():
		text += " ports OPAQUE"
	case s.StartPort != 0 || s.EndPort != 65535:
		text += fmt.Sprintf(" ports %d-%d", s.StartPort, s.EndPort)
	}
	return text
}
