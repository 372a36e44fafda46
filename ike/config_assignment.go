package ike

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"culvert/wire"
)

// An Assignment is what a configuration payload gives to a client (RFC 7296, Section 3.15). It owns its fields.
type Assignment struct {
	Addresses []netip.Prefix // an IPv4 address with 32 bits, or those of the netmask; an IPv6 address with its prefix length
	DNS       []netip.Addr
	Subnets   []netip.Prefix // networks that the gateway protects (RFC 7296, Section 3.15.2)
	Others    []wire.Attribute
}

// maxAssigned bounds what is taken of each kind of attribute, and what is leased to one peer of each family.
const maxAssigned = 32

// maxOther bounds the octets of an attribute that is kept for people to see.
const maxOther = 512

// RequestedAddresses returns the addresses that a CFG_REQUEST asks for, as a gateway sees it: an unspecified address asks
// for any of its family. Attributes of the wrong length are ignored, as are addresses that no peer can have.
func RequestedAddresses(request *wire.Configuration) []netip.Addr {
	var out []netip.Addr
	if request == nil || request.ConfigType != wire.ConfigRequest {
		return nil
	}
	for _, a := range request.Attributes {
		if wish, ok := requestedAddress(a); ok && len(out) < 2*maxAssigned {
			out = append(out, wish)
		}
	}
	return out
}

func requestedAddress(a wire.Attribute) (netip.Addr, bool) {
	any, octets := netip.IPv4Unspecified(), a.Value
	switch {
	case a.Type == wire.AttrInternalIP6Address:
		any = netip.IPv6Unspecified()
		if len(octets) == 17 {
			octets = octets[:16]
		}
	case a.Type != wire.AttrInternalIP4Address:
		return any, false
	}
	if len(octets) == 0 {
		return any, true
	}
	addr, ok := netip.AddrFromSlice(octets)
	switch {
	case !ok || addr.Is4() != any.Is4():
		return any, false
	case !assignable(addr):
		return any, true
	}
	return addr, true
}

// assignable tells whether a host can have the address.
func assignable(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLoopback() && !a.Is4In6() &&
		a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// Reply makes the CFG_REPLY of a gateway. Addresses and DNS servers are sent if they were asked for; subnets and other
// attributes in any case, as clients ignore what they do not know (RFC 7296, Section 2.19), but a netmask only beside the
// IPv4 address that it belongs to (RFC 7296, Section 3.15.1). It is nil when there is nothing to say.
func (as Assignment) Reply(request *wire.Configuration) *wire.Configuration {
	if request == nil || request.ConfigType != wire.ConfigRequest {
		return nil
	}
	asked := func(t wire.AttributeType) bool {
		return slices.ContainsFunc(request.Attributes, func(a wire.Attribute) bool { return a.Type == t })
	}
	reply := &wire.Configuration{ConfigType: wire.ConfigReply}
	for _, p := range as.Addresses {
		if p.Addr().Is4() && asked(wire.AttrInternalIP4Address) || p.Addr().Is6() && asked(wire.AttrInternalIP6Address) {
			reply.Attributes = append(reply.Attributes, addressAttribute(p))
		}
	}
	for _, d := range as.DNS {
		if t := dnsAttribute(d); asked(t) {
			reply.Attributes = append(reply.Attributes, wire.Attribute{Type: t, Value: d.AsSlice()})
		}
	}
	for _, p := range as.Subnets {
		reply.Attributes = append(reply.Attributes, subnetAttribute(p))
	}
	for _, a := range as.Others {
		if a.Type != wire.AttrInternalIP4Netmask || as.hasIPv4() && asked(wire.AttrInternalIP4Address) {
			reply.Attributes = append(reply.Attributes, a)
		}
	}
	return reply
}

func (as Assignment) hasIPv4() bool {
	return slices.ContainsFunc(as.Addresses, func(p netip.Prefix) bool { return p.Addr().Is4() })
}

func addressAttribute(p netip.Prefix) wire.Attribute {
	if p.Addr().Is4() {
		return wire.Attribute{Type: wire.AttrInternalIP4Address, Value: p.Addr().AsSlice()}
	}
	return wire.Attribute{Type: wire.AttrInternalIP6Address, Value: append(p.Addr().AsSlice(), byte(p.Bits()))}
}

func dnsAttribute(d netip.Addr) wire.AttributeType {
	if d.Is4() {
		return wire.AttrInternalIP4DNS
	}
	return wire.AttrInternalIP6DNS
}

func subnetAttribute(p netip.Prefix) wire.Attribute {
	if p.Addr().Is4() {
		return wire.Attribute{Type: wire.AttrInternalIP4Subnet, Value: wire.PrefixValue(p)}
	}
	return wire.Attribute{Type: wire.AttrInternalIP6Subnet, Value: wire.PrefixValue(p)}
}

// assignmentOf reads a CFG_REPLY. Attributes that are malformed are ignored, those that are of no use to us are kept for people
// to see (RFC 7296, Section 3.15.1). An INTERNAL_IP4_NETMASK belongs to the IPv4 address and says that there is a network behind the gateway.
func assignmentOf(reply *wire.Configuration) Assignment {
	var as Assignment
	mask, masked := 0, false
	for _, a := range reply.Attributes {
		switch a.Type {
		case wire.AttrInternalIP4Address, wire.AttrInternalIP6Address:
			as.addAddress(a)
		case wire.AttrInternalIP4DNS, wire.AttrInternalIP6DNS:
			as.addDNS(a)
		case wire.AttrInternalIP4Subnet, wire.AttrInternalIP6Subnet:
			as.addSubnet(a)
		case wire.AttrInternalIP4Netmask:
			mask, masked = maskBits(a.Value)
		default:
			as.addOther(a)
		}
	}
	if masked && mask < 32 {
		as.addNetwork(mask)
	}
	return as
}

func (as *Assignment) addAddress(a wire.Attribute) {
	var p netip.Prefix
	switch {
	case a.Type == wire.AttrInternalIP4Address && len(a.Value) == 4:
		p = netip.PrefixFrom(netip.AddrFrom4([4]byte(a.Value)), 32)
	case a.Type == wire.AttrInternalIP6Address && len(a.Value) == 17:
		p = netip.PrefixFrom(netip.AddrFrom16([16]byte(a.Value)), int(a.Value[16]))
	case a.Type == wire.AttrInternalIP6Address && len(a.Value) == 16: // some gateways leave out the length
		p = netip.PrefixFrom(netip.AddrFrom16([16]byte(a.Value)), 128)
	}
	if p.IsValid() && assignable(p.Addr()) && !slices.Contains(as.Addresses, p) && len(as.Addresses) < maxAssigned {
		as.Addresses = append(as.Addresses, p)
	}
}

func (as *Assignment) addDNS(a wire.Attribute) {
	d, ok := netip.AddrFromSlice(a.Value)
	if ok && assignable(d) && dnsAttribute(d) == a.Type && len(as.DNS) < maxAssigned {
		as.DNS = append(as.DNS, d)
	}
}

func (as *Assignment) addSubnet(a wire.Attribute) {
	var p netip.Prefix
	switch {
	case a.Type == wire.AttrInternalIP4Subnet && len(a.Value) == 8:
		if bits, ok := maskBits(a.Value[4:]); ok {
			p = netip.PrefixFrom(netip.AddrFrom4([4]byte(a.Value)), bits)
		}
	case a.Type == wire.AttrInternalIP6Subnet && len(a.Value) == 17:
		p = netip.PrefixFrom(netip.AddrFrom16([16]byte(a.Value)), int(a.Value[16]))
	}
	if p.IsValid() && len(as.Subnets) < maxAssigned {
		as.Subnets = append(as.Subnets, p.Masked())
	}
}

func (as *Assignment) addOther(a wire.Attribute) {
	if len(a.Value) <= maxOther && len(as.Others) < maxAssigned {
		as.Others = append(as.Others, wire.Attribute{Type: a.Type, Value: slices.Clone(a.Value)})
	}
}

// addNetwork adds the network of the first IPv4 address.
func (as *Assignment) addNetwork(bits int) {
	for _, p := range as.Addresses {
		if p.Addr().Is4() && len(as.Subnets) < maxAssigned {
			as.Subnets = append(as.Subnets, netip.PrefixFrom(p.Addr(), bits).Masked())
			return
		}
	}
}

// maskBits returns the length of a netmask that has all its ones in front.
func maskBits(octets []byte) (int, bool) {
	if len(octets) != 4 {
		return 0, false
	}
	bits := 0
	for inverse := ^binary.BigEndian.Uint32(octets); bits <= 32; bits++ {
		if inverse == uint32(uint64(1)<<(32-bits)-1) {
			return bits, true
		}
	}
	return 0, false
}

// addresses are the virtual addresses, none of a nil Assignment.
func (as *Assignment) addresses() []netip.Prefix {
	if as == nil {
		return nil
	}
	return as.Addresses
}

// clone returns a copy, the zero value of a nil Assignment.
func (as *Assignment) clone() Assignment {
	if as == nil {
		return Assignment{}
	}
	return Assignment{slices.Clone(as.Addresses), slices.Clone(as.DNS), slices.Clone(as.Subnets), slices.Clone(as.Others)}
}
