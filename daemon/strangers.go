package daemon

import (
	"sync"
	"time"

	"culvert/allowance"
	"culvert/ike"
)

// What peers do that nobody has authenticated is told at most this often: anybody can give rise to it, and as often as he
// likes, with any address. It is counted all the same.
const (
	strangersAtOnce = 200
	strangersEvery  = 50 * time.Millisecond
	// How much was left out is told this often.
	withheldEvery = 10 * time.Second
)

// stranger tells whether news were caused by somebody who has not authenticated.
func stranger(n ike.News) bool {
	return n.Kind == ike.NewsDropped || n.Peer == "" && !n.Initiator
}

// A crowd is the strangers of an engine: what is told of them has a limit. It is safe for concurrent use.
type crowd struct {
	mu       sync.Mutex
	bucket   allowance.Bucket
	withheld uint64    // what was not told, and of which nobody was told
	told     time.Time // when somebody was told last
}

func newCrowd(every time.Duration, most int) *crowd {
	return &crowd{bucket: allowance.Bucket{Every: every, Most: most}}
}

// take tells whether something may be told, and now and then how much was withheld before that.
func (c *crowd) take(now time.Time) (withheld uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.bucket.Take(now) {
		c.withheld++
		return 0, false
	}
	if c.withheld > 0 && now.Sub(c.told) >= withheldEvery {
		withheld, c.withheld, c.told = c.withheld, 0, now
	}
	return withheld, true
}
