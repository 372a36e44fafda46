package user

import (
	"testing"
	"time"

	"culvert/dataplane"
)

// Packets that are counted together stop at the limit as if each were counted by itself, and nothing is counted twice.
func TestRunsStopAtTheLimit(t *testing.T) {
	const limit, worker = 10, 3
	now := time.Unix(1, 0)
	for _, elsewhere := range []int{0, worker} {
		b := newBench(t).Backend
		var a account
		a.Lifetime.SetLimits(&dataplane.SA{HardPackets: limit})
		var mine run
		if elsewhere > 0 { // another worker's packets, counted already
			a.Spend(100*elsewhere, elsewhere, 0)
		}
		passed := 0
		for range 2 * limit {
			if b.spend(&mine, &a, dataplane.Outbound, run{100, 1}, now) {
				passed++
			}
		}
		if !b.settle(&mine, &a, dataplane.Outbound, now) {
			t.Error("what was let pass is refused")
		}
		if c := a.Counters(0); passed+elsewhere != limit || c.Packets != limit || c.Bytes != 100*limit {
			t.Errorf("%d passed beside %d, counted %+v", passed, elsewhere, c)
		}
	}
}

// Of two workers that come to the limit at a time, the second to count is refused.
func TestRunBeyondTheLimitIsRefused(t *testing.T) {
	b := newBench(t).Backend
	var a account
	a.Lifetime.SetLimits(&dataplane.SA{HardPackets: 3})
	var one, other run
	for _, r := range []*run{&one, &other, &one, &other} {
		if !b.spend(r, &a, dataplane.Outbound, run{100, 1}, time.Time{}) {
			t.Fatal("refused below the limit")
		}
	}
	first, second := b.settle(&one, &a, dataplane.Outbound, time.Time{}), b.settle(&other, &a, dataplane.Outbound, time.Time{})
	if c := a.Counters(0); !first || second || c.Packets != 2 {
		t.Errorf("%v, %v, counted %+v", first, second, c)
	}
}
