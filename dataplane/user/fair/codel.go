package fair

import (
	"math"
	"time"
)

const (
	// Target is the time that packets may wait for long (RFC 8289, Section 4.4).
	Target = 4 * time.Millisecond
	// Interval is how long a queue may be a burst that goes by itself: a round trip of the Internet, and then some (RFC 8289,
	// Section 4.3).
	Interval = 100 * time.Millisecond
	// remembered is for how many intervals the rate that was needed last is remembered.
	remembered = 16
)

// A codel decides which packets of a queue are given up so that it does not stand: Controlled Delay (RFC 8289). Times are since
// any common beginning but that itself. The zero value is ready.
type codel struct {
	until   time.Duration // when packets have waited too long for an interval; 0: they do not
	next    time.Duration // when the next packet is given up
	count   int           // of packets given up since they are
	before  int           // count when this began
	active  bool          // packets are given up
	history bool          // they were before
}

// givesUp is called for each packet that leaves the queue, and reports whether it is to be given up. waited is for how long it
// was there; last says that the queue is empty behind it.
func (c *codel) givesUp(now, waited time.Duration, last bool) bool {
	if !c.stands(now, waited, last) {
		c.active = false
		return false
	}
	switch {
	case !c.active:
		c.begin(now)
		return true
	case now < c.next:
		return false
	}
	c.count++
	c.next += c.pause()
	return true
}

// stands reports whether packets have waited too long for an interval.
func (c *codel) stands(now, waited time.Duration, last bool) bool {
	switch {
	case waited < Target || last:
		c.until = 0
	case c.until == 0:
		c.until = now + Interval
	default:
		return now >= c.until
	}
	return false
}

// begin starts to give packets up, at the rate that was right the last time if that is not long ago.
func (c *codel) begin(now time.Duration) {
	grown := c.count - c.before
	if c.count = 1; c.history && grown > 1 && now-c.next < remembered*Interval {
		c.count = grown
	}
	c.before, c.active, c.history = c.count, true, true
	c.next = now + c.pause()
}

// pause is the time to the next packet that is given up: with the square root of their number the throughput of TCP falls
// linearly (RFC 8289, Section 3.3).
func (c *codel) pause() time.Duration {
	return time.Duration(float64(Interval) / math.Sqrt(float64(c.count)))
}
