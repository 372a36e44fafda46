package api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

// The limits of the page's sessions.
const (
	ticketLife   = 2 * time.Minute // from `culvert web` to the browser
	sessionLife  = 12 * time.Hour
	mostTickets  = 16
	mostSessions = 64
)

// A digest stands for a token where tokens are kept, so that the memory of the daemon has none.
type digest [sha256.Size]byte

// A ticket can be used once to begin a session.
type ticket struct {
	caller  Caller
	expires time.Time
}

// A session is a browser that somebody with a role has let in.
type session struct {
	caller      Caller
	begun, used time.Time
}

// sessions are those of the page. They are safe for concurrent use.
type sessions struct {
	now  func() time.Time
	idle func() time.Duration

	mu      sync.Mutex
	tickets map[digest]ticket
	open    map[digest]*session
}

func newSessions(now func() time.Time, idle func() time.Duration) *sessions {
	return &sessions{now: now, idle: idle, tickets: map[digest]ticket{}, open: map[digest]*session{}}
}

// newToken returns 256 random bits, and what is kept of them.
func newToken() (string, digest) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	token := base64.RawURLEncoding.EncodeToString(b[:])
	return token, sha256.Sum256([]byte(token))
}

// issue returns a token that begins one session for a caller.
func (s *sessions) issue(c Caller) (token string, expires time.Time) {
	token, kept := newToken()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	if len(s.tickets) >= mostTickets {
		drop(s.tickets, func(t ticket) time.Time { return t.expires })
	}
	expires = s.now().Add(ticketLife)
	s.tickets[kept] = ticket{c, expires}
	return token, expires
}

// begin uses up a token and returns that of the session, for the cookie.
func (s *sessions) begin(token string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	key := digest(sha256.Sum256([]byte(token)))
	t, ok := s.tickets[key]
	if !ok {
		return "", false
	}
	delete(s.tickets, key)
	if len(s.open) >= mostSessions {
		drop(s.open, func(o *session) time.Time { return o.used })
	}
	cookie, kept := newToken()
	s.open[kept] = &session{t.caller, s.now(), s.now()}
	return cookie, true
}

// caller returns who has begun a session, which a request uses.
func (s *sessions) caller(cookie string) Caller {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	key := digest(sha256.Sum256([]byte(cookie)))
	o := s.open[key]
	if o == nil {
		return Caller{}
	}
	o.used = s.now()
	role := func() Role { return s.role(key) }
	return Caller{Name: o.caller.Name + " on the page", Role: o.caller.now(), again: role, page: true}
}

// role returns the role of a session at this moment. A stream that asks keeps the session in use.
func (s *sessions) role(key digest) Role {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	o := s.open[key]
	if o == nil {
		return Nobody
	}
	o.used = s.now()
	return o.caller.now()
}

// end ends a session.
func (s *sessions) end(cookie string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, sha256.Sum256([]byte(cookie)))
}

// forget drops what has expired.
func (s *sessions) forget() {
	now := s.now()
	for key, t := range s.tickets {
		if now.After(t.expires) {
			delete(s.tickets, key)
		}
	}
	for key, o := range s.open {
		if now.Sub(o.used) > s.idle() || now.Sub(o.begun) > sessionLife {
			delete(s.open, key)
		}
	}
}

// drop takes the oldest out of a table.
func drop[T any](table map[digest]T, age func(T) time.Time) {
	var oldest digest
	var least time.Time
	for key, v := range table {
		if t := age(v); least.IsZero() || t.Before(least) {
			oldest, least = key, t
		}
	}
	delete(table, oldest)
}
