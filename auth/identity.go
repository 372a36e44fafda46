package auth

import (
	"errors"

	"culvert/wire"
)

// An Identity is what an IDi or IDr payload carries (RFC 7296, Section 3.5), and, in a configuration, a pattern for it.
// It is comparable; the zero value is %any. Data holds the octets of the payload unchecked: any value and length from the
// wire is safe for every method.
type Identity struct {
	Type wire.IDType
	Data string
}

// ParseIdentity reads an identity as swanctl writes it.
func ParseIdentity(s string) (Identity, error) { return Identity{}, errors.ErrUnsupported }

// FromPayload returns the identity of a payload. The zero Identity never comes out of a payload.
func FromPayload(p *wire.Identification) Identity { return Identity{p.IDType, string(p.Data)} }

// Payload returns the identity as an IDi or IDr payload.
func (id Identity) Payload(t wire.PayloadType) *wire.Identification {
	return &wire.Identification{Payload: t, IDType: id.Type, Data: []byte(id.Data)}
}

// IsAny reports whether the identity is %any.
func (id Identity) IsAny() bool { return id == Identity{} }

// String prints an identity for people; control octets are escaped and what is overlong is cut.
func (id Identity) String() string { return id.Data }

// Match tells how well a pattern fits.
type Match uint8

// The ways a pattern fits, worst first.
const (
	MatchNone Match = iota
	MatchAny
	MatchWildcard
	MatchExact
)

// Match compares an identity with a pattern.
func (pattern Identity) Match(id Identity) Match { return MatchNone }

// Matches reports whether the identity fits the pattern.
func (pattern Identity) Matches(id Identity) bool { return pattern.Match(id) != MatchNone }
