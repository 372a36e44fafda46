package radius

import (
	"net/netip"

	"culvert/eap"
)

// Values of NAS-Port-Type and Service-Type (RFC 2865, Sections 5.41 and 5.6).
const (
	portVirtual   = 5
	serviceFramed = 2
)

// A NAS says who we are to the servers.
type NAS struct {
	Identifier string     // NAS-Identifier, up to 253 octets
	Address    netip.Addr // NAS-IP-Address or NAS-IPv6-Address; zero: that of ours which the client has connected to
}

// attributes identify us. A server needs at least one of them (RFC 2865, Section 4.1).
func (n NAS) attributes(local netip.Addr) (list Attributes) {
	if n.Identifier != "" {
		list = append(list, text(NASIdentifier, n.Identifier))
	}
	a := n.Address
	if !a.IsValid() {
		a = local
	}
	switch a = a.Unmap(); {
	case !a.IsValid() || a.IsUnspecified():
	case a.Is4():
		list = append(list, Attribute{NASIPAddress, a.AsSlice()})
	case a.Is6():
		list = append(list, Attribute{NASIPv6Address, a.AsSlice()})
	}
	return list
}

// is tells whether attributes that name a NAS name this one (RFC 5176, Section 3).
func (n NAS) is(list Attributes) bool {
	if id, ok := list.First(NASIdentifier); ok && string(id) != n.Identifier {
		return false
	}
	for _, t := range []Type{NASIPAddress, NASIPv6Address} {
		v, ok := list.First(t)
		if !ok || !n.Address.IsValid() {
			continue
		}
		if a, ok := netip.AddrFromSlice(v); !ok || a.Unmap() != n.Address {
			return false
		}
	}
	return true
}

// A Line is where a client has come in: what servers know about it beside the user's name.
type Line struct {
	Connection    string // its name is the NAS-Port-Id
	Session       string // Acct-Session-Id
	Local, Remote netip.AddrPort
}

func lineOf(s eap.Session) Line { return Line{s.Connection, s.ID, s.Local, s.Remote} }

// attributes describe the line, in requests of both kinds (RFC 2865, Section 5; RFC 2866, Section 5.5).
func (l Line) attributes(n NAS) Attributes {
	list := n.attributes(l.Local.Addr())
	list = append(list, number(NASPortType, portVirtual), number(ServiceType, serviceFramed), text(NASPortID, l.Connection))
	if l.Session != "" {
		list = append(list, text(AcctSessionID, l.Session))
	}
	if a := l.Remote.Addr(); a.IsValid() {
		list = append(list, text(CallingStationID, a.Unmap().String()))
	}
	if a := l.Local.Addr(); a.IsValid() {
		list = append(list, text(CalledStationID, a.Unmap().String()))
	}
	return list
}
