package user

import (
	"testing"
	"time"
)

// What waits is bounded in octets: a rate that reports of the peer have driven up may never be reached.
func TestQueueOfAHighRateIsBounded(t *testing.T) {
	how := fixed()
	how.MaxAggregationTime = 10 * time.Second
	s, p := pumping(t, how)
	p.setRate(1e18, s.clock)
	const size = 40_000
	big := datagram(1, size)
	n := 0
	for ; n <= 2*mostQueue/size; n++ {
		if !p.add(big, s.clock) {
			break
		}
	}
	if n != mostQueue/(size+28) {
		t.Errorf("%d packets of %d octets wait", n, size)
	}
}
