package supervisor

import (
	"time"

	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

// closing is an SA that ends when another one is established.
type closing struct {
	old       *tracked
	forgotten bool // the peer does not know it any more
}

// Admit decides about uniqueness: it refuses a peer that is to have one IKE SA only, or notes which ones the new one
// replaces once it is established (RFC 7296, Section 2.4). A nil Failure admits.
//
// An SA that came up while the new one was under way is no older than it: both peers have connected at the same time, and
// what the peer says about its initial contact may have been true when it said so.
func (s *Supervisor) Admit(now time.Time, a ike.Admission) *ike.Failure {
	s.now = now
	if a.Initiator {
		return nil
	}
	delete(s.replaces, a.SA)
	for _, t := range s.same(a) {
		switch {
		case a.InitialContact && a.Connection.Unique != ike.UniqueNever:
			s.replaces[a.SA] = append(s.replaces[a.SA], closing{old: t, forgotten: true})
		case a.Connection.Unique == ike.UniqueReplace:
			s.replaces[a.SA] = append(s.replaces[a.SA], closing{old: t})
		case a.Connection.Unique == ike.UniqueKeep:
			s.emit(Command{SA: t.spi, Event: ike.CheckLiveness{}}) // done with the next event
			return &ike.Failure{
				Code: explain.IKENotUnique, Notify: wire.NotifyAuthenticationFailed, Fatal: true,
				Err: failure(explain.IKENotUnique, "%v is connected already and connection %q keeps the first IKE SA", a.Identity, a.Connection.Name).Err,
			}
		}
	}
	return nil
}

// same lists the SAs that the peer had on the same connection before.
func (s *Supervisor) same(a ike.Admission) []*tracked {
	l := s.links[a.Connection.Name]
	if l == nil {
		return nil
	}
	var list []*tracked
	for _, t := range l.peers[a.Identity.String()] {
		if !t.closing && t.since.Before(a.Began) {
			list = append(list, t)
		}
	}
	return list
}

// takePlace ends what an admitted SA replaces now that it is established. A peer that has forgotten an SA is told nothing.
func (s *Supervisor) takePlace(t *tracked) {
	list := s.replaces[t.spi]
	delete(s.replaces, t.spi)
	for _, c := range list {
		if c.forgotten && s.sas[c.old.spi] == c.old {
			s.close(c.old, ike.Close{Reason: "INITIAL_CONTACT", Abandon: true})
		} else {
			s.replace(t, c.old)
		}
	}
}
