package supervisor

import (
	"maps"
	"net/netip"
	"slices"

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
			key := s.digestOfPair(p)
			if s.pairs[key] += by; s.pairs[key] == 0 {
				delete(s.pairs, key)
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
	return s.pairs[s.digestOfPair(pairOf(l.conn, a.addr))] == 0
}

// accompanied has the attempts of a connection claim no initial contact any more, now that there is an IKE SA which was not when
// they began: the peer would end it, and we would go on with it.
func (s *Supervisor) accompanied(l *link) {
	if l.attempt != nil {
		s.disclaim(l, l.attempt)
	}
	for _, e := range slices.SortedFunc(maps.Keys(l.hosts), ends.compare) {
		s.disclaim(l, l.hosts[e])
	}
}

// disclaim has an attempt claim no initial contact if there is another IKE SA by now.
func (s *Supervisor) disclaim(l *link, a *attempt) {
	if a.spi != 0 && a.contact && !s.initialContact(l, a) {
		a.contact = false
		s.emit(Command{SA: a.spi, Event: ike.NotAlone{}})
	}
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
