package daemon

import (
	"testing"
	"time"

	"culvert/ike"
)

func TestWhatIsWithheldOfStrangersIsCounted(t *testing.T) {
	now := time.Unix(1000, 0)
	a := newCrowd(20*time.Second, 3) // what was left out may be told with every token
	steps := []struct {
		after    time.Duration
		takes    int
		given    int
		withheld uint64 // as told by the first that is given
	}{
		{0, 5, 3, 0},
		{10 * time.Second, 1, 0, 0},
		{12 * time.Second, 2, 1, 3}, // 22 s after the first
		{18 * time.Second, 1, 1, 1}, // 40 s: parts of the time for a token are not lost
		{time.Hour, 9, 3, 0},
		{-time.Minute, 1, 0, 6},
	}
	for i, step := range steps {
		now = now.Add(step.after)
		given, withheld := 0, uint64(0)
		for range step.takes {
			n, ok := a.take(now)
			withheld += n
			if ok {
				given++
			}
		}
		if given != step.given || given > 0 && withheld != step.withheld {
			t.Errorf("step %d: %d given, %d withheld before; want %+v", i, given, withheld, step)
		}
	}
}

func TestWhoIsAStranger(t *testing.T) {
	tests := []struct {
		name string
		news ike.News
		want bool
	}{
		{"a dropped message in the name of a peer", ike.News{Kind: ike.NewsDropped, Peer: "gw.example.org"}, true},
		{"a first message", ike.News{Kind: ike.NewsMessageReceived}, true},
		{"a refusal", ike.News{Kind: ike.NewsFailure}, true},
		{"one that never authenticated", ike.News{Kind: ike.NewsClosed}, true},
		{"whom we connect to", ike.News{Kind: ike.NewsMessageReceived, Initiator: true}, false},
		{"an authenticated peer", ike.News{Kind: ike.NewsClosed, Peer: "gw.example.org"}, false},
	}
	for _, tt := range tests {
		if got := stranger(tt.news); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// A flood neither fills the log nor pushes what matters out of the events, but the supervisor hears everything.
func TestFloodOfStrangersIsToldInPart(t *testing.T) {
	e, h, text := reporter(t)
	for range 10 * strangersAtOnce {
		e.news(ike.News{Kind: ike.NewsClosed, Time: e.clock.now(), Connection: &ike.Connection{Name: "any"}})
	}
	if got := e.hub.events.Next() - 1; got != strangersAtOnce {
		t.Errorf("%d events", got)
	}
	if got := len(e.supervisor.box.take(nil)); got != 10*strangersAtOnce {
		t.Errorf("the supervisor hears of %d", got)
	}
	known := someNews(ike.NewsChildUp)
	known.Time = e.clock.now()
	e.news(known)
	if got := e.hub.events.Next() - 1; got != strangersAtOnce+1 {
		t.Error("a peer that is known is not heard")
	}
	h.pass(time.Second)
	e.news(ike.News{Kind: ike.NewsClosed, Time: e.clock.now()})
	if !says(text.String(), "strangers", "count=1800") {
		t.Error("the log does not tell that something was left out")
	}
	if got := e.hub.withheld.Load(); got != 9*strangersAtOnce {
		t.Errorf("%d are counted", got)
	}
}

// A flood that lasts is told now and then, with all that was left out since: the log does not grow with what is not in it.
func TestLastingFloodIsToldSeldom(t *testing.T) {
	now := time.Unix(1000, 0)
	a := newCrowd(strangersEvery, strangersAtOnce)
	told, sum, given := 0, uint64(0), 0
	const times, each = 1200, 10 // a minute
	for range times {
		for range each {
			n, ok := a.take(now)
			if n > 0 {
				told, sum = told+1, sum+n
			}
			if ok {
				given++
			}
		}
		now = now.Add(strangersEvery)
	}
	if most := int(times*strangersEvery/withheldEvery) + 1; told < 2 || told > most {
		t.Errorf("told %d times in a minute, want %d at most", told, most)
	}
	if missing := uint64(times*each-given) - sum; missing > times*each/5 {
		t.Errorf("%d of what was left out is not told", missing)
	}
}
