package ike

import (
	"net/netip"
	"slices"

	"culvert/explain"
	"culvert/wire"
)

// configRequest is the CFG_REQUEST of a client, or nil when it needs no address: an address is a must in it (RFC 7296,
// Section 2.19). Addresses that an earlier IKE SA had are asked for again.
func (sa *SA) configRequest() *wire.Configuration {
	wishes := sa.addressWishes()
	if len(wishes) == 0 {
		return nil
	}
	cp := &wire.Configuration{ConfigType: wire.ConfigRequest}
	for _, a := range wishes {
		cp.Attributes = append(cp.Attributes, wishAttribute(a))
	}
	if !sa.conn.DNS {
		return cp
	}
	for _, any := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		if slices.ContainsFunc(wishes, func(a netip.Addr) bool { return a.Is4() == any.Is4() }) {
			cp.Attributes = append(cp.Attributes, wire.Attribute{Type: dnsAttribute(any)})
		}
	}
	return cp
}

// addressWishes are the configured virtual addresses, each unspecified one replaced by one that we had.
func (sa *SA) addressWishes() []netip.Addr {
	had := slices.Clone(sa.initial.wishes)
	var out []netip.Addr
	for _, want := range sa.conn.VirtualIPs {
		i := slices.IndexFunc(had, func(a netip.Addr) bool { return a.Is4() == want.Is4() })
		if want.IsUnspecified() && i >= 0 {
			want = had[i]
			had = slices.Delete(had, i, i+1)
		}
		out = append(out, want)
	}
	return out
}

func wishAttribute(a netip.Addr) wire.Attribute {
	if !a.IsUnspecified() {
		return addressAttribute(netip.PrefixFrom(a, a.BitLen()))
	}
	if a.Is4() {
		return wire.Attribute{Type: wire.AttrInternalIP4Address}
	}
	return wire.Attribute{Type: wire.AttrInternalIP6Address}
}

// learnAssignment takes the CFG_REPLY of a gateway. What was not asked for is not taken: no more addresses of a family than
// were requested, no DNS servers unless wanted (RFC 7296, Section 3.15.1). A client that gets no address has a problem which
// people have to hear of (RFC 7296, Section 3.15.4).
func (sa *SA) learnAssignment(payloads []wire.Payload) {
	if len(sa.conn.VirtualIPs) == 0 {
		return
	}
	var as Assignment
	if cp, ok := wire.Find[*wire.Configuration](payloads); ok && cp.ConfigType == wire.ConfigReply {
		as = assignmentOf(cp)
	}
	as.Addresses = slices.Concat(sa.granted(as.Addresses, true), sa.granted(as.Addresses, false))
	if !sa.conn.DNS {
		as.DNS = nil
	}
	if len(as.Addresses) == 0 {
		if _, failed := errorOf(payloads); !failed {
			sa.fail(refuse(explain.IKENoAddress, 0, "%v gives us no virtual address: connection %q asks for %v", sa.path.Remote,
				sa.conn.Name, sa.conn.VirtualIPs))
		}
		return
	}
	sa.assigned = &as
	sa.news(News{Kind: NewsAssigned, Assigned: &as})
}

// granted returns the addresses of a family, as many as were asked for.
func (sa *SA) granted(list []netip.Prefix, four bool) []netip.Prefix {
	asked := 0
	for _, a := range sa.conn.VirtualIPs {
		if a.Is4() == four {
			asked++
		}
	}
	var out []netip.Prefix
	for _, p := range list {
		if p.Addr().Is4() == four && len(out) < asked {
			out = append(out, p)
		}
	}
	return out
}
