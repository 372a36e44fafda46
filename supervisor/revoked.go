package supervisor

import (
	"slices"

	"culvert/ike"
)

// endRevoked has the IKE SAs of a peer end that stand on a certificate which has turned out to be revoked when the peer authenticated anew.
// Of whatever connection they are, the IKE SAs know whether they do.
func (s *Supervisor) endRevoked(n ike.News) {
	if n.Failure == nil || n.Failure.Revoked == nil {
		return
	}
	var known []*tracked
	for _, l := range s.links {
		known = append(known, l.peers[n.Peer]...)
	}
	for _, t := range inOrder(slices.Values(known)) {
		s.emit(Command{SA: t.spi, Event: ike.EndRevoked{Certificate: n.Failure.Revoked, Err: n.Failure.Err}})
	}
}
