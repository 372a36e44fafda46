package supervisor

import (
	"fmt"
	"time"

	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

func failure(code explain.Code, format string, args ...any) *ike.Failure {
	return &ike.Failure{Code: code, Err: fmt.Errorf(format, args...)}
}

// News takes what a shard reports.
func (s *Supervisor) News(now time.Time, n ike.News) []Action {
	s.now = now
	if n.Connection == nil {
		return nil
	}
	if n.Child != nil && n.Child.Resource > 0 {
		return nil // comes and goes with the one beside it
	}
	l := s.links[n.Connection.Name]
	switch n.Kind {
	case ike.NewsConnecting:
		s.initiated(l, n)
	case ike.NewsEstablished:
		s.established(l, n)
	case ike.NewsRekeyed:
		s.rekeyed(n.SA, n.Successor)
	case ike.NewsClosed:
		s.closed(l, n)
	case ike.NewsChildUp, ike.NewsChildRekeyed:
		s.childUp(n)
	case ike.NewsChildDown:
		s.childDown(n)
	case ike.NewsFailure:
		s.failed(l, n)
	case ike.NewsRedirected:
		s.redirected(l, n)
	case ike.NewsAssigned:
		s.assigned(l, n)
	case ike.NewsReauth:
		s.reauthDue(n.SA)
	}
	return s.done()
}

// initiated learns the SPI of an attempt. One that nobody wants any more is ended at once.
func (s *Supervisor) initiated(l *link, n ike.News) {
	a := l.attemptOf(n.Ticket)
	if a == nil {
		s.emit(Command{SA: n.SA, Event: ike.Close{Reason: "no longer wanted", Abandon: true}})
		return
	}
	a.spi = n.SA
	s.disclaim(l, a)
}

func (s *Supervisor) established(l *link, n ike.News) {
	t := s.track(l, n)
	s.takePlace(t)
	if l == nil {
		return
	}
	if a := l.attemptOf(n.Ticket); a != nil {
		s.learnTransport(l, a, true)
		l.over(a)
		l.attempts, l.failure = 0, nil
		t.asked = a.children
		if a.replaces != nil {
			s.restore(t, a)
			s.replace(t, a.replaces)
		}
	}
	s.accompanied(l)
	s.crossed(t)
	l.retryAt = time.Time{}
	if t.initiator {
		s.review(l)
	} else {
		s.reviewLater(l)
	}
}

// closed forgets an SA and decides whether it comes again.
func (s *Supervisor) closed(l *link, n ike.News) {
	delete(s.replaces, n.SA)
	s.endRevoked(n)
	if t := s.sas[n.SA]; t != nil {
		s.untrack(t)
		if t.link != nil {
			s.lost(t, n.Failure)
		}
		return
	}
	switch a := l.attemptOf(n.Ticket); {
	case a == nil:
	case n.Failure == nil: // withdrawn
		l.over(a)
		s.reviewLater(l)
	case s.goElsewhere(l, a):
	case s.fallBack(l, a, n):
	case a != l.attempt:
		s.hostFailed(l, a, n.Failure)
	default:
		s.learnTransport(l, a, false)
		s.attemptFailed(l, n.Failure)
	}
}

// lost follows the end of an established SA with what is configured for its children.
func (s *Supervisor) lost(t *tracked, f *ike.Failure) {
	l := t.link
	if t.closing {
		s.review(l)
		return
	}
	if f != nil {
		l.failure = f
	}
	for _, c := range t.children {
		s.follow(l, c.name, dead(f))
	}
	if l.retryAt = (time.Time{}); !dead(f) {
		s.reviewLater(l)
	}
	s.review(l)
}

// dead tells whether something ended because the peer does not answer.
func dead(f *ike.Failure) bool { return f != nil && f.Code == explain.IKETimeout }

// follow does what is configured for a child that ended without being asked to.
func (s *Supervisor) follow(l *link, name string, dead bool) {
	c := l.child(name)
	if c == nil || l.held || l.off[name] || l.up(name) {
		return
	}
	action := c.OnClose
	if dead {
		action = c.OnDead
	}
	switch {
	case action.Starts() || l.conn.Reconnect.KeepUp && c.Start.Starts():
		l.wanted[name] = true
	case l.conn.Reconnect.KeepUp && l.wanted[name]:
	default:
		delete(l.wanted, name)
	}
	if action.Traps() {
		s.trap(l, c)
	}
}

// assigned remembers what the peer gave us.
func (s *Supervisor) assigned(l *link, n ike.News) {
	if l == nil || n.Assigned == nil {
		return
	}
	l.virtual = nil
	for _, p := range n.Assigned.Addresses {
		l.virtual = append(l.virtual, p.Addr())
	}
}

func (s *Supervisor) childUp(n ike.News) {
	t := s.sas[n.SA]
	if t == nil || n.Child == nil {
		return
	}
	if old := t.forget(n.Replaced); old.in != 0 {
		s.drop(t, old)
	}
	c := newTwin(n.Child)
	t.children = append(t.children, c)
	if c.initiator {
		t.answered(c.name)
	}
	if t.link != nil {
		t.link.attempts = 0
	}
	s.carry(t, c)
	s.doubled(t, c)
	s.handOver(t)
}

// childDown forgets a child; one that the peer closed is followed by what is configured.
func (s *Supervisor) childDown(n ike.News) {
	t := s.sas[n.SA]
	if t == nil || n.Child == nil {
		return
	}
	c := t.forget(n.Child.InSPI)
	if c.in != 0 {
		s.drop(t, c)
	}
	if c.in == 0 || t.link == nil || t.closing {
		return
	}
	if n.Failure != nil && n.Failure.Code == explain.IKECircuitBreaker { // somebody has to look at the network
		t.link.off[c.name] = true
		delete(t.link.wanted, c.name)
	}
	if n.Failure != nil && n.Failure.Code == explain.IKEInactive { // a packet or a command brings it up again
		delete(t.link.wanted, c.name)
		return
	}
	if n.Failure != nil { // otherwise we have closed it
		s.follow(t.link, c.name, dead(n.Failure))
	}
	s.reviewLater(t.link)
}

// failed notes that an SA could not do something; a child that is wanted is tried again.
func (s *Supervisor) failed(l *link, n ike.News) {
	t := s.sas[n.SA]
	if l == nil || t == nil {
		return
	}
	l.failure = n.Failure
	if n.Child == nil || !t.answered(n.Child.Name) || len(l.missing()) == 0 || !l.retryAt.IsZero() {
		return
	}
	l.attempts++
	s.retry(l, n.Failure)
}

// reauthDue begins an SA that takes the place of another one, make before break (RFC 7296, Section 2.8.3).
func (s *Supervisor) reauthDue(spi wire.SPI) {
	t := s.sas[spi]
	if t == nil || t.link == nil || t.closing || t.link.attempt != nil {
		return
	}
	names, trigger, others := t.again()
	s.connect(t.link, &attempt{children: names, trigger: trigger, replaces: t, again: others})
}

// close asks an SA to end and remembers that it was us.
func (s *Supervisor) close(t *tracked, ev ike.Close) {
	t.closing = true
	s.emit(Command{SA: t.spi, Event: ev})
}
