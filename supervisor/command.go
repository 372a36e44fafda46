package supervisor

import (
	"maps"
	"slices"
	"time"

	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

// Up wants a connection up: the named child, or all of them, or the IKE SA alone when it has none. It sticks until Down.
// A planned attempt is made at once.
func (s *Supervisor) Up(now time.Time, connection, child string) ([]Action, error) {
	s.now = now
	l, err := s.find(connection, child)
	if err != nil {
		return nil, err
	}
	for _, c := range l.conn.Children {
		if child == "" || child == c.Name {
			l.wanted[c.Name] = true
			delete(l.off, c.Name)
			s.block(l, c)
		}
	}
	l.alone = l.alone || len(l.conn.Children) == 0
	l.held, l.retryAt, l.attempts = false, time.Time{}, 0
	s.review(l)
	return s.done(), nil
}

// UpAlone wants the IKE SA of a connection up, whether or not there is a child for it. It sticks until Down.
func (s *Supervisor) UpAlone(now time.Time, connection string) ([]Action, error) {
	s.now = now
	l, err := s.find(connection, "")
	if err != nil {
		return nil, err
	}
	l.alone, l.held, l.retryAt, l.attempts = true, false, time.Time{}, 0
	s.review(l)
	return s.done(), nil
}

// DownChild ends the child of an IKE SA with this inbound SPI. Unless another IKE SA has it too, it is wanted no more.
func (s *Supervisor) DownChild(now time.Time, sa wire.SPI, in uint32) []Action {
	s.now = now
	s.emit(Command{SA: sa, Event: ike.CloseChild{SPI: in}})
	t := s.sas[sa]
	if t == nil {
		return s.done()
	}
	for _, c := range t.children {
		if c.in == in && t.link != nil && t.link.holders(c.name) == 1 {
			delete(t.link.wanted, c.name)
		}
	}
	return s.done()
}

// Down ends a connection, a child of it, or one IKE SA, and keeps it from coming up by itself.
func (s *Supervisor) Down(now time.Time, connection, child string, sa wire.SPI) ([]Action, error) {
	s.now = now
	l, err := s.find(connection, child)
	if err != nil {
		return nil, err
	}
	switch {
	case sa != 0:
		if t := l.sas[sa]; t != nil {
			s.saOff(l, t)
		} else if a := l.attempt; a != nil && a.spi == sa {
			s.attemptOff(l, a)
		} else {
			return nil, failure(explain.IKENoSuchSA, "connection %q has no IKE SA %v", connection, sa)
		}
	case child != "":
		l.off[child] = true
		s.childOff(l, child)
	default:
		s.linkOff(l, "asked for")
	}
	return s.done(), nil
}

// saOff ends one IKE SA. What it was wanted for is not wanted any more, unless another one has it.
func (s *Supervisor) saOff(l *link, t *tracked) {
	s.close(t, ike.Close{Reason: "asked for"})
	for name := range l.wanted {
		if (t.has(name) || slices.Contains(t.asked, name)) && !l.up(name) {
			delete(l.wanted, name)
		}
	}
	l.alone = l.alone && l.usable() != nil
}

// attemptOff ends an IKE SA that is not up yet, which another one would follow if anything that it was for were still wanted.
func (s *Supervisor) attemptOff(l *link, a *attempt) {
	for _, name := range l.missing() {
		delete(l.wanted, name)
	}
	l.alone = l.alone && l.usable() != nil
	s.emit(Command{SA: a.spi, Event: ike.Close{Reason: "asked for"}})
}

// linkOff wants nothing of a link any more.
func (s *Supervisor) linkOff(l *link, reason string) {
	clear(l.wanted)
	l.alone, l.held, l.retryAt, l.attempts = false, true, time.Time{}, 0
	if a := l.attempt; a != nil && a.spi != 0 {
		s.emit(Command{SA: a.spi, Event: ike.Close{Reason: reason, Abandon: true}})
	}
	l.attempt = nil
	s.abandonHosts(l, "", reason)
	for _, t := range inOrder(maps.Values(l.sas)) {
		s.close(t, ike.Close{Reason: reason})
	}
	s.unblock(l)
}

// childOff wants a child no more.
func (s *Supervisor) childOff(l *link, child string) {
	delete(l.wanted, child)
	s.abandonHosts(l, child, "no longer wanted")
	s.closeChild(l, child)
}

// closeChild ends every child of a name.
func (s *Supervisor) closeChild(l *link, child string) {
	for _, t := range inOrder(maps.Values(l.sas)) {
		for _, c := range t.children {
			if c.name == child {
				s.emit(Command{SA: t.spi, Event: ike.CloseChild{SPI: c.in}})
			}
		}
	}
}

// Rekey gives new keys to the IKE SAs of a connection, or to its children.
func (s *Supervisor) Rekey(now time.Time, connection, child string, sa wire.SPI, children bool) ([]Action, error) {
	s.now = now
	l, err := s.find(connection, child)
	if err != nil {
		return nil, err
	}
	for _, t := range inOrder(maps.Values(l.sas)) {
		switch {
		case sa != 0 && t.spi != sa || t.closing:
		case children:
			s.rekeyChildren(t, child)
		default:
			s.emit(Command{SA: t.spi, Event: ike.RekeyIKE{}})
		}
	}
	if len(s.actions) == 0 {
		return nil, failure(explain.IKENoSuchSA, "connection %q has nothing up to rekey", connection)
	}
	return s.done(), nil
}

// rekeyChildren rekeys the children of an SA, or one of them.
func (s *Supervisor) rekeyChildren(t *tracked, child string) {
	for _, c := range t.children {
		if child == "" || child == c.name {
			s.emit(Command{SA: t.spi, Event: ike.RekeyChild{SPI: c.in}})
		}
	}
}

// Reauth authenticates the IKE SAs of a connection anew, make before break. Only those that we can connect to.
func (s *Supervisor) Reauth(now time.Time, connection string, sa wire.SPI) ([]Action, error) {
	s.now = now
	l, err := s.find(connection, "")
	if err != nil {
		return nil, err
	}
	for _, t := range inOrder(maps.Values(l.sas)) {
		if sa == 0 || t.spi == sa {
			s.reauthDue(t.spi)
		}
	}
	if len(s.actions) == 0 {
		return nil, failure(explain.IKENoSuchSA, "connection %q has nothing up to authenticate anew", connection)
	}
	return s.done(), nil
}

func (s *Supervisor) find(connection, child string) (*link, error) {
	l := s.links[connection]
	if l == nil {
		return nil, failure(explain.ManageNotFound, "there is no connection %q", connection)
	}
	if child != "" && l.child(child) == nil {
		return nil, failure(explain.ManageNotFound, "connection %q has no child %q", connection, child)
	}
	return l, nil
}
