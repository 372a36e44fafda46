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

func begin(t *testing.T, s *sessions, c Caller) string {
	t.Helper()
	token, _ := s.issue(c)
	cookie, ok := s.begin(token)
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
		if got := s.caller(cookie); got.Role != Administer || got.Name != "uid 0 on the page" {
			t.Fatalf("got %+v", got)
		}
	}
	c.now = c.now.Add(16 * time.Minute)
	if got := s.caller(cookie); got.Role != Nobody {
		t.Errorf("got %+v", got)
	}
}

func TestSessionsEndAfterHalfADay(t *testing.T) {
	s, c := newBook()
	cookie := begin(t, s, Caller{Name: "uid 0", Role: Read})
	caller := s.caller(cookie)
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
	if _, ok := s.begin(token); ok {
		t.Error("it was good for longer")
	}
	if _, ok := s.begin("made up"); ok {
		t.Error("anything is good")
	}
}

// Whoever loses a role loses it on the page as well.
func TestSessionsFollowTheRoleOfTheirOwner(t *testing.T) {
	s, _ := newBook()
	role := Operate
	cookie := begin(t, s, Caller{Name: "x", Role: role, again: func() Role { return role }})
	role = Read
	if got := s.caller(cookie); got.Role != Read || got.now() != Read {
		t.Errorf("got %+v", got)
	}
	role = Nobody
	if got := s.caller(cookie); got.Role != Nobody {
		t.Errorf("got %+v", got)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	s, c := newBook()
	first := begin(t, s, Caller{Role: Read})
	for range mostSessions {
		c.now = c.now.Add(time.Second)
		begin(t, s, Caller{Role: Read})
	}
	if len(s.open) != mostSessions || s.caller(first).Role != Nobody {
		t.Errorf("%d sessions, the first has the role %v", len(s.open), s.caller(first).Role)
	}
	oldest, _ := s.issue(Caller{Role: Read})
	for range mostTickets {
		c.now = c.now.Add(time.Second)
		s.issue(Caller{Role: Read})
	}
	if _, ok := s.begin(oldest); ok || len(s.tickets) != mostTickets {
		t.Errorf("%d tokens, and the oldest is good: %v", len(s.tickets), ok)
	}
}
