// Package allowance limits how often something happens that others can provoke.
package allowance

import "time"

// A Bucket of tokens lets through a burst of Most, and then one more in every Every. With its limits set and nothing else it is full.
// It is not safe for concurrent use.
type Bucket struct {
	Every time.Duration
	Most  int

	missing time.Duration // how long it takes from last until the bucket is full
	last    time.Time     // Take before
}

// Take takes a token, and tells whether there was one. A clock that goes back adds none.
func (b *Bucket) Take(now time.Time) bool {
	b.missing = max(0, b.missing-max(0, now.Sub(b.last)))
	b.last = now
	if b.missing+b.Every > time.Duration(b.Most)*b.Every {
		return false
	}
	b.missing += b.Every
	return true
}
