package iptfs

import (
	"testing"
	"time"
)

// A pair is two ends that send each other a packet a step, over a path with a delay.
type pair struct {
	a, b  *Congestion
	now   time.Time
	seq   uint64
	delay time.Duration // one way
}

func newPair(most float64, delay time.Duration) *pair {
	return &pair{a: NewCongestion(true, most, start), b: NewCongestion(true, most, start.Add(-77*time.Second)), now: start, delay: delay}
}

// exchange lets reports travel in both directions, with every lossy-th packet lost; 0 is none.
func (p *pair) exchange(n, lossy int, interval time.Duration) {
	for range n {
		p.seq++
		fromA, fromB := p.a.Report(interval, p.now), p.b.Report(interval, p.now)
		p.now = p.now.Add(p.delay)
		if lossy > 0 && p.seq%uint64(lossy) == 0 {
			p.a.Lost(p.seq, 1, p.now)
			p.b.Lost(p.seq, 1, p.now)
			continue
		}
		p.a.Arrived(p.seq, 0, p.now)
		p.b.Arrived(p.seq, 0, p.now)
		p.b.Heard(fromA, interval, p.now)
		p.a.Heard(fromB, interval, p.now)
	}
}

func TestRoundTripIsMeasured(t *testing.T) {
	p := newPair(0, 40*time.Millisecond)
	p.exchange(100, 0, time.Millisecond)
	for _, c := range []*Congestion{p.a, p.b} {
		if rtt := c.RTT(); rtt < 39*time.Millisecond || rtt > 81*time.Millisecond {
			t.Errorf("round trip %v", rtt)
		}
	}
}

// A tunnel that sends rarely is not faster than it sends (RFC 9347, Section 3: the second estimate).
func TestRoundTripIsNoShorterThanTheDelays(t *testing.T) {
	p := newPair(0, time.Millisecond)
	p.exchange(50, 0, 300*time.Millisecond)
	if rtt := p.a.RTT(); rtt < 590*time.Millisecond {
		t.Errorf("round trip %v", rtt)
	}
}

// Echo Delay counts from the first arrival of a TVal.
func TestTheSameTimeIsRecordedOnce(t *testing.T) {
	c := NewCongestion(false, 0, start)
	c.Heard(Report{TVal: 7}, 0, start)
	c.Heard(Report{TVal: 7}, 0, start.Add(time.Second))
	if r := c.Report(0, start.Add(2*time.Second)); r.TEcho != 7 || r.EchoDelay != 2*time.Second {
		t.Errorf("%+v", r)
	}
}

// A peer may say for ever that nothing gets lost.
func TestRateWithoutLossStaysFinite(t *testing.T) {
	p := newPair(0, 10*time.Millisecond)
	p.exchange(5000, 0, time.Millisecond)
	if r := p.a.Rate(p.now); r != mostRate {
		t.Errorf("%v packets per second", r)
	}
}

func TestSlowStartAndBound(t *testing.T) {
	p := newPair(1000, 10*time.Millisecond)
	if r := p.a.Rate(p.now); r != firstRate {
		t.Errorf("starts with %v", r)
	}
	p.exchange(400, 0, time.Millisecond)
	if r := p.a.Rate(p.now); r != 1000 {
		t.Errorf("%v packets per second after a while without loss", r)
	}
}

func TestLossSlowsDown(t *testing.T) {
	p := newPair(0, 10*time.Millisecond)
	p.exchange(300, 0, time.Millisecond)
	fast := p.a.Rate(p.now)
	p.exchange(3000, 50, time.Millisecond)
	slow := p.a.Rate(p.now)
	if fair := throughput(0.02, p.a.RTT()); slow > fast/2 || slow > 1.5*fair || slow < fair/3 {
		t.Errorf("%v packets per second without loss, %v with one in 50, where %v are fair", fast, slow, fair)
	}
	if l := p.a.Loss(); l < 0.01 || l > 0.04 {
		t.Errorf("loss event rate %v", l)
	}
}

// Without reports for four round trips the rate halves, down to the least (RFC 5348, Section 4.4).
func TestSilenceHalves(t *testing.T) {
	p := newPair(1000, 10*time.Millisecond)
	p.exchange(400, 0, time.Millisecond)
	p.now = p.now.Add(time.Second)
	if r := p.a.Rate(p.now); r != 500 {
		t.Errorf("%v after silence", r)
	}
	for range 100 {
		p.now = p.now.Add(10 * time.Second)
		p.a.Rate(p.now)
	}
	if r := p.a.Rate(p.now); r != leastRate {
		t.Errorf("%v in the end", r)
	}
}

// A congestion mark counts as a loss and is told as a mark (RFC 9347, Section 3.1).
func TestMarksCountAsLoss(t *testing.T) {
	c := NewCongestion(false, 0, start)
	c.Arrived(1, 2, start)
	if r := c.Report(0, start); r.Experienced || r.LossEventRate != 0 {
		t.Errorf("without mark: %+v", r)
	}
	c.Arrived(2, 0x28|congested, start)
	if r := c.Report(0, start); !r.Experienced || r.LossEventRate == 0 {
		t.Errorf("with mark: %+v", r)
	}
}

func TestHostileReports(t *testing.T) {
	c := NewCongestion(true, 0, start)
	now := start.Add(time.Hour)
	for name, r := range map[string]Report{
		"an echo of nothing":        {LossEventRate: 1},
		"an echo of the future":     {TEcho: c.clock(now) + mostRate, LossEventRate: 1},
		"an echo of the far past":   {TEcho: c.clock(start.Add(time.Minute)), LossEventRate: 1},
		"an echo of half the clock": {TEcho: c.clock(now) ^ 1<<31, LossEventRate: 1},
	} {
		c.Heard(r, 0, now)
		if c.RTT() != 0 || c.Loss() != 0 {
			t.Errorf("%s was believed: %v, %v", name, c.RTT(), c.Loss())
		}
		c.told = 0
	}
	c.Heard(Report{TEcho: c.clock(now), EchoDelay: time.Hour, LossEventRate: 1}, 0, now)
	if c.RTT() <= 0 || c.Rate(now) < leastRate {
		t.Errorf("round trip %v, rate %v", c.RTT(), c.Rate(now))
	}
}

func TestBreaker(t *testing.T) {
	b := Breaker{Loss: 0.1, For: time.Minute}
	for _, step := range []struct {
		after time.Duration
		loss  float64
		want  bool
	}{
		{0, 0.2, false}, {59 * time.Second, 0.2, false}, {60 * time.Second, 0.05, false},
		{61 * time.Second, 0.1, false}, {120 * time.Second, 0.9, false}, {121 * time.Second, 0.1, true}, {200 * time.Second, 0, true},
	} {
		if got := b.Observe(step.loss, start.Add(step.after)); got != step.want {
			t.Errorf("after %v with %v: %v", step.after, step.loss, got)
		}
	}
	var off Breaker
	off.Observe(1, start)
	if off.Observe(1, start.Add(time.Hour)) {
		t.Error("the zero value trips")
	}
}
