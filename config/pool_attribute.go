package config

import (
	"encoding/hex"
	"fmt"
	"math/bits"
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

// Attributes that are reserved today, and that strongSwan still sends: INTERNAL_IP6_NETMASK of drafts, and INTERNAL_IP6_NBNS of RFC
// 4306.
const (
	netmask6 wire.AttributeType = 9
	nbns6    wire.AttributeType = 11
)

// maxAttributeValue is the most octets of an attribute by number.
const maxAttributeValue = 512

// netmask reads the mask of addresses.
func netmask() reader[netip.Addr] {
	return textual("netmask", `a netmask such as "255.255.255.0"`, func(s string) (netip.Addr, error) {
		a, err := parseAddress(s)
		if err == nil && !contiguous(a) {
			err = fmt.Errorf("%s is no netmask", s)
		}
		return a, err
	}, netip.Addr.String)
}

// contiguous tells whether a mask has its ones in front.
func contiguous(mask netip.Addr) bool {
	zeros := false
	for _, octet := range mask.AsSlice() {
		if zeros && octet != 0 || bits.LeadingZeros8(^octet)+bits.TrailingZeros8(octet) < 8 {
			return false
		}
		zeros = zeros || octet != 0xff
	}
	return true
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
		{p.NBNS, wire.AttrInternalIP4NBNS, nbns6},
		{p.DHCP, wire.AttrInternalIP4DHCP, wire.AttrInternalIP6DHCP},
		{p.PCSCF, wire.AttrPCSCFIP4Address, wire.AttrPCSCFIP6Address},
		{p.Servers, wire.AttrInternalIP4Server, wire.AttrInternalIP6Server},
		{p.Netmask, wire.AttrInternalIP4Netmask, netmask6},
	} {
		for _, a := range kind.addrs {
			t := kind.six
			if a.Is4() {
				t = kind.four
			}
			list = append(list, wire.Attribute{Type: t, Value: a.AsSlice()})
		}
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
	for _, mask := range p.Netmask {
		if !slices.ContainsFunc(p.Addresses, func(r lease.Range) bool { return r.First.Is4() == mask.Is4() }) {
			d.contradiction(&p.Origin, "netmask", "netmask %s goes with addresses of its family, and the pool has none", mask)
		}
	}
}
