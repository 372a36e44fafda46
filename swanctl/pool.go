package swanctl

import (
	"fmt"
	"net/netip"
	"strings"

	"culvert/config"
	"culvert/explain"
	"culvert/swanctl/settings"
)

// A pool is one that is being translated.
type pool struct{ out *block }

func (p *pool) setter() *block { return p.out }

// poolRows are the keys of a pool.
func poolRows() []row[*pool] {
	rows := []row[*pool]{
		{Key{"addrs", Scalar, Implemented, "`addresses`; a prefix with bits behind its length begins at that address.", ""}, (*pool).addresses},
		{Key{"dns", Several, Implemented, "`dns`.", ""}, (*pool).dns},
	}
	for _, name := range []string{"address", "nbns", "dhcp", "netmask", "server", "subnet", "p_cscf", "split_include", "split_exclude"} {
		rows = append(rows, row[*pool]{Key{name, Several, Refused, "clients get addresses and DNS servers; what else they could be told is not there.", ""}, refuseAttribute})
	}
	return append(rows, row[*pool]{Key{number, Several, Refused, "attributes by number, as the others.", ""}, refuseAttribute})
}

func refuseAttribute(p *pool, v value) error {
	if len(v.texts()) == 0 {
		return nil
	}
	return &mistake{"clients are told addresses and DNS servers alone", "leave it out"}
}

// pool translates one pool.
func (t *translation) pool(o Object) {
	if !t.nameable(o, "pools") {
		return
	}
	at := o.origin("pools")
	p := &pool{t.text(o.Loader).open(at, "pool", o.Name)}
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
	if prefix.Masked() == prefix {
		p.out.set(v.origin, "addresses", list(s))
		return nil
	}
	end := lastOf(prefix.Masked())
	if end.Is4() && prefix.Bits() < 31 {
		end = end.Prev()
	}
	if end.Less(prefix.Addr()) {
		return wrong
	}
	p.out.set(v.origin, "addresses", list(prefix.Addr().String()+"-"+end.String()))
	return nil
}

func (p *pool) dns(v value) error {
	if len(v.texts()) > 0 {
		p.out.set(v.origin, "dns", list(v.texts()...))
	}
	return nil
}
