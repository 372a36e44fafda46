package iptfs

import (
	"math"
	"time"
)

// history is how many closed loss intervals count (RFC 5348, Section 5.4).
const history = 8

// weightOf is the weight of loss interval i, the newest being 0 (RFC 5348, Section 5.4).
func weightOf(i int) float64 {
	if i < history/2 {
		return 1
	}
	return 1 - float64(i-history/2+1)/(history/2+1)
}

// A lossMeter computes the loss event rate of what an SA receives (RFC 5348, Section 5; RFC 9347, Appendix B). Losses within
// a round trip of each other are one event.
type lossMeter struct {
	highest uint64
	began   uint64 // the sequence number that began the newest event, 0: there was none
	at      time.Time
	closed  [history]float64 // intervals between events in packets, the newest first
	n       int

	since   time.Time // of what arrived, for the rate before the first event
	arrived int
	rate    float64 // packets per second over the last round trip
}

// arrive counts a packet.
func (m *lossMeter) arrive(seq uint64, rtt time.Duration, now time.Time) {
	m.highest = max(m.highest, seq)
	if m.since.IsZero() {
		m.since = now
	}
	m.arrived++
	if d := now.Sub(m.since); d >= max(rtt, rateSpan) {
		m.rate = float64(m.arrived) / d.Seconds()
		m.since, m.arrived = now, 0
	}
}

// rateSpan is the least time over which a rate is taken.
const rateSpan = 10 * time.Millisecond

// lose takes the packet seq for lost, or for one that bears a congestion mark.
func (m *lossMeter) lose(seq uint64, rtt time.Duration, now time.Time) {
	switch {
	case m.began == 0:
		m.push(firstInterval(m.rate, rtt))
	case now.Sub(m.at) <= rtt || seq <= m.began:
		return
	default:
		m.push(float64(seq - m.began))
	}
	m.began, m.at = seq, now
	m.highest = max(m.highest, seq)
}

func (m *lossMeter) push(interval float64) {
	copy(m.closed[1:], m.closed[:])
	m.closed[0] = max(interval, 1)
	m.n = min(m.n+1, history)
}

// inverse returns the inverse of the loss event rate, 0 while there was no loss: the weighted mean of the intervals, with the
// open one if that makes it larger.
func (m *lossMeter) inverse() uint32 {
	if m.began == 0 {
		return 0
	}
	open, closed, total := 0.0, 0.0, 0.0
	for i := range m.n {
		newer := float64(m.highest - m.began + 1)
		if i > 0 {
			newer = m.closed[i-1]
		}
		open += newer * weightOf(i)
		closed += m.closed[i] * weightOf(i)
		total += weightOf(i)
	}
	return uint32(min(max(math.Round(max(open, closed)/total), 1), math.MaxUint32))
}

// firstInterval is the interval before the first event: the one for which the throughput equation gives the rate at which
// packets have come (RFC 5348, Section 6.3.1).
func firstInterval(rate float64, rtt time.Duration) float64 {
	if rate == 0 || rtt == 0 {
		return 1
	}
	low, high := 1e-9, 1.0
	for range 60 {
		p := math.Sqrt(low * high)
		if throughput(p, rtt) > rate {
			low = p
		} else {
			high = p
		}
	}
	return 1 / high
}
