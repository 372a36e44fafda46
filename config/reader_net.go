package config

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"culvert/lease"
	"culvert/spd"
)

// anyWord stands for every address.
const anyWord = "%any"

// An Address is where a peer is: a name, or an address or prefix. One of the two is set.
type Address struct {
	Prefix netip.Prefix
	Name   string
}

// String returns the address as a file has it.
func (a Address) String() string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Prefix.IsSingleIP():
		return a.Prefix.Addr().String()
	case !a.Prefix.IsValid():
		return anyWord
	}
	return a.Prefix.String()
}

func address() reader[netip.Addr] {
	return textual("address", `an IP address such as "192.0.2.1"`, parseAddress, netip.Addr.String)
}

func parseAddress(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return a, &mistake{message: fmt.Sprintf("%q is no IP address", s), hint: addressHint(s)}
	case a.Zone() != "":
		return a, errors.New("an address with a zone has no meaning here")
	}
	return a.Unmap(), nil
}

// addressHint tells how to write what programs with one field for address and port take.
func addressHint(s string) string {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return fmt.Sprintf("write %s; ports are options of their own", at.Addr())
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if a, err := netip.ParseAddr(inner); err == nil {
		return fmt.Sprintf("write %s, without brackets", a)
	}
	return ""
}

func prefix() reader[netip.Prefix] {
	return textual("address", `an address or prefix such as "192.0.2.1" or "10.0.0.0/8"`, parsePrefix, func(p netip.Prefix) string {
		return Address{Prefix: p}.String()
	})
}

// parsePrefix reads an address or prefix. %any is the zero Prefix.
func parsePrefix(s string) (netip.Prefix, error) {
	switch s {
	case anyWord:
		return netip.Prefix{}, nil
	case "%any4":
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0), nil
	case "%any6":
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0), nil
	}
	if !strings.Contains(s, "/") {
		a, err := parseAddress(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, &mistake{message: fmt.Sprintf("%q is no prefix", s), hint: spd.PrefixHint(s)}
	case p.Masked() != p:
		return p, &mistake{message: "bits are set behind the length of the prefix", hint: fmt.Sprintf("did you mean %s, or the address %s?", p.Masked(), p.Addr())}
	}
	return p, nil
}

// host reads an address, prefix or DNS name.
func host() reader[Address] {
	return textual("address", `an address, prefix or host name`, parseHost, Address.String)
}

func parseHost(s string) (Address, error) {
	if p, err := parsePrefix(s); err == nil || strings.ContainsAny(s, "/:") || digitsAndDots(s) {
		return Address{Prefix: p}, err
	}
	label := regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)
	for part := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if len(s) > 253 || !label.MatchString(part) {
			return Address{}, fmt.Errorf("%q is neither address nor host name", s)
		}
	}
	return Address{Name: strings.ToLower(s)}, nil
}

// withoutAny returns the addresses of a side, none if %any is among them, which must stand alone then.
func withoutAny[T any](d *decoder, o *Origin, list []T, isAny func(T) bool) []T {
	i := slices.IndexFunc(list, isAny)
	if i < 0 {
		return list
	}
	if len(list) > 1 {
		d.contradiction(o, element("address", i), "%s is every address: the others beside it have no effect", anyWord)
	}
	return nil
}

func digitsAndDots(s string) bool { return s != "" && strings.Trim(s, "0123456789.") == "" }

// addressRange reads what a pool holds: a prefix, a range or an address.
func addressRange() reader[lease.Range] {
	return textual("address range", `a prefix such as "10.9.0.0/24", or a range such as "10.9.0.10-10.9.0.99"`, parseRange, formatRange)
}

func parseRange(s string) (lease.Range, error) {
	sel, err := spd.ParseSelector(s)
	if err != nil {
		return lease.Range{}, err
	}
	if strings.Contains(s, "[") {
		return lease.Range{}, errors.New("a pool has no protocol or port")
	}
	r := lease.Range{First: sel.Start, Last: sel.End}
	if strings.Contains(s, "/") {
		r = withoutEnds(r)
	}
	return r, nil
}

// withoutEnds takes off what is no host of a prefix: the network and broadcast addresses of IPv4, and the subnet-router
// anycast address of IPv6 (RFC 4291, Section 2.6.1). Prefixes of one or two addresses have none.
func withoutEnds(r lease.Range) lease.Range {
	if r.First == r.Last || r.First.Next() == r.Last {
		return r
	}
	r.First = r.First.Next()
	if r.Last.Is4() {
		r.Last = r.Last.Prev()
	}
	return r
}

func formatRange(r lease.Range) string {
	return spd.Selector{Start: r.First, End: r.Last, EndPort: 65535}.String()
}

// selector reads a traffic selector. "dynamic" is one without addresses.
func selector() reader[spd.Selector] {
	expect := `a prefix, range or address, or dynamic, with protocol and port if need be: "10.1.0.0/16[tcp/443]"`
	return textual("selector", expect, parseSelector, formatSelector)
}

const dynamicWord = "dynamic"

func parseSelector(s string) (spd.Selector, error) {
	upper, found := strings.CutPrefix(s, dynamicWord)
	if !found {
		return spd.ParseSelector(s)
	}
	sel, err := spd.ParseSelector("0.0.0.0" + upper)
	if err != nil { // a protocol of IPv6
		sel, err = spd.ParseSelector("::" + upper)
	}
	sel.Start, sel.End = netip.Addr{}, netip.Addr{}
	if err != nil {
		err = fmt.Errorf("%q is no protocol and port", upper)
	}
	return sel, err
}

func formatSelector(s spd.Selector) string {
	if !isDynamic(s) {
		return s.String()
	}
	s.Start, s.End = netip.IPv4Unspecified(), netip.IPv4Unspecified()
	return dynamicWord + strings.TrimPrefix(s.String(), "0.0.0.0")
}

// dynamic returns the default selectors of a side.
func dynamic() []spd.Selector { return []spd.Selector{{EndPort: 65535}} }

func isDynamic(s spd.Selector) bool { return !s.Start.IsValid() }

// sharedFamily reports whether a packet can match one selector of each side.
func sharedFamily(local, remote []spd.Selector) bool {
	for _, l := range local {
		for _, r := range remote {
			if isDynamic(l) || isDynamic(r) || l.Is4() == r.Is4() {
				return true
			}
		}
	}
	return false
}
