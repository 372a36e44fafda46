package allowance

import (
	"testing"
	"time"
)

func TestABucketGivesABurstAndThenOneInAWhile(t *testing.T) {
	b, now := Bucket{Every: time.Second, Most: 3}, time.Unix(1000, 0)
	for i, step := range []struct {
		after time.Duration
		want  int
	}{
		{0, 3}, {0, 0}, {999 * time.Millisecond, 0}, {time.Millisecond, 1},
		{1500 * time.Millisecond, 1}, {500 * time.Millisecond, 1}, // parts of a second are not lost
		{-time.Hour, 0}, {time.Hour, 3}, {1000 * time.Hour, 3}, // nor saved up when it is full
	} {
		now = now.Add(step.after)
		got := 0
		for got < 10 && b.Take(now) {
			got++
		}
		if got != step.want {
			t.Errorf("step %d: %d tokens, want %d", i, got, step.want)
		}
	}
}
