package iptfs

import "time"

// A Congestion is what one end of a pair of SAs knows about the path in both directions, and tells the other end (RFC 9347,
// Section 3). It belongs to one goroutine at a time.
type Congestion struct {
	start time.Time

	// As receiver.
	meter   lossMeter
	marked  bool // marks count in the loss event rate
	peerRTT time.Duration
	echo    uint32
	echoAt  time.Time

	// As sender.
	controlled bool
	control    control
	rtt        time.Duration
	loss       uint32 // what the peer reported last
	told       uint32 // the newest TEcho
}

// NewCongestion returns one whose clock starts now. With control, Rate follows the peer's reports, up to most packets per
// second, 0 being as many as there is any sense in.
func NewCongestion(controlled bool, most float64, now time.Time) *Congestion {
	return &Congestion{start: now, controlled: controlled, control: newControl(most)}
}

// clock is our time in microseconds, which is never 0, since that would look like no time.
func (c *Congestion) clock(now time.Time) uint32 {
	return max(uint32(now.Sub(c.start).Microseconds()), 1)
}

// Report returns what is to be sent now, every delay.
func (c *Congestion) Report(delay time.Duration, now time.Time) Report {
	r := Report{
		Experienced: c.marked, LossEventRate: c.meter.inverse(), RTT: c.rtt, TransmitDelay: delay,
		TVal: c.clock(now), TEcho: c.echo,
	}
	if c.echo != 0 {
		r.EchoDelay = now.Sub(c.echoAt)
	}
	return r
}

// Heard takes a report of the peer. delay is that between our own packets.
func (c *Congestion) Heard(r Report, delay time.Duration, now time.Time) {
	c.peerRTT = r.RTT
	if r.TVal != 0 && r.TVal != c.echo {
		c.echo, c.echoAt = r.TVal, now
	}
	if !c.sample(r, delay, now) {
		return
	}
	c.loss = r.LossEventRate
	if c.controlled {
		c.control.feedback(r.LossEventRate, c.rtt, now)
	}
}

// maxSample is the longest round trip that is believed.
const maxSample = time.Minute

// sample takes the larger of the two estimates of the round-trip time (RFC 9347, Section 3) into the mean (RFC 5348,
// Section 4.3). It reports whether the report answers something that we have sent.
func (c *Congestion) sample(r Report, delay time.Duration, now time.Time) bool {
	age := int32(c.clock(now) - r.TEcho)
	if r.TEcho == 0 || age < 0 || c.told != 0 && int32(r.TEcho-c.told) < 0 {
		return false
	}
	c.told = r.TEcho
	rtt := max(time.Duration(age)*time.Microsecond-r.EchoDelay, r.TransmitDelay+delay, time.Microsecond)
	switch {
	case rtt > maxSample:
		return false
	case c.rtt == 0:
		c.rtt = rtt
	default:
		c.rtt = (9*c.rtt + rtt) / 10
	}
	return true
}

// Arrived counts a payload that has come, with the traffic class of its outer header. A congestion mark counts as a loss
// (RFC 9347, Section 3.1).
func (c *Congestion) Arrived(seq uint64, tos uint8, now time.Time) {
	c.meter.arrive(seq, c.peerRTT, now)
	if tos&congested == congested {
		c.marked = true
		c.meter.lose(seq, c.peerRTT, now)
	}
}

// Lost counts n payloads from seq on that have not come.
func (c *Congestion) Lost(seq uint64, n uint64, now time.Time) {
	if n > 0 {
		c.meter.lose(seq, c.peerRTT, now)
	}
}

// Rate returns the packets per second that may be sent now.
func (c *Congestion) Rate(now time.Time) float64 {
	c.control.silence(c.rtt, now)
	return c.control.rate
}

// RTT returns the estimated round-trip time, 0 before there is one.
func (c *Congestion) RTT() time.Duration { return c.rtt }

// Loss returns the loss event rate that the peer has reported, 0 to 1.
func (c *Congestion) Loss() float64 {
	if c.loss == 0 {
		return 0
	}
	return 1 / float64(c.loss)
}
