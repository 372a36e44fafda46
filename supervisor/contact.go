package supervisor

import (
	"net/netip"

	"culvert/auth"
	"culvert/ike"
)

// A pair is whom an IKE SA is between, as far as a connection tells before the peer has authenticated itself: its identity, if
// that is a single one, or else its address.
type pair struct {
	local, peer string
	host        netip.Addr
}

// count keeps the number of IKE SAs between an SA's pair, by each way of telling.
func (s *Supervisor) count(t *tracked, by int) {
	for _, local := range []string{"", t.local} {
		for _, p := range []pair{{local: local, peer: t.peer}, {local: local, host: t.ends.remote}} {
			if s.pairs[p] += by; s.pairs[p] == 0 {
				delete(s.pairs, p)
			}
		}
	}
}

// initialContact tells whether an attempt makes the only IKE SA between the identities, no matter which connection another
// one is of (RFC 7296, Section 2.4): the peer ends all others. Where it cannot be told, it is not claimed.
func (s *Supervisor) initialContact(l *link, a *attempt) bool {
	if len(l.sas) > 0 && l.hosts[a.ends()] != a {
		return false
	}
	return s.pairs[pairOf(l.conn, a.addr)] == 0
}

func pairOf(c *ike.Connection, host netip.Addr) (p pair) {
	if len(c.LocalAuth) > 0 && !c.LocalAuth[0].ID.IsAny() {
		p.local = c.LocalAuth[0].ID.String()
	}
	if len(c.RemoteAuth) > 0 && single(c.RemoteAuth[0].ID) {
		p.peer = c.RemoteAuth[0].ID.String()
	} else {
		p.host = host.Unmap()
	}
	return p
}

// single tells whether a pattern is one identity.
func single(pattern auth.Identity) bool {
	return !pattern.IsAny() && !pattern.IsPattern() && !pattern.IsExpression()
}
