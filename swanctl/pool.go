package swanctl

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"culvert/config"
	"culvert/explain"
	"culvert/spd"
	"culvert/swanctl/settings"
)

// A pool is one that is being translated.
type pool struct {
	out        *block
	attributes []string // by number
}

// poolRows are the keys of a pool.
func poolRows() []row[*pool] {
	rows := []row[*pool]{
		{Key{"addrs", Scalar, Implemented, "`addresses`; a prefix with bits behind its length begins at that address. Neither the first nor the last address of a prefix is leased, and no more than 31 bits of it are.", ""}, (*pool).addresses},
		{Key{"dns", Several, Implemented, "`dns`.", ""}, tellAddresses("dns")},
	}
	for _, k := range []struct{ name, option string }{
		{"nbns", "nbns"}, {"dhcp", "dhcp"}, {"server", "servers"}, {"p_cscf", "p_cscf"}, {"netmask", "netmask"},
	} {
		rows = append(rows, row[*pool]{Key{k.name, Several, Implemented, "`" + k.option + "`.", ""}, tellAddresses(k.option)})
	}
	for _, k := range []struct{ name, option string }{
		{"subnet", "subnets"}, {"split_include", "split_include"}, {"split_exclude", "split_exclude"},
	} {
		rows = append(rows, row[*pool]{Key{k.name, Several, Implemented, "`" + k.option + "`.", ""}, tellNetworks(k.option)})
	}
	return append(rows,
		row[*pool]{Key{"address", Several, Implemented, "`attributes` with the numbers 1 and 8: all clients are told the same addresses, beside the one that is leased.", ""}, (*pool).tellAlso},
		row[*pool]{Key{number, Several, Implemented, "`attributes`: an address, a prefix or text, as it stands.", ""}, (*pool).numbered})
}

// tellAlso adds addresses, or networks of them, that all clients are told.
func (p *pool) tellAlso(v value) error {
	for _, text := range v.texts() {
		n, err := netip.ParsePrefix(text)
		if a, alone := netip.ParseAddr(text); err != nil && alone == nil {
			n, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		switch {
		case err != nil:
			return &mistake{fmt.Sprintf("%q is no address", text), ""}
		case n.Addr().Is4():
			p.attributes = append(p.attributes, "1:"+n.Addr().String())
		default:
			p.attributes = append(p.attributes, "8:"+n.String())
		}
	}
	p.setAttributes(v)
	return nil
}

func (p *pool) setAttributes(v value) {
	if len(p.attributes) > 0 {
		p.out.set(v.origin, "attributes", list(p.attributes...))
	}
}

// tellAddresses writes a list of addresses.
func tellAddresses(option string) func(*pool, value) error {
	return func(p *pool, v value) error {
		if len(v.texts()) > 0 {
			p.out.set(v.origin, option, list(v.texts()...))
		}
		return nil
	}
}

// tellNetworks writes a list of prefixes, without the bits behind their length.
func tellNetworks(option string) func(*pool, value) error {
	return func(p *pool, v value) error {
		all := v.texts()
		for i, text := range all {
			if n, err := netip.ParsePrefix(text); err == nil {
				all[i] = n.Masked().String()
			}
		}
		if len(all) > 0 {
			p.out.set(v.origin, option, list(all...))
		}
		return nil
	}
}

// numbered adds attributes by their number. Octets that are no text, or would be read as hexadecimal digits, are written as such.
func (p *pool) numbered(v value) error {
	for _, text := range v.texts() {
		odd := func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }
		if strings.HasPrefix(text, "0x") || strings.ContainsFunc(text, odd) {
			text = "0x" + hex.EncodeToString([]byte(text))
		}
		p.attributes = append(p.attributes, strings.TrimLeft(v.item.Name, "0")+":"+text)
	}
	p.setAttributes(v)
	return nil
}

// pool translates one pool.
func (t *translation) pool(o Object) {
	if !t.nameable(o, "pools") {
		return
	}
	at := o.origin("pools")
	p := &pool{out: t.text(o.Loader).open(at, "pool", o.Name)}
	walk(t, poolRows(), p, at, o.Section)
	if _, ok := o.Section.Get("addrs", settings.Value); !ok {
		t.refuse(at.diagnostic(config.Error, explain.ConfigMissingKey, "addrs is missing", "give the pool a prefix or range"))
	}
}

// addresses reads a range, or a prefix: from the address that is written on, without network and broadcast address.
func (p *pool) addresses(v value) error {
	wrong := &mistake{fmt.Sprintf("%q is no prefix or range", v.text()), "write one as 10.9.0.0/24 or 10.9.0.10-10.9.0.99"}
	s := strings.ReplaceAll(v.text(), " ", "")
	if !strings.Contains(s, "/") {
		first, last, _ := strings.Cut(s, "-")
		if last == "" {
			last = first
		}
		a, err := netip.ParseAddr(first)
		b, wrongEnd := netip.ParseAddr(last)
		if err != nil || wrongEnd != nil || a.BitLen() != b.BitLen() || b.Less(a) {
			return wrong
		}
		p.out.set(v.origin, "addresses", list(first+"-"+last))
		return nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return wrong
	}
	if prefix.Masked() == prefix && prefix.Addr().Is4() {
		p.out.set(v.origin, "addresses", list(s))
		return nil
	}
	first, last := hosts(prefix)
	if last.Less(first) {
		return wrong
	}
	p.out.set(v.origin, "addresses", list(first.String()+"-"+last.String()))
	return nil
}

// poolBits is how many bits of a prefix charon leases at most.
const poolBits = 31

// hosts are the addresses that charon leases of a prefix: from the address that is written on, and of both families neither the first
// nor the last of all, unless there are no more than two.
func hosts(prefix netip.Prefix) (first, last netip.Addr) {
	first = prefix.Addr()
	prefix = netip.PrefixFrom(first, max(prefix.Bits(), first.BitLen()-poolBits))
	last = spd.Prefix(prefix).End
	if first.BitLen()-prefix.Bits() < 2 {
		return first, last
	}
	if first == prefix.Masked().Addr() {
		first = first.Next()
	}
	return first, last.Prev()
}
