package spd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parseUpper reads what stands in the brackets: [protocol], [protocol/ports] or [/ports].
func (s *Selector) parseUpper(text string) (err error) {
	protocol, ports, hasPorts := strings.Cut(text, "/")
	if s.Protocol, err = parseProtocol(strings.TrimSpace(protocol)); err != nil {
		return err
	}
	if !hasPorts {
		return nil
	}
	return s.parsePorts(strings.TrimSpace(ports))
}

func parseProtocol(text string) (uint8, error) {
	if text == "" || strings.EqualFold(text, "any") || text == "%any" {
		return 0, nil
	}
	for _, p := range protocolNames() {
		if strings.EqualFold(text, p.name) {
			return p.number, nil
		}
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("unknown protocol %q: use a number or one of tcp, udp, icmp, icmpv6, sctp, mh, gre, esp, ah", text)
	}
	return uint8(n), nil
}

func (s *Selector) parsePorts(text string) (err error) {
	switch {
	case text == "" || strings.EqualFold(text, "any") || text == "%any":
		return nil
	case strings.EqualFold(text, "opaque"):
		s.StartPort, s.EndPort = OpaqueStart, OpaqueEnd
		return nil
	}
	first, last, isRange := strings.Cut(text, "-")
	if s.StartPort, s.EndPort, err = s.parsePort(strings.TrimSpace(first)); err != nil || !isRange {
		return err
	}
	if _, s.EndPort, err = s.parsePort(strings.TrimSpace(last)); err != nil {
		return err
	}
	if s.EndPort < s.StartPort {
		return errors.New("the port range runs backwards")
	}
	return nil
}

// parsePort reads one number, which for ICMP stands for a range of field values.
func (s *Selector) parsePort(text string) (first, last uint16, err error) {
	if !oneField(s.Protocol) {
		n, err := parseNumber(text, 16)
		return n, n, err
	}
	if kind, low, ok := strings.Cut(text, "("); ok {
		n, err := parsePair(kind, low)
		return n, n, err
	}
	if s.Protocol == protoMobility {
		n, err := parseNumber(text, 8)
		return n << 8, n << 8, err
	}
	n, err := parseNumber(text, 16)
	if n > 255 {
		return n, n, err
	}
	return n << 8, n<<8 | 0xff, err
}

// parsePair reads the two octets of "type(code)", cut at the first bracket.
func parsePair(kind, low string) (uint16, error) {
	low, closed := strings.CutSuffix(low, ")")
	if !closed {
		return 0, errors.New("no closing bracket behind the code")
	}
	k, err := parseNumber(kind, 8)
	if err != nil {
		return 0, err
	}
	l, err := parseNumber(low, 8)
	return k<<8 | l, err
}

func parseNumber(text string, bits int) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		return 0, fmt.Errorf("%q is no number between 0 and %d", text, 1<<bits-1)
	}
	return uint16(n), nil
}
