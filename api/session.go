package api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

// The limits of the page's sessions. Each caller's are his own; there are no more callers than the configuration gives roles to.
const (
	ticketLife   = 2 * time.Minute // from `culvert web` to the browser
	sessionLife  = 12 * time.Hour
	mostTickets  = 16 // of one caller
	mostSessions = 64 // of one caller
)

// A digest stands for a token where tokens are kept, so that the memory of the daemon has none.
type digest [sha256.Size]byte

// A ticket can be used once to begin a session.
type ticket struct {
	caller  Caller
	expires time.Time
}

// A session is a browser that somebody with a role has let in. Its cookie goes to every server on the same address, whatever the port, and
// those may be of other users of this host. So it is good for the user alone whose browser has begun the session, as the kernel tells.
type session struct {
	caller      Caller
	browser     string // whose it is: "uid 1000"; the address if the kernel does not tell
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
	trim(s.tickets, mostTickets, func(t ticket) (bool, time.Time) { return t.caller.Name == c.Name, t.expires })
	expires = s.now().Add(ticketLife)
	s.tickets[kept] = ticket{c, expires}
	return token, expires
}

// begin uses up a token that the browser of somebody has shown, and returns that of the session, for the cookie.
func (s *sessions) begin(token, browser string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	key := digest(sha256.Sum256([]byte(token)))
	t, ok := s.tickets[key]
	if !ok {
		return "", false
	}
	delete(s.tickets, key)
	trim(s.open, mostSessions, func(o *session) (bool, time.Time) { return o.caller.Name == t.caller.Name, o.used })
	cookie, kept := newToken()
	s.open[kept] = &session{t.caller, browser, s.now(), s.now()}
	return cookie, true
}

// caller returns who has begun a session, which a request of somebody's browser uses; nobody if it is another one's.
func (s *sessions) caller(cookie, browser string) Caller {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	key := digest(sha256.Sum256([]byte(cookie)))
	o := s.open[key]
	if o == nil || o.browser != browser {
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

// trim takes the oldest of somebody's out of a table if there are as many as may be. about tells whether an entry is one of them, and its age.
func trim[T any](table map[digest]T, most int, about func(T) (his bool, age time.Time)) {
	var oldest digest
	var least time.Time
	count := 0
	for key, v := range table {
		his, age := about(v)
		if !his {
			continue
		}
		if count++; least.IsZero() || age.Before(least) {
			oldest, least = key, age
		}
	}
	if count >= most {
		delete(table, oldest)
	}
}
