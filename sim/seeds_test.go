package sim

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	seedFlag = flag.Uint64("sim.seed", 0, "run this seed alone and draw what happens")
	seeds    = flag.Int("sim.seeds", 10000, "how many seeds to run")
	skip     = flag.Uint64("sim.from", 1, "the first of them")
)

// seedsOrLess is how many seeds a test runs.
func seedsOrLess(short int) int {
	if testing.Short() {
		return min(*seeds, short)
	}
	return *seeds
}

// overSeeds runs something for many seeds on all processors. The first seed that fails is run again and drawn.
func overSeeds(t *testing.T, count int, run func(*Lab)) {
	if *seedFlag != 0 {
		l := New(*seedFlag)
		l.TraceTo(os.Stdout)
		run(l)
		for _, p := range l.Problems() {
			t.Error(p)
		}
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // laboratories are small and many
	var next, failures atomic.Uint64
	next.Store(*skip - 1)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for seed := next.Add(1); seed < *skip+uint64(count); seed = next.Add(1) {
				if problems := try(seed, run); len(problems) > 0 && failures.Add(1) <= maxFailures {
					t.Errorf("seed %d, again and drawn with `go test ./sim -run %s -sim.seed=%d`:\n%s", seed, t.Name(), seed, strings.Join(problems, "\n"))
				}
			}
		})
	}
	all.Wait()
	if n := failures.Load(); n > 0 {
		t.Errorf("%d of %d seeds failed", n, count)
	}
}

// maxFailures is how many failures are shown.
const maxFailures = 10

// try runs one seed. A panic is a problem like others, with its place.
func try(seed uint64, run func(*Lab)) (problems []string) {
	l := New(seed)
	defer func() {
		if p := recover(); p != nil {
			stack := make([]byte, 4096)
			problems = append(l.Problems(), fmt.Sprintf("panic: %v\n%s", p, stack[:runtime.Stack(stack, false)]))
		}
	}()
	run(l)
	return l.Problems()
}

// Two gateways, thousands of lives: loss, duplication, reordering, delay, damage, restarts, partitions, NATs that forget,
// operators who do everything at the same time.
func TestSeeds(t *testing.T) {
	overSeeds(t, seedsOrLess(1000), func(l *Lab) { newTrial(l).run() })
}
