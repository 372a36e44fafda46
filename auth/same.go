package auth

import (
	"bytes"
	"slices"

	"culvert/auth/keys"
)

// Same reports whether two rounds of ours say and prove the same to a peer, in the place of each other: by the same identity,
// method, keys, certificates and schemes, or by the same secret between us and the peer. How we run EAP as initiator does not count.
func (l *Local) Same(other *Local, us, peer Identity) bool {
	if l.ID != other.ID || l.Method != other.Method || l.AllowSHA1 != other.AllowSHA1 || l.SendCert != other.SendCert || l.EAPOnly != other.EAPOnly {
		return false
	}
	if l.Method == MethodPSK {
		ours, known := l.Secrets.Lookup(us, peer)
		theirs, too := other.Secrets.Lookup(us, peer)
		return known && too && ours.PSK.Equal(theirs.PSK)
	}
	return slices.Equal(l.Schemes, other.Schemes) && slices.EqualFunc(l.Credentials, other.Credentials, Credential.same)
}

// same reports whether two credentials are one key, shown in the same way.
func (c Credential) same(other Credential) bool {
	if len(c.Chain) != len(other.Chain) || len(c.Chain) > 0 && !c.Chain[0].Equal(other.Chain[0]) {
		return false
	}
	ours, err := keys.MarshalPublic(c.Key.Public())
	theirs, problem := keys.MarshalPublic(other.Key.Public())
	return err == nil && problem == nil && bytes.Equal(ours, theirs)
}
