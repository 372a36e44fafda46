package fair

import (
	"math"
	"testing"
	"time"
)

// standing has a packet leave every millisecond, each after it waited as long, and returns when packets were given up.
func standing(c *codel, from, to, waited time.Duration) (given []time.Duration) {
	for now := from; now < to; now += time.Millisecond {
		if c.givesUp(now, waited, false) {
			given = append(given, now)
		}
	}
	return given
}

func TestCoDelLeavesBurstsAlone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		waited time.Duration
		length time.Duration
		last   bool
	}{
		{"just below the target", Target - 1, time.Hour, false},
		{"above the target for less than an interval", time.Second, Interval, false},
		{"nothing else waits", time.Second, time.Minute, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c codel
			for now := time.Second; now < time.Second+tt.length; now += tt.length / 1000 {
				if c.givesUp(now, tt.waited, tt.last) {
					t.Fatalf("a packet was given up after %v", now-time.Second)
				}
			}
		})
	}
}

// The pauses between packets that are given up are those of RFC 8289, Section 5.3: interval / sqrt(count).
func TestCoDelGivesUpFasterAndFaster(t *testing.T) {
	var c codel
	given := standing(&c, time.Second, 4*time.Second, Target)
	if len(given) < 20 || given[0] != time.Second+Interval {
		t.Fatalf("given up at %v", given)
	}
	due := given[0]
	for i, at := range given[1:] {
		due += time.Duration(float64(Interval) / math.Sqrt(float64(i+1)))
		if at < due || at >= due+2*time.Millisecond {
			t.Errorf("packet %d given up at %v, due at %v", i+2, at, due)
		}
	}
}

func TestCoDelEndsWithTheQueue(t *testing.T) {
	var c codel
	standing(&c, time.Second, 2*time.Second, time.Second)
	if c.givesUp(2*time.Second, Target-1, false) {
		t.Error("a packet that did not wait was given up")
	}
	if given := standing(&c, 2*time.Second, 2*time.Second+Interval, time.Second); len(given) > 0 {
		t.Errorf("%d packets given up within an interval", len(given))
	}
}

// A queue that stands again soon is taken up where it was left; one that stands much later from the beginning.
func TestCoDelRemembersItsRate(t *testing.T) {
	rate := func(pause time.Duration) int {
		var c codel
		standing(&c, time.Second, 4*time.Second, time.Second)
		c.givesUp(4*time.Second, 0, false)
		begin := 4*time.Second + pause
		return len(standing(&c, begin, begin+Interval+Interval/2, time.Second))
	}
	soon, late := rate(Interval), rate(2*remembered*Interval)
	if late != 1 {
		t.Errorf("%d packets given up in the first half of an interval, long after", late)
	}
	if soon < 3*late {
		t.Errorf("%d packets given up in the first half of an interval, soon after", soon)
	}
}
