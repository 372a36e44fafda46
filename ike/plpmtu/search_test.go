package plpmtu

import (
	"testing"
	"time"
)

// A path carries mtu octets and drops what is larger, and every nth probe besides.
type path struct {
	mtu, every int
	sent       int
	took       time.Duration
}

// carries sends a probe over the path.
func (p *path) carries(size int) bool {
	p.sent++
	return size <= p.mtu && (p.every == 0 || p.sent%p.every != 0)
}

// run probes until the search is over.
func (p *path) run(t *testing.T, s *Search) {
	t.Helper()
	for n := 0; ; n++ {
		size, ok := s.Probe()
		if !ok {
			return
		}
		if n > 200 {
			t.Fatal("the search does not end")
		}
		if p.carries(size) {
			s.Acknowledged(size)
			p.took += 20 * time.Millisecond
			continue
		}
		if s.Lost() {
			s.Conclude(true)
		}
		p.took += ProbeTimer
	}
}

func TestSearchFindsThePath(t *testing.T) {
	tests := []struct {
		name      string
		link, mtu int
		ipv6      bool
		every     int
		want      int
		state     State
		probes    int           // at most
		took      time.Duration // at most
	}{
		{"as wide as the link", 1500, 1500, false, 0, 1500, SearchComplete, 1, 50 * time.Millisecond},
		{"PPPoE", 1500, 1492, false, 0, 1492, SearchComplete, 25, 4 * time.Second},
		{"a tunnel of 1400", 1500, 1400, false, 0, 1400, SearchComplete, 20, 7 * time.Second},
		{"between two sizes", 1500, 1415, false, 0, 1400, SearchComplete, 20, 7 * time.Second},
		{"with loss", 1500, 1400, false, 4, 1400, SearchComplete, 30, 12 * time.Second},
		{"IPv6", 1500, 1280, true, 0, 1280, SearchComplete, 8, 7 * time.Second},
		{"less than IPv6 promises", 1500, 1000, true, 0, 1280, Error, 6, 7 * time.Second},
		{"less than BASE_PLPMTU", 1500, 1000, false, 0, 576, Error, 6, 7 * time.Second},
		{"jumbo frames", 9000, 9000, false, 0, 9000, SearchComplete, 1, 50 * time.Millisecond},
		{"jumbo frames at our end only", 9000, 1500, false, 0, 1500, SearchComplete, 30, 7 * time.Second},
		{"a link of 1280", 1280, 1280, true, 0, 1280, SearchComplete, 1, 50 * time.Millisecond},
		{"a link of 600", 600, 600, false, 0, 600, SearchComplete, 1, 50 * time.Millisecond},
		{"a link of less than the least", 300, 300, false, 0, 576, Error, 6, 7 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, p := New(tt.link, tt.ipv6), path{mtu: tt.mtu, every: tt.every}
			p.run(t, &s)
			if s.PLPMTU() != tt.want || s.State() != tt.state || s.confirmed != (tt.state != Error) {
				t.Errorf("PLPMTU %d in %v, confirmed %v; want %d in %v", s.PLPMTU(), s.State(), s.confirmed, tt.want, tt.state)
			}
			if p.sent > tt.probes || p.took > tt.took {
				t.Errorf("%d probes in %v, want %d in %v at most", p.sent, p.took, tt.probes, tt.took)
			}
		})
	}
}

func TestUnconfirmedSizeGivesWayAtTheFirstLoss(t *testing.T) {
	s := New(1500, false)
	if s.PLPMTU() != 1500 || s.confirmed {
		t.Errorf("starts with %d, confirmed %v", s.PLPMTU(), s.confirmed)
	}
	if s.Lost() || s.PLPMTU() != base4 {
		t.Errorf("after one loss %d is used, want BASE_PLPMTU", s.PLPMTU())
	}
	s.Acknowledged(1500) // of the second probe
	if s.PLPMTU() != 1500 || s.State() != SearchComplete {
		t.Errorf("then %d in %v", s.PLPMTU(), s.State())
	}
}

func TestConfirmedSizeOutlivesIsolatedLoss(t *testing.T) {
	s, p := New(1500, false), path{mtu: 1500}
	p.run(t, &s)
	s.Confirm()
	for range MaxProbes - 1 {
		if s.Lost() || s.PLPMTU() != 1500 {
			t.Fatalf("gave up at %d", s.PLPMTU())
		}
	}
	s.Acknowledged(1500)
	if s.PLPMTU() != 1500 || s.State() != SearchComplete {
		t.Errorf("%d in %v", s.PLPMTU(), s.State())
	}
}

func TestBlackHoleIsFoundByConfirming(t *testing.T) {
	s, p := New(1500, false), path{mtu: 1500}
	p.run(t, &s)
	p.mtu = 1380
	s.Confirm()
	p.run(t, &s)
	if s.PLPMTU() != 1380 || s.State() != SearchComplete {
		t.Errorf("%d in %v", s.PLPMTU(), s.State())
	}
}

func TestRaiseFollowsAPathThatWidens(t *testing.T) {
	for _, before := range []int{1000, 1400} {
		s, p := New(1500, false), path{mtu: before}
		p.run(t, &s)
		if !s.Raises() {
			t.Fatal("nothing to raise")
		}
		s.Raise()
		p.run(t, &s)
		if got := s.PLPMTU(); before == 1400 && got != 1400 {
			t.Errorf("raising on the same path gives %d", got)
		}
		p.mtu = 1500
		s.Raise()
		p.run(t, &s)
		if s.PLPMTU() != 1500 || s.Raises() {
			t.Errorf("%d in %v after the path widened", s.PLPMTU(), s.State())
		}
	}
}

func TestTooBig(t *testing.T) {
	tests := []struct {
		name      string
		size      int
		validated bool
		path      int
		at        int // in use before any probe
		want      int
	}{
		{"validated", 1420, true, 1420, 1420, 1420},
		{"validated, between two sizes", 1411, true, 1411, 1411, 1411},
		{"validated, and larger than what is in use", 1600, true, 1500, 1500, 1500},
		{"validated, and below the least", 68, true, 1500, 576, 576},
		{"validated, and the path is narrower still", 1450, true, 1400, 1450, 1400},
		{"nobody vouches, and it is true", 1411, false, 1411, 1500, 1411},
		{"nobody vouches, and it is a lie", 600, false, 1500, 1500, 1500},
		{"nobody vouches, and it is not the whole truth", 1450, false, 1400, 1500, 1400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, p := New(1500, false), path{mtu: 1500}
			p.run(t, &s)
			p.mtu = tt.path
			s.TooBig(tt.size, tt.validated)
			if s.PLPMTU() != tt.at {
				t.Errorf("%d is used at once, want %d", s.PLPMTU(), tt.at)
			}
			p.run(t, &s)
			if s.PLPMTU() != tt.want {
				t.Errorf("%d in %v in the end, want %d", s.PLPMTU(), s.State(), tt.want)
			}
		})
	}
}

func TestOutageSaysNothingAboutSize(t *testing.T) {
	s, p := New(1500, false), path{mtu: 1500}
	p.run(t, &s)
	s.Confirm()
	for !s.Lost() {
	}
	s.Conclude(false)
	if size, ok := s.Probe(); !ok || size != 1500 || s.PLPMTU() != 1500 {
		t.Errorf("after an outage %d is probed and %d used", size, s.PLPMTU())
	}
	p.run(t, &s)
	if s.PLPMTU() != 1500 || s.Raises() {
		t.Errorf("%d in %v", s.PLPMTU(), s.State())
	}
}

func TestShorterProbeConfirmsItsOwnLength(t *testing.T) {
	s := New(1500, false)
	s.Acknowledged(1488)
	if s.PLPMTU() != 1488 || s.State() != SearchComplete || s.Raises() {
		t.Errorf("%d in %v", s.PLPMTU(), s.State())
	}
}

func TestDisabledSearchWantsNothing(t *testing.T) {
	var s Search
	s.Confirm()
	s.Raise()
	s.TooBig(100, true)
	s.Acknowledged(1)
	s.Conclude(true)
	if _, ok := s.Probe(); ok || s.Lost() || s.Raises() || s.PLPMTU() != 0 || s.State().String() != "DISABLED" {
		t.Errorf("%+v", s)
	}
}

func FuzzSearchEnds(f *testing.F) {
	f.Add(1500, 1400, 0, true)
	f.Add(9000, 100, 3, false)
	f.Fuzz(func(t *testing.T, link, mtu, every int, ipv6 bool) {
		s, p := New(min(max(link, 0), 65535), ipv6), path{mtu: mtu, every: max(every, 0)}
		p.run(t, &s)
		s.TooBig(mtu, every%2 == 0)
		p.run(t, &s)
		s.Raise()
		p.run(t, &s)
		if s.PLPMTU() < s.min || s.PLPMTU() > s.max {
			t.Errorf("%d is used, not %d to %d", s.PLPMTU(), s.min, s.max)
		}
	})
}
