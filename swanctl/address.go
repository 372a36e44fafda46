package swanctl

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"culvert/spd"
)

// addresses turns what swanctl has for the addresses of a side into what Culvert has: addresses, prefixes and, where they are
// allowed, names. %any is none. reachable tells whether one of them can be connected to.
func addresses(texts []string, names bool) (list []string, reachable bool, err error) {
	for _, s := range texts {
		switch s {
		case "%any", "%any4", "%any6", "0.0.0.0", "::", "0.0.0.0/0", "::/0":
			list = append(list, anyOf(s))
			continue
		}
		prefixes, err := prefixesOf(s)
		switch {
		case err == nil:
			list = append(list, prefixes...)
			reachable = reachable || !strings.ContainsAny(s, "/-")
		case names && isHostName(s):
			list, reachable = append(list, s), true
		case isHostName(s):
			return nil, false, &mistake{fmt.Sprintf("%q is a name, and our own address is no matter of the DNS here", s), "write the address, or %any"}
		default:
			return nil, false, &mistake{fmt.Sprintf("%q is no address, prefix, range or name", s), addressHint(s)}
		}
	}
	return alone(list), reachable, nil
}

// addressHint tells how to write what programs with one field for address and port take.
func addressHint(s string) string {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return fmt.Sprintf("write %s; ports are keys of their own", at.Addr())
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return fmt.Sprintf("write %s, without brackets", a)
	}
	return "put commas between several"
}

// anyOf returns the word for every address, of a family or of both.
func anyOf(s string) string {
	switch {
	case s == "%any":
		return s
	case strings.Contains(s, ":") || s == "%any6":
		return "%any6"
	}
	return "%any4"
}

// alone returns nothing for what has every address in it: the others beside it make no difference.
func alone(list []string) []string {
	four, six := false, false
	for _, s := range list {
		four = four || s == "%any" || s == "%any4"
		six = six || s == "%any" || s == "%any6"
	}
	if four && six {
		return nil
	}
	return list
}

func isHostName(s string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?$`).MatchString(s) && strings.Trim(s, "0123456789.") != ""
}

// prefixesOf returns an address, a prefix, or the prefixes that a range is made of.
func prefixesOf(s string) ([]string, error) {
	if first, last, ok := strings.Cut(s, "-"); ok {
		return rangeOf(strings.TrimSpace(first), strings.TrimSpace(last))
	}
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, err
		}
		return []string{p.Masked().String()}, nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return nil, fmt.Errorf("%q is no address", s)
	}
	return []string{a.Unmap().String()}, nil
}

// rangeOf covers a range with the fewest prefixes.
func rangeOf(first, last string) ([]string, error) {
	a, err := netip.ParseAddr(first)
	if err != nil {
		return nil, err
	}
	b, err := netip.ParseAddr(last)
	if err != nil || a.BitLen() != b.BitLen() || b.Less(a) || a.Zone()+b.Zone() != "" {
		return nil, fmt.Errorf("%s-%s is no range", first, last)
	}
	var list []string
	for _, p := range (spd.Selector{Start: a, End: b}).Prefixes(nil) {
		list = append(list, p.String())
	}
	return list, nil
}
