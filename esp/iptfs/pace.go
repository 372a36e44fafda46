package iptfs

import "time"

// A Pace says when to send, by absolute deadlines: what one packet is late does not delay the next. It belongs to one
// goroutine at a time.
type Pace struct {
	interval time.Duration
	part     float64 // of a nanosecond, that the interval is longer
	debt     float64
	next     time.Time
}

// maxBurst bounds the packets that are made up for at once. Time that is lost beyond that stays lost.
const maxBurst = 64

// SetRate changes the rate to so many packets per second. The next packet is not later than the new rate has it.
func (p *Pace) SetRate(perSecond float64, now time.Time) {
	exact := float64(time.Second) / perSecond
	p.interval = time.Duration(exact)
	p.part = exact - float64(p.interval)
	if due := now.Add(p.interval); p.next.IsZero() || p.next.After(due) {
		p.next = due
	}
}

// Delay puts everything off.
func (p *Pace) Delay(d time.Duration) { p.next = p.next.Add(d) }

// Interval returns the time between two packets.
func (p *Pace) Interval() time.Duration { return p.interval }

// Next returns when the next packet is due.
func (p *Pace) Next() time.Time { return p.next }

// Due returns how many packets are to be sent now, and counts them as sent.
func (p *Pace) Due(now time.Time) (n int) {
	for !p.next.After(now) {
		if n == maxBurst {
			p.next = now.Add(p.interval)
			break
		}
		n++
		p.debt += p.part
		whole := time.Duration(p.debt)
		p.debt -= float64(whole)
		p.next = p.next.Add(p.interval + whole)
	}
	return n
}
