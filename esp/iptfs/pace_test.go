package iptfs

import (
	"testing"
	"time"
)

// Waking up late delays nothing: the number of packets is that of the time that has passed.
func TestPaceKeepsItsRate(t *testing.T) {
	for _, rate := range []float64{3, 1000, 7777, 89285.7} {
		var p Pace
		p.SetRate(rate, start)
		now, sent := start, 0
		for i := 0; now.Before(start.Add(10 * time.Second)); i++ {
			now = p.Next().Add(time.Duration(i%5) * 100 * time.Microsecond)
			sent += p.Due(now)
		}
		want := rate * now.Sub(start).Seconds()
		if d := float64(sent) - want; d > 1 || d < -1.001 {
			t.Errorf("%v per second: %d packets, want %v", rate, sent, want)
		}
	}
}

func TestPaceMakesUpForSoMuch(t *testing.T) {
	var p Pace
	p.SetRate(1000, start)
	now := start.Add(time.Hour)
	if n := p.Due(now); n != maxBurst {
		t.Errorf("%d packets after an hour", n)
	}
	if n := p.Due(now); n != 0 || !p.Next().Equal(now.Add(time.Millisecond)) {
		t.Errorf("%d more, the next at %v", n, p.Next())
	}
}

func TestPaceChanges(t *testing.T) {
	var p Pace
	p.SetRate(1, start)
	p.SetRate(1000, start)
	if want := start.Add(time.Millisecond); !p.Next().Equal(want) || p.Interval() != time.Millisecond {
		t.Errorf("next at %v after %v", p.Next(), p.Interval())
	}
	p.SetRate(1, start)
	if want := start.Add(time.Millisecond); !p.Next().Equal(want) {
		t.Errorf("a slower rate moved the packet that was due to %v", p.Next())
	}
}
