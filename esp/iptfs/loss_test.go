package iptfs

import (
	"math"
	"testing"
	"time"
)

func TestWeights(t *testing.T) {
	for i, want := range []float64{1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2} {
		if got := weightOf(i); math.Abs(got-want) > 1e-9 {
			t.Errorf("weight %d is %v, want %v", i, got, want)
		}
	}
}

// regular feeds one loss every n packets, a millisecond each.
func regular(m *lossMeter, n, events int, rtt time.Duration) {
	now := start
	for seq := uint64(1); seq <= uint64(n*events); seq++ {
		now = now.Add(time.Millisecond)
		if seq%uint64(n) == 0 {
			m.lose(seq, rtt, now)
		} else {
			m.arrive(seq, rtt, now)
		}
	}
}

func TestRegularLoss(t *testing.T) {
	var m lossMeter
	regular(&m, 100, 12, 10*time.Millisecond)
	if got := m.inverse(); got != 100 {
		t.Errorf("inverse %d of one loss in 100", got)
	}
}

// Losses within one round trip are one event (RFC 5348, Section 5.2).
func TestLossesOfOneRoundTripAreOneEvent(t *testing.T) {
	var m lossMeter
	regular(&m, 10, 120, 99*time.Millisecond)
	if got := m.inverse(); got < 99 || got > 101 {
		t.Errorf("inverse %d of an event in 100", got)
	}
}

// The open interval counts when it is long: the rate recovers without further losses.
func TestRecovery(t *testing.T) {
	var m lossMeter
	regular(&m, 10, 20, 0)
	before := m.inverse()
	m.arrive(10_000, 0, start.Add(time.Hour))
	if after := m.inverse(); before != 10 || after < 1000 {
		t.Errorf("inverse %d, then %d", before, after)
	}
}

func TestNoLoss(t *testing.T) {
	var m lossMeter
	m.arrive(5, 0, start)
	if m.inverse() != 0 {
		t.Error("a loss event rate without loss")
	}
}

// The first interval is the one that makes the rate so far the fair one (RFC 5348, Section 6.3.1).
func TestFirstLoss(t *testing.T) {
	var m lossMeter
	rtt := 50 * time.Millisecond
	for seq := uint64(1); seq <= 1000; seq++ {
		m.arrive(seq, rtt, start.Add(time.Duration(seq)*time.Millisecond))
	}
	m.lose(1001, rtt, start.Add(1001*time.Millisecond))
	if x := throughput(1/float64(m.inverse()), rtt); x < 900 || x > 1100 {
		t.Errorf("%v packets per second are fair, 1000 came", x)
	}
	var fresh lossMeter
	fresh.lose(1, 0, start)
	if fresh.inverse() != 1 {
		t.Errorf("inverse %d before anything is known", fresh.inverse())
	}
}

// RFC 5348, Section 3.1 with b = 1 and t_RTO = 4R: p = 0.01 and R = 100 ms is about 112 packets per second.
func TestThroughput(t *testing.T) {
	if x := throughput(0.01, 100*time.Millisecond); math.Abs(x-112.4) > 1 {
		t.Errorf("%v packets per second", x)
	}
	if x, y := throughput(0.01, 100*time.Millisecond), throughput(0.01, 200*time.Millisecond); math.Abs(x-2*y) > 1e-6 {
		t.Errorf("twice the round trip: %v and %v", x, y)
	}
}
