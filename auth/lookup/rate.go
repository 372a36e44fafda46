package lookup

import (
	"sync"
	"time"
)

// The rate of fetches for peers who are not authenticated: some at once, then so many a second.
const (
	burst     = 32
	perSecond = 8
)

// A bucket counts what may be fetched. The zero bucket is full.
type bucket struct {
	mu   sync.Mutex
	used float64
	last time.Time
}

// take reports whether there is one left, and takes it.
func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if elapsed := now.Sub(b.last).Seconds(); elapsed > 0 {
		b.used, b.last = max(0, b.used-elapsed*perSecond), now
	}
	if b.used+1 > burst {
		return false
	}
	b.used++
	return true
}
