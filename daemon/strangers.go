package daemon

import (
	"sync"
	"time"

	"culvert/ike"
)

// What peers do that nobody has authenticated is told at most this often: anybody can give rise to it, and as often as he
// likes, with any address. It is counted all the same.
const (
	strangersAtOnce = 200
	strangersEvery  = 50 * time.Millisecond
)

// stranger tells whether news were caused by somebody who has not authenticated.
func stranger(n ike.News) bool {
	return n.Kind == ike.NewsDropped || n.Peer == "" && !n.Initiator
}

// An allowance is a bucket of tokens. It is safe for concurrent use.
type allowance struct {
	every time.Duration // one more token
	most  int

	mu       sync.Mutex
	tokens   int
	filled   time.Time // when the tokens were counted
	withheld uint64    // how often there was none, since there was one
}

func newAllowance(every time.Duration, most int) *allowance {
	return &allowance{every: every, most: most, tokens: most}
}

// take takes a token, and tells how many times there was none before. Without one it returns false.
func (a *allowance) take(now time.Time) (withheld uint64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fill(now)
	if a.tokens == 0 {
		a.withheld++
		return 0, false
	}
	a.tokens--
	withheld, a.withheld = a.withheld, 0
	return withheld, true
}

// fill adds the tokens of the time that has passed. A full bucket does not save time up.
func (a *allowance) fill(now time.Time) {
	n := int(max(0, now.Sub(a.filled)/a.every))
	if n >= a.most-a.tokens {
		a.tokens, a.filled = a.most, now
		return
	}
	a.tokens, a.filled = a.tokens+n, a.filled.Add(time.Duration(n)*a.every)
}
