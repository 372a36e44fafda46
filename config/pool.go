package config

import (
	"net/netip"

	"culvert/lease"
	"culvert/wire"
)

// A Pool holds addresses and servers that a gateway hands to clients. Its ranges may be of both families.
type Pool struct {
	Origin
	Name      string
	Addresses []lease.Range
	Exclude   []lease.Range
	Static    map[string]netip.Addr // by identity
	DNS       []netip.Addr

	NBNS, DHCP, PCSCF, Servers []netip.Addr
	Netmask                    []netip.Addr
	Subnets                    []netip.Prefix
	SplitInclude, SplitExclude []netip.Prefix
	Attributes                 []wire.Attribute // by number
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
			{name: "subnets", slot: many(&p.Subnets, network()), rfc: "RFC 7296, Section 3.15.2", aka: "subnet",
				doc: "Networks that clients are told to route to us. What they may reach is for `local` of the child."},
			{name: "nbns", slot: many(&p.NBNS, address()), rfc: "RFC 7296, Section 3.15.1", aka: "nbns",
				doc: "NetBIOS name servers (WINS) for the clients. Those of IPv6 are INTERNAL_IP6_NBNS, which is of RFC 4306."},
			{name: "dhcp", slot: many(&p.DHCP, address()), rfc: "RFC 7296, Section 3.15.1", aka: "dhcp",
				doc: "DHCP servers that clients are told to ask for anything else."},
			{name: "netmask", slot: many(&p.Netmask, netmask()), rfc: "RFC 7296, Section 3.15.1", aka: "netmask",
				doc: "Netmask that goes with IPv4 addresses. Few clients know what to do with it: prefer `subnets`. One of IPv6, as `\"ffff:ffff::\"`, is of no RFC."},
			{name: "p_cscf", slot: many(&p.PCSCF, address()), rfc: "RFC 7651", aka: "p_cscf",
				doc: "P-CSCF servers of an IP Multimedia Subsystem."},
			{name: "servers", slot: many(&p.Servers, address()), aka: "server",
				doc: "INTERNAL_IP4_SERVER and INTERNAL_IP6_SERVER, as Windows and strongSwan have them for addresses of servers."},
			{name: "split_include", slot: many(&p.SplitInclude, network()), aka: "split_include",
				doc: "UNITY_SPLIT_INCLUDE: networks that clients of Cisco's kind put into the tunnel."},
			{name: "split_exclude", slot: many(&p.SplitExclude, network()), aka: "split_exclude",
				doc: "UNITY_LOCAL_LAN: networks that such clients keep out of the tunnel."},
			{name: "attributes", slot: many(&p.Attributes, attribute()), rfc: "RFC 7296, Section 3.15.1",
				doc: "Any other attributes, each a number and its value, as `\"25:corp.example.org\"`: an address, a prefix, `0x` with hexadecimal digits, or text. 1 and 8 are addresses beside the leased one, the same for all clients."},
		},
		finish: p.finish,
	}
}
