package auth

import (
	"strings"

	"culvert/wire"
)

// MatchUser compares a user of EAP with whom the round is for. Where that is a distinguished name the user's is read as one: it is
// how certificates name their owners (RFC 5216, Section 5.2).
func (r *Remote) MatchUser(name string) Match {
	if id, err := ParseIdentity(name); err == nil && id.Type == wire.IDDERASN1DN && strings.Contains(name, "=") {
		if m := r.EAPIdentity.Match(id); m != MatchNone {
			return m
		}
	}
	return r.EAPIdentity.Match(UserIdentity(name))
}

// UserName is the name in an Identity response of EAP. Some clients send a distinguished name there as it is in certificates.
func UserName(data []byte) string {
	const sequence = 0x30 // of ASN.1
	if len(data) > 1 && data[0] == sequence {
		if name, err := ParseIdentity(Identity{wire.IDDERASN1DN, string(data)}.String()); err == nil && name.Type == wire.IDDERASN1DN {
			return name.String()
		}
	}
	return string(data)
}
