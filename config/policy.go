package config

import "culvert/spd"

// A Policy lets traffic pass unprotected or drops it.
type Policy struct {
	Origin
	Name     string
	Action   spd.Action // spd.Bypass or spd.Discard
	Local    []spd.Selector
	Remote   []spd.Selector
	Priority int
}

// Label returns the name.
func (p *Policy) Label() string { return p.Name }

func newPolicy() *Policy {
	return &Policy{Priority: 1000}
}

func (p *Policy) schema() schema {
	return schema{
		kind: "policy", label: &p.Name, named: "name", origin: &p.Origin,
		doc: "Traffic that passes unprotected, or not at all, whatever the tunnels say.",
		options: []option{
			{name: "action", slot: one(&p.Action, choice("action", value("discard", spd.Discard), value("bypass", spd.Bypass))), required: true, rfc: "RFC 4301, Section 4.4.1", aka: "mode",
				doc: "`bypass` lets the traffic pass unprotected, `discard` drops it."},
			{name: "local", slot: many(&p.Local, selector()), required: true, rfc: "RFC 4301, Section 4.4.1.1", aka: "local_ts",
				doc: "Our side of the traffic, written as in a child."},
			{name: "remote", slot: many(&p.Remote, selector()), required: true, rfc: "RFC 4301, Section 4.4.1.1", aka: "remote_ts",
				doc: "The other side of the traffic."},
			{name: "priority", slot: one(&p.Priority, number[int](-1_000_000, 1_000_000)), rfc: "RFC 4301, Section 4.4.1",
				doc: "Policies with a higher priority are looked at first; children have 0 unless they say otherwise."},
		},
		finish: p.finish,
	}
}

func (p *Policy) finish(d *decoder) {
	p.refuseDynamic(d, "local", p.Local)
	p.refuseDynamic(d, "remote", p.Remote)
	if len(p.Local) > 0 && len(p.Remote) > 0 && !sharedFamily(p.Local, p.Remote) {
		d.contradiction(&p.Origin, "remote", "local and remote share no address family: no packet can match both; give both sides selectors of IPv4, of IPv6, or of each")
	}
}

func (p *Policy) refuseDynamic(d *decoder, side string, selectors []spd.Selector) {
	for i, s := range selectors {
		if isDynamic(s) {
			d.contradiction(&p.Origin, element(side, i), "dynamic stands for an address of a tunnel, a policy has none: name the addresses")
		}
	}
}
