package removal

import (
	"testing"
	"testing/synctest"
	"time"
)

// hammer wants a repair every millisecond for a minute, and returns how many there were.
func hammer(took time.Duration) (repairs int) {
	m := NewMender(func() { repairs++; time.Sleep(took) })
	for range 60_000 {
		m.Want()
		time.Sleep(time.Millisecond)
	}
	m.Stop()
	return repairs
}

func TestRepairsInALoopTakeABoundedPartOfTheTime(t *testing.T) {
	for _, c := range []struct {
		took     time.Duration
		min, max int
	}{
		{0, 5000, 6001},
		{10 * time.Millisecond, 270, 290}, // one part in 21
		{500 * time.Millisecond, 38, 42},  // never more than a second late
	} {
		synctest.Test(t, func(t *testing.T) {
			if n := hammer(c.took); n < c.min || n > c.max {
				t.Errorf("%d repairs of %v in a minute, want %d to %d", n, c.took, c.min, c.max)
			}
		})
	}
}

func TestRepairComesAtOnceAndNoneIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		began := time.Now()
		m := NewMender(func() { at = append(at, time.Since(began)) })
		time.Sleep(time.Hour)
		m.Want()
		synctest.Wait()
		m.Want() // during the rest
		m.Want()
		time.Sleep(time.Minute)
		m.Stop()
		if len(at) != 2 || at[0] != time.Hour || at[1] != time.Hour+minRest {
			t.Errorf("repairs at %v", at)
		}
	})
}

func TestStopDoesNotWaitForTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMender(func() { time.Sleep(time.Hour) })
		m.Want()
		time.Sleep(time.Hour)
		synctest.Wait()
		began := time.Now()
		m.Stop()
		if d := time.Since(began); d != 0 {
			t.Errorf("it took %v", d)
		}
	})
}
