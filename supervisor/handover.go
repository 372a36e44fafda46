package supervisor

import (
	"slices"
	"time"

	"culvert/ike"
	"culvert/wire"
)

// A peer that connects again replaces the IKE SA that it had, be it by reauthentication (RFC 7296, Section 2.8.3) or because
// it has lost it. The old SA goes as soon as the new one has its children, so that no packet falls between them, or after a
// while when it does not get them.

// makeRoom is how long an SA that is replaced is left at most.
const makeRoom = 10 * time.Second

// replace has an SA take the place of others.
func (s *Supervisor) replace(t *tracked, old ...*tracked) {
	t.replaces = append(t.replaces, old...)
	if len(t.replaces) > 0 {
		t.patience = s.now.Add(makeRoom)
		s.handing[t] = true
		s.handOver(t)
	}
}

// handOver closes what the SA has replaced.
func (s *Supervisor) handOver(t *tracked) {
	late := !s.now.Before(t.patience)
	t.replaces = slices.DeleteFunc(t.replaces, func(old *tracked) bool {
		if s.sas[old.spi] != old {
			return true
		}
		covered := t.covers(old)
		if covered || late {
			s.close(old, ike.Close{Reason: "replaced by a newer one of the same peer", Drain: covered})
		}
		return covered || late
	})
	if len(t.replaces) == 0 {
		delete(s.handing, t)
	}
}

// succeeds tells whether one SA was made to take the place of another.
func (t *tracked) succeeds(old *tracked) bool { return slices.Contains(t.replaces, old) }

// When both peers connect at the same time there are two IKE SAs, and none replaces the other. The one that the peer with
// the lower identity has begun stays; who has begun the other one closes it, as after simultaneous rekeying (RFC 7296,
// Section 2.8.2).

// crossed settles that for a new SA. An attempt of ours that has not come far is given up.
func (s *Supervisor) crossed(t *tracked) {
	if t.link.conn.Unique > ike.UniqueKeep {
		return
	}
	if h := t.link.hosts[t.ends]; h != nil && h.spi != 0 {
		s.emit(Command{SA: h.spi, Event: ike.Withdraw{}})
	}
	if a := t.link.attempt; a != nil && a.spi != 0 && a.replaces == nil {
		s.emit(Command{SA: a.spi, Event: ike.Withdraw{}})
	}
	for _, o := range t.link.peers[t.peer] {
		if o == t || o.closing || o.initiator == t.initiator || t.succeeds(o) || o.succeeds(t) {
			continue
		}
		ours := t
		if o.initiator {
			ours = o
		}
		if ours.local > ours.peer {
			s.close(ours, ike.Close{Reason: "both peers connected at the same time"})
		}
	}
}

// When both peers ask for the same child at the same time there are two of them. The one with the lower SPI stays, whichever
// of the two SPIs that is; who has made the other one closes it. That may be the same peer, if it has rekeyed the peer's.

// doubled settles that for a new child.
func (s *Supervisor) doubled(t *tracked, c twin) {
	for _, o := range t.children {
		if o.in == c.in || !o.same(c) {
			continue
		}
		loser := c
		if min(o.in, o.out) > min(c.in, c.out) {
			loser = o
		}
		if loser.initiator {
			s.emit(Command{SA: t.spi, Event: ike.CloseChild{SPI: loser.in}})
		}
	}
}

// same tells whether two children carry the same traffic.
func (c twin) same(o twin) bool {
	return c.name == o.name && slices.Equal(c.local, o.local) && slices.Equal(c.remote, o.remote)
}

// rekeyed moves what is known to the successor.
func (s *Supervisor) rekeyed(old, successor wire.SPI) {
	t := s.sas[old]
	if t == nil {
		return
	}
	delete(s.sas, old)
	s.sas[successor], t.spi = t, successor
	if l := t.link; l != nil {
		delete(l.sas, old)
		l.sas[successor] = t
	}
}
