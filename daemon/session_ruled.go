package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"culvert/explain"
	"culvert/ike"
	"culvert/radius"
)

// A ruler is a RADIUS server's hold on the book of sessions: on those whose users its group authenticates, and no others, which may
// have the same names. It implements radius.Sessions.
type ruler struct {
	book *sessions
	over func(connection string) bool
}

// Disconnect ends sessions for a RADIUS server.
func (r ruler) Disconnect(_ context.Context, which radius.Selection) (int, radius.ErrorCause) {
	b := r.book
	b.mu.Lock()
	defer b.mu.Unlock()
	met := b.matching(which, r.over)
	for _, s := range met {
		b.end(s, radius.AdminReset, &ike.Failure{Code: explain.RadiusDisconnect, Err: fmt.Errorf("a RADIUS server has ended the session of user %q", s.account.User)})
	}
	return len(met), 0
}

// Change changes sessions for a RADIUS server. One whose new groups the connection is not for stays as it is: a
// Disconnect-Request ends it.
func (r ruler) Change(_ context.Context, which radius.Selection, c radius.Change) (int, radius.ErrorCause) {
	b := r.book
	b.mu.Lock()
	defer b.mu.Unlock()
	met := b.matching(which, r.over)
	for _, s := range met {
		if len(c.Groups) > 0 && len(s.demanded) > 0 && !slices.ContainsFunc(s.demanded, func(g string) bool { return slices.Contains(c.Groups, g) }) {
			return len(met), radius.InvalidAttributeValue
		}
	}
	for _, s := range met {
		if len(c.Groups) > 0 {
			s.groups = c.Groups
		}
		if len(c.Class) > 0 {
			s.account.Class = c.Class
		}
		s.limits.change(c, b.now())
		b.arm(s)
	}
	return len(met), 0
}

// matching are the sessions that are meant, each once, on connections that somebody is over.
func (b *sessions) matching(which radius.Selection, over func(string) bool) (list []*session) {
	candidates := slices.Values(b.users[which.User])
	if which.User == "" {
		candidates = maps.Values(b.bySA)
	}
	met := map[*session]bool{}
	for s := range candidates {
		if s.up && !met[s] && over(s.account.Line.Connection) && which.Matches(&s.account) {
			met[s] = true
			list = append(list, s)
		}
	}
	return list
}
