package sim

import (
	"strings"
	"testing"
)

// The same seed gives the same life, message by message; another one does not.
func TestSeedDecidesEverything(t *testing.T) {
	live := func(seed uint64) string {
		var drawing strings.Builder
		l := New(seed)
		l.TraceTo(&drawing)
		newTrial(l).run()
		return drawing.String()
	}
	for seed := uint64(1); seed <= 20; seed++ {
		one, two := live(seed), live(seed)
		if one != two {
			t.Errorf("seed %d: two lives part at\n%s", seed, parting(one, two))
		}
		if one == live(seed+1000) {
			t.Errorf("seeds %d and %d live the same life", seed, seed+1000)
		}
	}
}

// parting shows where two drawings begin to differ.
func parting(one, two string) string {
	a, b := strings.Split(one, "\n"), strings.Split(two, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return strings.Join(a[max(i-3, 0):i], "\n") + "\n1: " + a[i] + "\n2: " + b[i]
		}
	}
	return "the end of one"
}
