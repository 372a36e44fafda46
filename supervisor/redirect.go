package supervisor

import (
	"net/netip"
	"slices"
	"time"

	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

// A gateway may send us to another one (RFC 5685). The other one is connected to once, with the same connection, so that the same
// identities are demanded of it (RFC 5685, Section 3); whatever comes later begins with the configured gateway again.

// Loops end after maxRedirects within redirectPeriod (RFC 5685, Section 7: MAX_REDIRECTS and REDIRECT_LOOP_DETECT_PERIOD).
const (
	maxRedirects   = 5
	redirectPeriod = 300 * time.Second
)

// A detour is where a gateway has sent us.
type detour struct {
	to   wire.Gateway // zero: nowhere
	from netip.Addr   // the gateway
}

// redirected takes the news that a gateway sends us away: in the middle of an attempt, whose IKE SA ends with that, or from an
// established IKE SA, which goes when the other one is up.
func (s *Supervisor) redirected(l *link, n ike.News) {
	if l == nil {
		return
	}
	d := detour{n.Gateway, n.Path.Remote.Addr().Unmap()}
	if a := l.attempt; a != nil {
		if a.ticket == n.Ticket {
			a.detour = d
		}
		return
	}
	t := s.sas[n.SA]
	if t == nil || t.link != l || t.closing {
		return
	}
	if f := s.mayFollow(l, d); f != nil {
		l.failure = f
		s.emit(Note{Connection: l.conn, Kind: NoteGaveUp, Failure: f})
		return
	}
	names := slices.Clone(t.asked)
	for _, c := range l.conn.Children {
		if t.has(c.Name) && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	s.connect(l, &attempt{children: names, replaces: t, via: d})
}

// goElsewhere follows the redirect of an attempt that has ended with it. false: there was none.
func (s *Supervisor) goElsewhere(l *link, a *attempt) bool {
	if a.detour.to.IsZero() {
		return false
	}
	if f := s.mayFollow(l, a.detour); f != nil {
		s.attemptFailed(l, f)
		return true
	}
	s.connect(l, &attempt{children: a.children, trigger: a.trigger, replaces: a.replaces, again: a.again, via: a.detour})
	return true
}

// mayFollow notes a redirect, and says what is wrong with it if there were too many.
func (s *Supervisor) mayFollow(l *link, d detour) *ike.Failure {
	l.redirects = slices.DeleteFunc(l.redirects, func(at time.Time) bool { return s.now.Sub(at) >= redirectPeriod })
	if len(l.redirects) >= maxRedirects {
		return failure(explain.IKERedirectLoop, "%v redirects connection %q to %v, which is redirect %d within %v", d.from, l.conn.Name, d.to, len(l.redirects)+1, redirectPeriod)
	}
	l.redirects = append(l.redirects, s.now)
	return nil
}
