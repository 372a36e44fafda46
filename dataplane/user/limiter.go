package user

import "time"

// A limiter lets through a burst, and then so many per second. It belongs to one goroutine.
type limiter struct {
	every time.Duration
	burst int

	saved time.Duration // credit, at most burst times every
	last  time.Time
}

// allow reports whether one more may pass at now.
func (l *limiter) allow(now time.Time) bool {
	most := time.Duration(l.burst) * l.every
	if l.last.IsZero() {
		l.saved = most
	} else {
		l.saved = min(most, l.saved+max(0, now.Sub(l.last)))
	}
	l.last = now
	if l.saved < l.every {
		return false
	}
	l.saved -= l.every
	return true
}
