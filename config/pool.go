package config

import (
	"net/netip"

	"culvert/lease"
)

// A Pool holds addresses and servers that a gateway hands to clients. Its ranges may be of both families.
type Pool struct {
	Origin
	Name      string
	Addresses []lease.Range
	Exclude   []lease.Range
	Static    map[string]netip.Addr // by identity
	DNS       []netip.Addr
}

// Label returns the name.
func (p *Pool) Label() string { return p.Name }

func (p *Pool) schema() schema {
	return schema{
		kind: "pool", label: &p.Name, named: "name", origin: &p.Origin,
		doc: "Addresses and servers that a gateway hands to clients. A client gets the same address when it comes back.",
		options: []option{
			{name: "addresses", slot: many(&p.Addresses, addressRange()), required: true, rfc: "RFC 7296, Section 3.15.1", aka: "addrs",
				doc: "Prefixes or ranges, of one or both families. Of a prefix, the addresses that no host can have are left out: the first and last one of IPv4, the first one of IPv6."},
			{name: "exclude", slot: many(&p.Exclude, addressRange()),
				doc: "Addresses that are never handed out, such as the gateway's own."},
			{name: "static", slot: table(&p.Static, "identity", address()),
				doc: "Addresses that belong to one identity each, as `{ \"carol@example.org\" = \"10.9.0.7\" }`."},
			{name: "dns", slot: many(&p.DNS, address()), rfc: "RFC 7296, Section 3.15.1", aka: "dns",
				doc: "DNS servers for the clients."},
		},
		finish: p.finish,
	}
}
