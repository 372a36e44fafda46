package iptfs

import (
	"math"
	"time"
)

// throughput is what a TCP would send in packets per second, given a loss event rate and a round-trip time (RFC 9347,
// Appendix B; RFC 5348, Section 3.1).
func throughput(p float64, rtt time.Duration) float64 {
	return 1 / (rtt.Seconds() * (math.Sqrt(2*p/3) + 12*math.Sqrt(3*p/8)*p*(1+32*p*p)))
}

// Rates in packets per second. Reports tell nothing of what has come, so that a peer that never reports a loss has the rate
// double without end: there is a most where none is configured. A tunnel starts faster than RFC 5348, Section 4.2 has it, since the round-trip time can only
// be known once both sides send (RFC 9347, Section 2.4.2), and never gets slower than its delays can be told.
const (
	firstRate = 10
	leastRate = 1
	mostRate  = 1_000_000
)

// A control is the sender's part of TFRC (RFC 5348, Section 4).
type control struct {
	most  float64 // packets per second
	rate  float64
	heard time.Time // the last feedback, or the last time that it was missed
	grown time.Time
}

func newControl(most float64) control {
	if most == 0 {
		most = mostRate
	}
	c := control{most: most}
	c.set(firstRate)
	return c
}

func (c *control) set(rate float64) { c.rate = max(min(rate, c.most), leastRate) }

// feedback follows a report. The rate doubles at most in a round trip; without loss it does (RFC 5348, Section 4.3).
func (c *control) feedback(inverse uint32, rtt time.Duration, now time.Time) {
	c.heard = now
	allowed := math.Inf(1)
	if inverse > 0 {
		allowed = throughput(1/float64(inverse), rtt)
	}
	if allowed < c.rate {
		c.set(allowed)
		return
	}
	if now.Sub(c.grown) >= rtt {
		c.grown = now
		c.set(min(allowed, 2*c.rate))
	}
}

// silence halves the rate when no report came for four round trips (RFC 5348, Section 4.4).
func (c *control) silence(rtt time.Duration, now time.Time) {
	if c.heard.IsZero() {
		c.heard = now
	}
	patience := max(4*rtt, time.Duration(2/c.rate*float64(time.Second)))
	if now.Sub(c.heard) >= patience {
		c.heard = now
		c.set(c.rate / 2)
	}
}
