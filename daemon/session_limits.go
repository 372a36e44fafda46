package daemon

import (
	"fmt"
	"slices"
	"time"

	"culvert/eap"
	"culvert/explain"
	"culvert/ike"
	"culvert/radius"
	"culvert/wire"
)

// limits are the times of a session.
type limits struct {
	until   time.Time     // the session ends; zero: never
	idle    time.Duration // without traffic the session ends after this time; 0: never
	interim time.Duration // between accounting updates; 0: as configured
}

// minInterim is the least time between accounting updates (RFC 2869, Section 5.16).
const minInterim = time.Minute

// add takes the shorter of what there is and what a grant says.
func (l *limits) add(g *eap.Grant, now time.Time) {
	for _, end := range []time.Time{g.ValidUntil, after(now, g.SessionTimeout)} {
		if !end.IsZero() && (l.until.IsZero() || end.Before(l.until)) {
			l.until = end
		}
	}
	if g.IdleTimeout > 0 && (l.idle == 0 || g.IdleTimeout < l.idle) {
		l.idle = g.IdleTimeout
	}
	if g.InterimInterval > 0 {
		l.interim = max(minInterim, g.InterimInterval)
	}
}

// after is a time from now on, and never for none.
func after(now time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return now.Add(d)
}

// change takes what a CoA-Request says. A time of zero is no limit.
func (l *limits) change(c radius.Change, now time.Time) {
	if c.SessionTimeout != nil {
		l.until = after(now, *c.SessionTimeout)
	}
	if c.IdleTimeout != nil {
		l.idle = *c.IdleTimeout
	}
	if c.InterimInterval != nil {
		l.interim = max(minInterim, *c.InterimInterval)
	}
}

// arm sets the timer of a session to what is due next.
func (b *sessions) arm(s *session) {
	now := b.now()
	every := s.limits.interim
	if every == 0 {
		every = b.interim(s.account.Line.Connection)
	}
	if due := after(now, every); s.interim.IsZero() || !due.IsZero() && due.Before(s.interim) {
		s.interim = due
	}
	if every == 0 {
		s.interim = time.Time{}
	}
	next := s.interim
	for _, t := range []time.Time{s.limits.until, b.idleEnd(s)} {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	if !next.IsZero() && len(s.sas) > 0 {
		s.timer = time.AfterFunc(max(0, next.Sub(now)), func() { b.due(s) })
	}
}

// idleEnd is when the session ends unless there is traffic.
func (b *sessions) idleEnd(s *session) time.Time {
	if s.limits.idle == 0 {
		return time.Time{}
	}
	if b.usage(s); s.last.Before(s.began) {
		return s.began.Add(s.limits.idle)
	}
	return s.last.Add(s.limits.idle)
}

// due does what the time has come for.
func (b *sessions) due(s *session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(s.sas) == 0 {
		return
	}
	now := b.now()
	switch idle := b.idleEnd(s); {
	case !s.limits.until.IsZero() && !now.Before(s.limits.until):
		b.end(s, radius.SessionTimedOut, timeoutFailure("the session of user %q has reached its time limit", s))
		return
	case !idle.IsZero() && !now.Before(idle):
		b.end(s, radius.IdleTimedOut, timeoutFailure("user %q has sent and received nothing for "+s.limits.idle.String(), s))
		return
	case !s.interim.IsZero() && !now.Before(s.interim):
		s.interim = time.Time{}
		b.record(s, radius.Interim)
	}
	b.arm(s)
}

func timeoutFailure(text string, s *session) *ike.Failure {
	return &ike.Failure{Code: explain.UserTimeout, Err: fmt.Errorf(text, s.account.User)}
}

// end closes the IKE SAs of a session. It ends when they have.
func (b *sessions) end(s *session, cause radius.Cause, why *ike.Failure) {
	s.cause = cause
	b.close(s.account.Line.Connection, slices.Clone(s.sas), why)
}

// tooMany refuses a user who has as many sessions as allowed. Those that the new one takes the place of do not count.
func (b *sessions) tooMany(a ike.Admission, s *session) *ike.Failure {
	most := 0
	for _, g := range a.Grants {
		if g.MaxSessions > 0 && (most == 0 || g.MaxSessions < most) {
			most = g.MaxSessions
		}
	}
	if most == 0 {
		return nil
	}
	has := 0
	for _, other := range b.users[s.account.User] {
		if other != s && !other.givesWay(a, s) {
			has++
		}
	}
	if has < most {
		return nil
	}
	return &ike.Failure{
		Code: explain.UserSessions, Notify: wire.NotifyAuthenticationFailed, Fatal: true,
		Err: fmt.Errorf("user %q has %d of %d sessions already", s.account.User, has, most),
	}
}

// givesWay tells whether a new session takes the place of this one. It does not of one that was established since the new IKE SA
// began: those of a user who begins many at a time stay beside each other.
func (s *session) givesWay(a ike.Admission, to *session) bool {
	return takesOver(a) && s.like(to) && s.up && s.since.Before(a.Began)
}
