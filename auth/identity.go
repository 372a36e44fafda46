package auth

import (
	"net/netip"
	"strings"

	"culvert/auth/dn"
	"culvert/wire"
)

// An Identity is what an IDi or IDr payload carries (RFC 7296, Section 3.5), and, in a configuration, a pattern for it.
// It is comparable; the zero value is %any. Data holds the octets of the payload unchecked: any type and any octets from
// the wire are safe for every method.
//
// A pattern may be a regular expression, see IsExpression, or have a "*" as the first character of a domain name or mail address, "*" as a value of a distinguished name,
// and a network (address octets and one octet of prefix length) instead of an address.
type Identity struct {
	Type wire.IDType
	Data string
}

// FromPayload returns the identity of a payload. It is never the zero Identity, not even for the reserved type 0.
func FromPayload(p *wire.Identification) Identity {
	id := Identity{p.IDType, string(p.Data)}
	if id.IsAny() {
		id.Data = "\x00"
	}
	return id
}

// Payload returns the identity as an IDi or IDr payload.
func (id Identity) Payload(t wire.PayloadType) *wire.Identification {
	return &wire.Identification{Payload: t, IDType: id.Type, Data: []byte(id.Data)}
}

// AddressIdentity returns the identity of an IP address.
func AddressIdentity(addr netip.Addr) Identity {
	addr = addr.Unmap()
	if addr.Is4() {
		return Identity{wire.IDIPv4Addr, string(addr.AsSlice())}
	}
	return Identity{wire.IDIPv6Addr, string(addr.WithZone("").AsSlice())}
}

// NullIdentity returns ID_NULL, the identity of who does not say one (RFC 7619, Section 2.2).
func NullIdentity() Identity { return Identity{Type: wire.IDNull} }

// IsNull reports whether the identity is ID_NULL, whatever data came with it.
func (id Identity) IsNull() bool { return id.Type == wire.IDNull }

// UserIdentity returns the identity of a user whom EAP has authenticated. A name with an "@" is a mail address, as network
// access identifiers look like one (RFC 7542), a distinguished name, as certificates have them, is one (RFC 5216, Section 5.2);
// others are names.
func UserIdentity(name string) Identity {
	if der, err := dn.Parse(name); err == nil && strings.Contains(name, "=") {
		return Identity{wire.IDDERASN1DN, string(der)}
	}
	if strings.Contains(name, "@") {
		return Identity{wire.IDRFC822Addr, name}
	}
	return Identity{wire.IDFQDN, name}
}

// Addr returns the address of an identity that is one.
func (id Identity) Addr() (netip.Addr, bool) {
	addr, ok := netip.AddrFromSlice([]byte(id.Data))
	fits := id.Type == wire.IDIPv4Addr && addr.Is4() || id.Type == wire.IDIPv6Addr && addr.Is6()
	return addr, ok && fits
}

// IsAny reports whether the identity is %any.
func (id Identity) IsAny() bool { return id == Identity{} }

// IsPattern reports whether the identity, as a pattern, fits more than one identity.
func (id Identity) IsPattern() bool {
	if id.IsExpression() {
		return true
	}
	switch id.Type {
	case wire.IDFQDN, wire.IDRFC822Addr:
		return strings.HasPrefix(id.Data, "*")
	case wire.IDDERASN1DN:
		return dn.HasWildcard([]byte(id.Data))
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		_, ok := id.network()
		return ok
	}
	return id.IsAny()
}

// network returns the network of a pattern that is one.
func (id Identity) network() (netip.Prefix, bool) {
	if id.Data == "" {
		return netip.Prefix{}, false
	}
	last := len(id.Data) - 1
	addr, ok := Identity{id.Type, id.Data[:last]}.Addr()
	if !ok {
		return netip.Prefix{}, false
	}
	p := netip.PrefixFrom(addr, int(id.Data[last]))
	return p, p.IsValid()
}

// Canonical returns an identity that is the same for all identities of equal meaning: names differ in case, distinguished
// names in string types and spaces as well (RFC 5280, Section 7.1). It is a key for maps, not to be sent.
func (id Identity) Canonical() Identity {
	if id = id.meant(); id.IsExpression() {
		return id
	}
	switch id.Type {
	case wire.IDFQDN, wire.IDRFC822Addr:
		return Identity{id.Type, strings.ToLower(id.Data)}
	case wire.IDDERASN1DN:
		return Identity{id.Type, string(dn.Canonical([]byte(id.Data)))}
	}
	return id
}

// meant returns a distinguished name for one that came as text in a domain name, as Apple's clients send it.
func (id Identity) meant() Identity {
	const longest = 1024
	if id.Type != wire.IDFQDN || id.IsExpression() || len(id.Data) > longest || !strings.Contains(id.Data, "=") {
		return id
	}
	der, err := dn.Parse(id.Data)
	if err != nil {
		return id
	}
	return Identity{wire.IDDERASN1DN, string(der)}
}

// Equal reports whether two identities mean the same.
func (id Identity) Equal(other Identity) bool { return id.Canonical() == other.Canonical() }

// Match tells how well a pattern fits. Where several policies fit, the most specific one counts (RFC 4945,
// Section 3.1.10).
type Match uint8

// The ways a pattern fits, worst first.
const (
	MatchNone Match = iota
	MatchAny
	MatchExpression
	MatchWildcard
	MatchExact
)

// Match compares an identity with a pattern.
func (pattern Identity) Match(id Identity) Match {
	pattern, id = pattern.meant(), id.meant()
	switch {
	case pattern.IsAny():
		return MatchAny
	case pattern.Type != id.Type:
		return MatchNone
	case pattern.IsExpression():
		if pattern.expresses(id) {
			return MatchExpression
		}
	case pattern.Equal(id):
		return MatchExact
	case pattern.IsPattern() && pattern.covers(id):
		return MatchWildcard
	}
	return MatchNone
}

// Matches reports whether the identity fits the pattern.
func (pattern Identity) Matches(id Identity) bool { return pattern.Match(id) != MatchNone }

// covers compares with a pattern that has a wildcard, types being equal.
func (pattern Identity) covers(id Identity) bool {
	switch pattern.Type {
	case wire.IDFQDN, wire.IDRFC822Addr:
		suffix := strings.ToLower(pattern.Data[1:])
		return strings.HasSuffix(strings.ToLower(id.Data), suffix)
	case wire.IDDERASN1DN:
		return dn.Match([]byte(pattern.Data), []byte(id.Data))
	}
	network, _ := pattern.network()
	addr, ok := id.Addr()
	return ok && network.Contains(addr)
}
