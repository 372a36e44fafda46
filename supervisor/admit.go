package supervisor

import (
	"time"

	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

// closing is an SA that ends when another one is established.
type closing struct {
	spi       wire.SPI
	forgotten bool // the peer does not know it any more
}

// event tells a peer that has forgotten the SA nothing.
func (c closing) event() ike.Close {
	if c.forgotten {
		return ike.Close{Reason: "INITIAL_CONTACT", Abandon: true}
	}
	return ike.Close{Reason: "replaced by a newer one of the same peer"}
}

// Admit decides about uniqueness: it refuses a peer that is to have one IKE SA only, or notes which ones the new one
// replaces once it is established (RFC 7296, Section 2.4). A nil Failure admits.
func (s *Supervisor) Admit(now time.Time, a ike.Admission) *ike.Failure {
	s.now = now
	if a.Initiator {
		return nil
	}
	delete(s.replaces, a.SA)
	for _, t := range s.same(a) {
		switch {
		case a.InitialContact && a.Connection.Unique != ike.UniqueNever:
			s.replaces[a.SA] = append(s.replaces[a.SA], closing{spi: t.spi, forgotten: true})
		case a.Connection.Unique == ike.UniqueReplace:
			s.replaces[a.SA] = append(s.replaces[a.SA], closing{spi: t.spi})
		case a.Connection.Unique == ike.UniqueKeep:
			return &ike.Failure{
				Code: explain.IKENotUnique, Notify: wire.NotifyAuthenticationFailed, Fatal: true,
				Err: failure(explain.IKENotUnique, "%v is connected already and connection %q keeps the first IKE SA", a.Identity, a.Connection.Name).Err,
			}
		}
	}
	return nil
}

// same lists the established SAs of the peer on the same connection.
func (s *Supervisor) same(a ike.Admission) []*tracked {
	l := s.links[a.Connection.Name]
	if l == nil {
		return nil
	}
	var list []*tracked
	for spi, t := range l.sas {
		if spi != a.SA && t.established && !t.closing && t.peer == a.Identity.String() {
			list = append(list, t)
		}
	}
	return list
}
