package daemon

import (
	"testing"
	"time"
)

// hands are the two clocks of a machine, set by a test.
type hands struct {
	wall time.Time
	boot time.Duration
}

func newHands() (*hands, *clock) {
	h := &hands{wall: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), boot: time.Hour}
	return h, newClock(func() time.Time { return h.wall }, func() time.Duration { return h.boot })
}

// pass lets time go by.
func (h *hands) pass(d time.Duration) { h.wall, h.boot = h.wall.Add(d), h.boot+d }

func TestClockRunsByTheBootClock(t *testing.T) {
	for _, set := range []time.Duration{0, time.Hour, -time.Hour, 10 * 365 * 24 * time.Hour} {
		h, c := newHands()
		begin := c.now()
		if !begin.Equal(h.wall) {
			t.Fatalf("begins with %v, the wall clock shows %v", begin, h.wall)
		}
		h.pass(time.Minute)
		h.wall = h.wall.Add(set)
		if got := c.now().Sub(begin); got != time.Minute {
			t.Errorf("wall clock set by %v: a minute took %v", set, got)
		}
	}
}

func TestClockShowsTheWallClock(t *testing.T) {
	h, c := newHands()
	event := c.now()
	h.pass(time.Minute)
	h.wall = h.wall.Add(24 * time.Hour) // NTP found out the date
	if got, want := c.shown(c.now()), h.wall; !got.Equal(want) {
		t.Errorf("now is shown as %v, want %v", got, want)
	}
	if got, want := c.shown(event), h.wall.Add(-time.Minute); !got.Equal(want) {
		t.Errorf("a minute ago is shown as %v, want %v", got, want)
	}
	if !c.shown(time.Time{}).IsZero() {
		t.Error("never is shown as a time")
	}
}

func TestClockDriftIsNoJump(t *testing.T) {
	h, c := newHands()
	event := c.now()
	h.wall = h.wall.Add(300 * time.Millisecond)
	if got := c.shown(event); !got.Equal(event) {
		t.Errorf("a time moved by %v", got.Sub(event))
	}
}

// Signs of life that the data plane notes by the wall clock must neither revive a dead peer nor kill a living one.
func TestClockTranslatesSignsOfLife(t *testing.T) {
	tests := []struct {
		name      string
		set       time.Duration // of the wall clock, between the sign and now
		wantKnown bool
	}{
		{"the wall clock was left alone", 0, true},
		{"the wall clock was set ahead", time.Hour, true},
		{"the wall clock was set back", -time.Hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, c := newHands()
			noted := h.wall
			h.pass(10 * time.Second)
			h.wall = h.wall.Add(tt.set)
			at := c.heard(noted)
			if at.IsZero() == tt.wantKnown {
				t.Fatalf("the sign of life is of %v", at)
			}
			if at.After(c.now()) {
				t.Errorf("a sign of life from the future: %v ahead", at.Sub(c.now()))
			}
		})
	}
}

func TestClockTranslatesSignsAfterAJump(t *testing.T) {
	h, c := newHands()
	h.wall = h.wall.Add(-3 * time.Hour)
	h.pass(time.Minute)
	noted := h.wall
	h.pass(5 * time.Second)
	if got, want := c.heard(noted), c.now().Add(-5*time.Second); !got.Equal(want) {
		t.Errorf("a sign of life of 5 s ago is of %v, want %v", got, want)
	}
}

func TestSystemClockGoesForward(t *testing.T) {
	c := systemClock()
	a := c.now()
	if b := c.now(); b.Before(a) {
		t.Errorf("%v after %v", b, a)
	}
	if d := time.Until(c.now()).Abs(); d > time.Minute {
		t.Errorf("the clock is %v off the wall clock", d)
	}
}
