package radius

import (
	"net/netip"
	"slices"
	"time"
)

// A Selection says which sessions a request is about: those that fit everything that is given (RFC 5176, Section 3).
type Selection struct {
	User       string // User-Name; "" is any, likewise below
	Session    string // Acct-Session-Id
	Peer       string // Calling-Station-Id
	Gateway    string // Called-Station-Id
	Connection string // NAS-Port-Id
	IPv4, IPv6 netip.Addr
	Prefix     netip.Prefix // Framed-IPv6-Prefix
}

// Matches tells whether a session is meant.
func (s Selection) Matches(a *Account) bool {
	has := func(want netip.Addr) bool { return !want.IsValid() || slices.Contains(a.Addresses, want) }
	fits := func(want, is string) bool { return want == "" || want == is }
	return fits(s.User, a.User) && fits(s.Session, a.Line.Session) && fits(s.Connection, a.Line.Connection) &&
		fits(s.Peer, a.Line.Remote.Addr().Unmap().String()) && fits(s.Gateway, a.Line.Local.Addr().Unmap().String()) &&
		has(s.IPv4) && has(s.IPv6) &&
		(!s.Prefix.IsValid() || slices.ContainsFunc(a.Addresses, s.Prefix.Contains))
}

// A Change is what a CoA-Request wants for sessions. What is nil stays as it is.
type Change struct {
	SessionTimeout  *time.Duration // from now on
	IdleTimeout     *time.Duration
	InterimInterval *time.Duration
	Groups          []string
	Class           [][]byte
}

// identifying attributes say who we are and which sessions are meant; the others say what is to change.
func identifying(t Type) bool {
	switch t {
	case NASIPAddress, NASIPv6Address, NASIdentifier, UserName, AcctSessionID, CallingStationID, CalledStationID, NASPortID,
		FramedIPAddress, FramedIPv6Address, FramedIPv6Prefix, NASPortType, EventTimestamp, MessageAuthenticator, ProxyState:
		return true
	}
	return false
}

// selectionOf reads which sessions a request is about. One that says nothing would be about all.
func selectionOf(list Attributes) (s Selection, cause ErrorCause) {
	for t, field := range map[Type]*string{
		UserName: &s.User, AcctSessionID: &s.Session, CallingStationID: &s.Peer, CalledStationID: &s.Gateway, NASPortID: &s.Connection,
	} {
		if v, ok := list.First(t); ok {
			*field = string(v)
		}
	}
	var err, err6 error
	s.IPv4, err = list.Addr(FramedIPAddress, 32)
	s.IPv6, err6 = list.Addr(FramedIPv6Address, 128)
	if v, ok := list.First(FramedIPv6Prefix); ok && err == nil {
		s.Prefix, err = parsePrefix6(v)
	}
	switch {
	case err != nil || err6 != nil:
		return s, InvalidAttributeValue
	case s == Selection{Peer: s.Peer, Gateway: s.Gateway, Connection: s.Connection}:
		return s, MissingAttribute // addresses of IKE and connections are no sessions
	}
	return s, 0
}

// changeOf reads what a CoA-Request wants.
func (rules GroupRules) changeOf(list Attributes) (c Change, cause ErrorCause) {
	for _, a := range list {
		switch a.Type {
		case SessionTimeout, IdleTimeout, AcctInterimInterval:
			d, err := Attributes{a}.Duration(a.Type)
			if err != nil {
				return c, InvalidAttributeValue
			}
			*map[Type]**time.Duration{SessionTimeout: &c.SessionTimeout, IdleTimeout: &c.IdleTimeout, AcctInterimInterval: &c.InterimInterval}[a.Type] = &d
		case FilterID:
			if !slices.Contains(rules.From, FilterID) {
				return c, UnsupportedAttribute
			}
		case Class:
			c.Class = append(c.Class, slices.Clone(a.Value))
		case ServiceType:
			return c, UnsupportedService // Authorize Only (RFC 5176, Section 3.2)
		default:
			if !identifying(a.Type) {
				return c, UnsupportedAttribute
			}
		}
	}
	c.Groups = rules.groups(list)
	if c.empty() {
		return c, MissingAttribute
	}
	return c, 0
}

func (c *Change) empty() bool {
	return c.SessionTimeout == nil && c.IdleTimeout == nil && c.InterimInterval == nil && len(c.Groups)+len(c.Class) == 0
}
