package api

import (
	"testing"
	"time"
)

// A clock is turned by hand.
type clock struct{ now time.Time }

func (c *clock) tell() time.Time { return c.now }

func newBook() (*sessions, *clock) {
	c := &clock{time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	return newSessions(c.tell, func() time.Duration { return 15 * time.Minute }), c
}

// browser is whose it is.
const browser = "uid 1000"

func begin(t *testing.T, s *sessions, c Caller) string {
	t.Helper()
	token, _ := s.issue(c)
	cookie, ok := s.begin(token, browser)
	if !ok {
		t.Fatal("the token is not good")
	}
	return cookie
}

func TestSessionsEndWhenNobodyUsesThem(t *testing.T) {
	s, c := newBook()
	cookie := begin(t, s, Caller{Name: "uid 0", Role: Administer})
	for range 3 {
		c.now = c.now.Add(14 * time.Minute)
		if got := s.caller(cookie, browser); got.Role != Administer || got.Name != "uid 0 on the page" {
			t.Fatalf("got %+v", got)
		}
	}
	c.now = c.now.Add(16 * time.Minute)
	if got := s.caller(cookie, browser); got.Role != Nobody {
		t.Errorf("got %+v", got)
	}
}

func TestSessionsEndAfterHalfADay(t *testing.T) {
	s, c := newBook()
	cookie := begin(t, s, Caller{Name: "uid 0", Role: Read})
	caller := s.caller(cookie, browser)
	for range 72 { // a stream that stays open keeps the session in use
		c.now = c.now.Add(10 * time.Minute)
		if caller.now() != Read {
			t.Fatalf("it has ended at %v", c.now)
		}
	}
	c.now = c.now.Add(time.Second)
	if caller.now() != Nobody {
		t.Error("it goes on")
	}
}

func TestTokensAreGoodForAWhile(t *testing.T) {
	s, c := newBook()
	token, expires := s.issue(Caller{Role: Read})
	c.now = expires.Add(time.Second)
	if _, ok := s.begin(token, browser); ok {
		t.Error("it was good for longer")
	}
	if _, ok := s.begin("made up", browser); ok {
		t.Error("anything is good")
	}
}

// Whoever loses a role loses it on the page as well.
func TestSessionsFollowTheRoleOfTheirOwner(t *testing.T) {
	s, _ := newBook()
	role := Operate
	cookie := begin(t, s, Caller{Name: "x", Role: role, again: func() Role { return role }})
	role = Read
	if got := s.caller(cookie, browser); got.Role != Read || got.now() != Read {
		t.Errorf("got %+v", got)
	}
	role = Nobody
	if got := s.caller(cookie, browser); got.Role != Nobody {
		t.Errorf("got %+v", got)
	}
}

// What one caller does takes nothing from others.
func TestSessionsAreBoundedForEachCaller(t *testing.T) {
	s, c := newBook()
	greedy, other := Caller{Name: "uid 1", Role: Read}, Caller{Name: "uid 2", Role: Operate}
	others, first := begin(t, s, other), begin(t, s, greedy)
	ticket, _ := s.issue(other)
	for range mostSessions {
		c.now = c.now.Add(time.Second)
		begin(t, s, greedy)
	}
	if len(s.open) != mostSessions+1 || s.caller(first, browser).Role != Nobody {
		t.Errorf("%d sessions, the first has the role %v", len(s.open), s.caller(first, browser).Role)
	}
	oldest, _ := s.issue(greedy)
	for range mostTickets {
		c.now = c.now.Add(time.Second)
		s.issue(greedy)
	}
	if _, ok := s.begin(oldest, browser); ok || len(s.tickets) != mostTickets+1 {
		t.Errorf("%d tokens, and the oldest is good: %v", len(s.tickets), ok)
	}
	if _, ok := s.begin(ticket, browser); !ok || s.caller(others, browser).Role != Operate {
		t.Error("another caller has lost a token or a session")
	}
}

// A server of another user on another port of loopback gets the cookie from the browser, and can do nothing with it.
func TestCookiesAreGoodForTheUserOfTheBrowserAlone(t *testing.T) {
	s, _ := newBook()
	cookie := begin(t, s, Caller{Name: "uid 0", Role: Administer})
	for who, want := range map[string]Role{browser: Administer, "uid 65534": Nobody, "127.0.0.1": Nobody, "": Nobody} {
		if got := s.caller(cookie, who).Role; got != want {
			t.Errorf("%q may %v, want %v", who, got, want)
		}
	}
}
