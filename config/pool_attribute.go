package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"culvert/explain"
	"culvert/lease"
	"culvert/wire"
)

// maxPoolAttributes bounds what clients are told, so that the message which tells it stays small.
const maxPoolAttributes = 128

// maxAttributeValue is the most octets of an attribute by number.
const maxAttributeValue = 512

// address4 reads an IPv4 address.
func address4() reader[netip.Addr] {
	return textual("IPv4 address", `an IPv4 address such as "192.0.2.1"`, parseAddress4, netip.Addr.String)
}

func parseAddress4(s string) (netip.Addr, error) {
	a, err := parseAddress(s)
	if err == nil && !a.Is4() {
		err = fmt.Errorf("%s is no IPv4 address, and there is no such attribute for IPv6", s)
	}
	return a, err
}

// netmask reads an IPv4 netmask.
func netmask() reader[netip.Addr] {
	return textual("netmask", `a netmask such as "255.255.255.0"`, func(s string) (netip.Addr, error) {
		a, err := parseAddress4(s)
		if err == nil && !contiguous(a) {
			err = fmt.Errorf("%s is no netmask", s)
		}
		return a, err
	}, netip.Addr.String)
}

// contiguous tells whether a mask has its ones in front.
func contiguous(mask netip.Addr) bool {
	for bits := range 33 {
		if [4]byte(wire.PrefixValue(netip.PrefixFrom(netip.IPv4Unspecified(), bits))[4:]) == mask.As4() {
			return true
		}
	}
	return false
}

// network reads a prefix, or an address as one of its own.
func network() reader[netip.Prefix] {
	return textual("prefix", `a prefix such as "10.0.0.0/8"`, parseNetwork, netip.Prefix.String)
}

func parseNetwork(s string) (netip.Prefix, error) {
	if strings.HasPrefix(s, anyWord) {
		return netip.Prefix{}, fmt.Errorf("%q is no prefix", s)
	}
	return parsePrefix(s)
}

// network4 reads an IPv4 prefix.
func network4() reader[netip.Prefix] {
	return textual("IPv4 prefix", `an IPv4 prefix such as "10.0.0.0/8"`, func(s string) (netip.Prefix, error) {
		p, err := parseNetwork(s)
		if err == nil && !p.Addr().Is4() {
			err = fmt.Errorf("%s is no IPv4 prefix, and there is no such attribute for IPv6", s)
		}
		return p, err
	}, netip.Prefix.String)
}

// attribute reads a configuration attribute by its number.
func attribute() reader[wire.Attribute] {
	return textual("attribute", `a number and a value such as "25:corp.example.org"`, parseAttribute, formatAttribute)
}

func parseAttribute(s string) (a wire.Attribute, err error) {
	number, text, ok := strings.Cut(s, ":")
	n, wrong := strconv.ParseUint(number, 10, 15)
	switch a.Type = wire.AttributeType(n); {
	case !ok || wrong != nil || n == 0:
		return a, fmt.Errorf("%q does not begin with a number from 1 to 32767 and a colon", s)
	case a.Type == wire.AttrInternalIP4Address || a.Type == wire.AttrInternalIP6Address:
		return a, errors.New("the pool chooses the addresses of clients")
	}
	a.Value, err = attributeValue(text)
	if err == nil && len(a.Value) > maxAttributeValue {
		err = fmt.Errorf("the value has %d octets, more than %d", len(a.Value), maxAttributeValue)
	}
	return a, err
}

func attributeValue(text string) ([]byte, error) {
	if digits, is := strings.CutPrefix(text, "0x"); is {
		octets, err := hex.DecodeString(digits)
		if err != nil {
			return nil, fmt.Errorf("%q are no hexadecimal octets", digits)
		}
		return octets, nil
	}
	if a, err := parseAddress(text); err == nil {
		return a.AsSlice(), nil
	}
	if p, err := netip.ParsePrefix(text); err == nil {
		return wire.PrefixValue(p), nil
	}
	return []byte(text), nil
}

// formatAttribute writes the value as text where it reads back as such.
func formatAttribute(a wire.Attribute) string {
	text := string(a.Value)
	addr, isAddress := netip.AddrFromSlice(a.Value)
	odd := func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(`"\\$%`, r) }
	switch again, err := attributeValue(text); {
	case err == nil && utf8.ValidString(text) && !strings.ContainsFunc(text, odd) && slices.Equal(again, a.Value):
	case isAddress && !addr.Is4In6():
		text = addr.String()
	default:
		text = "0x" + hex.EncodeToString(a.Value)
	}
	return fmt.Sprintf("%d:%s", a.Type, text)
}

// Tells lists the attributes that clients are told beside addresses, DNS servers and subnets.
func (p *Pool) Tells() (list []wire.Attribute) {
	for _, kind := range []struct {
		addrs     []netip.Addr
		four, six wire.AttributeType
	}{
		{p.NBNS, wire.AttrInternalIP4NBNS, 0},
		{p.DHCP, wire.AttrInternalIP4DHCP, wire.AttrInternalIP6DHCP},
		{p.PCSCF, wire.AttrPCSCFIP4Address, wire.AttrPCSCFIP6Address},
		{p.Servers, wire.AttrInternalIP4Server, wire.AttrInternalIP6Server},
	} {
		for _, a := range kind.addrs {
			t := kind.six
			if a.Is4() {
				t = kind.four
			}
			list = append(list, wire.Attribute{Type: t, Value: a.AsSlice()})
		}
	}
	if p.Netmask.IsValid() {
		list = append(list, wire.Attribute{Type: wire.AttrInternalIP4Netmask, Value: p.Netmask.AsSlice()})
	}
	for _, n := range p.SplitInclude {
		list = append(list, wire.Attribute{Type: wire.AttrUnitySplitInclude, Value: wire.PrefixValue(n)})
	}
	for _, n := range p.SplitExclude {
		list = append(list, wire.Attribute{Type: wire.AttrUnityLocalLAN, Value: wire.PrefixValue(n)})
	}
	return append(list, p.Attributes...)
}

// checkAttributes refuses more than one message should carry, and a netmask for nothing.
func (p *Pool) checkAttributes(d *decoder) {
	if n := len(p.Tells()) + len(p.Subnets) + len(p.DNS); n > maxPoolAttributes {
		d.report(explain.ConfigBadValue, p.block, finding{message: fmt.Sprintf("%s tells clients %d things, more than %d", p.title(), n, maxPoolAttributes)})
	}
	if p.Netmask.IsValid() && !slices.ContainsFunc(p.Addresses, func(r lease.Range) bool { return r.First.Is4() }) {
		d.contradiction(&p.Origin, "netmask", "netmask goes with IPv4 addresses, and the pool has none")
	}
}
