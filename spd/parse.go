package spd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"
)

// ErrSyntax means that a text is no selector.
var ErrSyntax = errors.New("not a traffic selector")

// ParseSelector reads a selector: an address, prefix or range, and in brackets a protocol and ports:
//
//	10.1.0.0/16  2001:db8::1  10.0.0.1-10.0.0.9[udp/1000-2000]  10.0.0.0/8[tcp/443]  10.0.0.0/8[/53]  10.0.0.0/8[tcp/opaque]
//	10.0.0.0/8[icmp/8]  10.0.0.0/8[icmp/3(4)]  2001:db8::/32[mh/5]
//
// A number above 255 for ICMP is type<<8|code.
func ParseSelector(text string) (Selector, error) {
	s, err := parseSelector(strings.TrimSpace(text))
	if err != nil {
		return Selector{}, fmt.Errorf("%q: %w: %w", text, ErrSyntax, err)
	}
	return s, nil
}

func parseSelector(text string) (Selector, error) {
	addresses, inner, bracket := strings.Cut(text, "[")
	s, err := parseAddresses(strings.TrimSpace(addresses))
	if err != nil || !bracket {
		return s, err
	}
	inner, closed := strings.CutSuffix(inner, "]")
	if !closed {
		return s, errors.New("no closing bracket")
	}
	return s, s.parseUpper(inner)
}

func parseAddresses(text string) (Selector, error) {
	if text == "" {
		return Selector{}, errors.New("no address")
	}
	if first, last, ok := cutRange(text); ok {
		return parseRange(first, last)
	}
	if strings.Contains(text, "/") {
		return parsePrefix(text)
	}
	a, err := parseAddr(text)
	return Host(a), err
}

// cutRange splits "a-b" and "a..b".
func cutRange(text string) (first, last string, ok bool) {
	if first, last, ok = strings.Cut(text, "-"); ok {
		return first, last, true
	}
	return strings.Cut(text, "..")
}

func parseRange(first, last string) (Selector, error) {
	a, err := parseAddr(strings.TrimSpace(first))
	if err != nil {
		return Selector{}, err
	}
	b, err := parseAddr(strings.TrimSpace(last))
	if err != nil {
		return Selector{}, err
	}
	if a.BitLen() != b.BitLen() {
		return Selector{}, errors.New("the range begins in one address family and ends in the other")
	}
	if b.Less(a) {
		return Selector{}, fmt.Errorf("the range runs backwards: write %v-%v", b, a)
	}
	return Selector{Start: a, End: b, EndPort: 65535}, nil
}

func parsePrefix(text string) (Selector, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return Selector{}, malformedPrefix(text)
	}
	if _, err := plain(p.Addr()); err != nil {
		return Selector{}, err
	}
	if p.Masked() != p {
		return Selector{}, fmt.Errorf("the prefix has bits set behind its length: write %v, or %v for the one host", p.Masked(), p.Addr())
	}
	return Prefix(p), nil
}

func malformedPrefix(text string) error {
	if hint := PrefixHint(text); hint != "" {
		return errors.New("malformed address prefix: " + hint)
	}
	return errors.New("malformed address prefix")
}

// PrefixHint says what is to be done about a text that is no prefix, "" if it has none of the usual mistakes: a list in one text, a mask
// in the place of a length, or a length beyond the address.
func PrefixHint(text string) string {
	address, length, _ := strings.Cut(text, "/")
	a, err := netip.ParseAddr(address)
	switch mask, notMask := netip.ParseAddr(length); {
	case strings.ContainsAny(text, ", "):
		return "write each prefix by itself"
	case err != nil:
		return ""
	case notMask == nil && mask.Is4() && a.Is4():
		return maskHint(a, mask)
	case strings.Trim(length, "0123456789") == "":
		return fmt.Sprintf("a length goes from 0 to %d", a.BitLen())
	}
	return ""
}

// maskHint turns the mask of a network into the length of a prefix.
func maskHint(a, mask netip.Addr) string {
	b := mask.As4()
	ones := bits.LeadingZeros32(^binary.BigEndian.Uint32(b[:]))
	p := netip.PrefixFrom(a, ones).Masked()
	if netip.PrefixFrom(mask, ones).Masked().Addr() != mask {
		return fmt.Sprintf("%v is no mask of a network", mask)
	}
	return fmt.Sprintf("write %v", p)
}

func parseAddr(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%q is no IP address", text)
	}
	return plain(a)
}

// plain refuses addresses that no packet carries.
func plain(a netip.Addr) (netip.Addr, error) {
	switch {
	case a.Zone() != "":
		return netip.Addr{}, errors.New("selectors have no zone")
	case a.Is4In6():
		return netip.Addr{}, fmt.Errorf("IPv4 address in IPv6 form: write %v", a.Unmap())
	}
	return a, nil
}
