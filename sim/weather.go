package sim

import "time"

// Weather is what one direction of a node's line does to packets. The zero value is a perfect line without delay.
type Weather struct {
	Delay  time.Duration
	Jitter time.Duration // up to so much more for each packet, so that they overtake each other
	// Probabilities of what happens to a packet. Hold keeps it back for up to HoldTime.
	Loss, Duplicate, Corrupt, Truncate, Hold float64
	HoldTime                                 time.Duration
	MTU                                      int // octets of the largest IP packet that passes; 0 is any
	Cut                                      bool
}

// A pass is one of the packets that come out of a line for one that went in.
type pass struct {
	packet Packet
	delay  time.Duration
	fate   string // for the trace
}

// carry sends a packet over a line. What is lost comes out as no pass, with its fate.
func (w *Weather) carry(l *Lab, p Packet) (passes []pass, lost string) {
	switch {
	case w.Cut:
		return nil, "cut"
	case w.MTU > 0 && p.size() > w.MTU:
		return nil, "too big"
	case l.toss(w.Loss):
		return nil, "lost"
	}
	passes = append(passes, w.damage(l, p))
	if l.toss(w.Duplicate) {
		again := w.damage(l, p)
		again.fate += " twice"
		passes = append(passes, again)
	}
	return passes, ""
}

// damage delays and perhaps changes a packet.
func (w *Weather) damage(l *Lab, p Packet) pass {
	out := pass{packet: p, delay: w.Delay + l.upTo(w.Jitter)}
	if l.toss(w.Hold) {
		out.delay += l.upTo(w.HoldTime)
		out.fate += " held"
	}
	if l.toss(w.Corrupt) {
		out.packet = p.flip(l.chance)
		out.fate += " corrupted"
	}
	if l.toss(w.Truncate) {
		out.packet = p.cut(l.chance)
		out.fate += " truncated"
	}
	return out
}
