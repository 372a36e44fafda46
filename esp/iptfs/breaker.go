package iptfs

import "time"

// A Breaker ends a tunnel whose loss stays above a threshold for too long (RFC 9347, Section 2.4.2.1). The zero value never
// does. It belongs to one goroutine at a time.
type Breaker struct {
	Loss float64 // the loss event rate from which on it counts; 0: never
	For  time.Duration

	since   time.Time
	tripped bool
}

// Observe takes the loss event rate of now, and reports whether the breaker has tripped.
func (b *Breaker) Observe(loss float64, now time.Time) bool {
	switch {
	case b.Loss == 0 || b.tripped:
	case loss < b.Loss:
		b.since = time.Time{}
	case b.since.IsZero():
		b.since = now
	case now.Sub(b.since) >= b.For:
		b.tripped = true
	}
	return b.tripped
}
