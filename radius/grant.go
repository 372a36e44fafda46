package radius

import (
	"net/netip"
	"slices"
	"strings"

	"culvert/eap"
)

// GroupRules say which groups an Access-Accept puts a user into.
type GroupRules struct {
	From  []Type            // FilterID, Class or both
	Names map[string]string // what stands in the attribute -> group; the rest is taken as it is, unless Only
	Only  bool              // nothing but Names makes a group
}

const (
	maxGroups = 64 // of one user
	maxClass  = 16 // attributes that are repeated in accounting
	maxDNS    = 8
)

// grant reads what an Access-Accept gives to the user. An attribute that limits and cannot be read is an error: to go on would
// be to give more than the server wants.
func (rules GroupRules) grant(list Attributes) (*eap.Grant, error) {
	g := &eap.Grant{Groups: rules.groups(list)}
	if name, ok := list.First(UserName); ok {
		g.User = string(name) // the name that accounting uses (RFC 2865, Section 5.1)
	}
	if !isText(g.User) {
		return nil, errValue{UserName}
	}
	var err error
	for _, field := range []func() error{
		func() error { g.IPv4, err = framedAddress(list, FramedIPAddress, 32); return err },
		func() error { g.IPv6, err = framedIPv6(list); return err },
		func() error { g.SessionTimeout, err = list.Duration(SessionTimeout); return err },
		func() error { g.IdleTimeout, err = list.Duration(IdleTimeout); return err },
		func() error { g.InterimInterval, err = list.Duration(AcctInterimInterval); return err },
		func() error { g.DNS, err = dnsServers(list); return err },
	} {
		if err := field(); err != nil {
			return nil, err
		}
	}
	for _, class := range list.All(Class) {
		if len(g.Class) < maxClass {
			g.Class = append(g.Class, slices.Clone(class))
		}
	}
	return g, nil
}

// groups are the names in the attributes, each once.
func (rules GroupRules) groups(list Attributes) (groups []string) {
	for _, t := range rules.From {
		for _, v := range list.All(t) {
			name, known := rules.Names[string(v)]
			if !known && !rules.Only {
				name = groupName(v)
			}
			if name != "" && !slices.Contains(groups, name) && len(groups) < maxGroups {
				groups = append(groups, name)
			}
		}
	}
	return groups
}

// groupName is the text of an attribute, if it is one. Class often reads "OU=staff;", as other servers have it.
func groupName(v []byte) string {
	name := strings.TrimSuffix(strings.TrimPrefix(string(v), "OU="), ";")
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) {
		return ""
	}
	return name
}

// framedAddress is an address of the user's. Two values ask us or the user to choose (RFC 2865, Section 5.8).
func framedAddress(list Attributes, t Type, bits int) (netip.Addr, error) {
	a, err := list.Addr(t, bits)
	switch {
	case err != nil:
		return netip.Addr{}, err
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}), a == netip.AddrFrom4([4]byte{255, 255, 255, 254}):
		return netip.Addr{}, nil
	case a.IsValid() && (a.IsUnspecified() || a.IsMulticast() || a.IsLoopback()):
		return netip.Addr{}, errValue{t}
	}
	return a, nil
}

// framedIPv6 is the Framed-IPv6-Address (RFC 6911, Section 3.1), or the first host of the Framed-IPv6-Prefix (RFC 3162,
// Section 2.3), of which one user's gateway needs no more.
func framedIPv6(list Attributes) (netip.Addr, error) {
	a, err := framedAddress(list, FramedIPv6Address, 128)
	if err != nil || a.IsValid() {
		return a, err
	}
	v, ok := list.First(FramedIPv6Prefix)
	if !ok {
		return netip.Addr{}, nil
	}
	p, err := parsePrefix6(v)
	switch {
	case err != nil:
		return netip.Addr{}, err
	case p.IsSingleIP():
		return p.Addr(), nil
	}
	return p.Addr().Next(), nil
}

// parsePrefix6 reads a prefix (RFC 3162, Section 2.3):
//
//	| reserved (1) | length in bits (1) | prefix (0 to 16) |
func parsePrefix6(v []byte) (netip.Prefix, error) {
	if len(v) < 2 || len(v) > 18 || v[1] > 128 || int(v[1]) > 8*(len(v)-2) {
		return netip.Prefix{}, errValue{FramedIPv6Prefix}
	}
	var octets [16]byte
	copy(octets[:], v[2:])
	p := netip.PrefixFrom(netip.AddrFrom16(octets), int(v[1])).Masked()
	if a := p.Addr(); a.IsMulticast() || a.IsLoopback() || a.Is4In6() || a.IsUnspecified() {
		return netip.Prefix{}, errValue{FramedIPv6Prefix}
	}
	return p, nil
}

// dnsServers are those of Microsoft's attributes (RFC 2548, Sections 2.7.1 and 2.7.2) and of RFC 6911, Section 3.2.
func dnsServers(list Attributes) (servers []netip.Addr, err error) {
	for _, kind := range []byte{msPrimaryDNSServer, msSecondaryDNSServer} {
		v, err := list.microsoft(kind)
		if err != nil {
			return nil, err
		}
		if len(v) == 4 {
			servers = append(servers, netip.AddrFrom4([4]byte(v)))
		}
	}
	for _, v := range list.All(DNSServerIPv6Address) {
		if len(v) == 16 && len(servers) < maxDNS {
			servers = append(servers, netip.AddrFrom16([16]byte(v)))
		}
	}
	return servers, nil
}
