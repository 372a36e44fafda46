package soak_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A sample is what a daemon takes at a moment.
type sample struct {
	at         time.Duration // since the first one
	resident   int           // octets
	heap       int           // octets of living objects
	goroutines int
	files      int
}

// sample asks a daemon and the kernel.
func (s *scene) sample(d *side, began time.Time) sample {
	s.Helper()
	p := d.Status().Process
	return sample{
		at: time.Since(began), resident: residentOf(s.TB, d.PID()), heap: int(p.Heap), goroutines: p.Goroutines, files: filesOf(s.TB, d.PID()),
	}
}

func residentOf(t testing.TB, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

func filesOf(t testing.TB, pid int) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// A growth is how a figure went on: its medians in the second and in the third part of the time. The first part is for
// buffers to fill.
type growth struct{ before, after int }

func growthOf(samples []sample, figure func(sample) int) growth {
	n := len(samples) / 3
	return growth{medianOf(samples[n:2*n], figure), medianOf(samples[2*n:], figure)}
}

func medianOf(samples []sample, figure func(sample) int) int {
	list := make([]int, len(samples))
	for i, s := range samples {
		list[i] = figure(s)
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// flat tells whether a figure has not grown by more than some percent, and some more.
func (g growth) flat(percent, more int) bool { return g.after <= g.before+g.before*percent/100+more }

// warm is when what is kept for a while, such as deleted SAs for stragglers, goes as fast as it comes, and every child has
// carried something. Before that figures may grow more.
const warm = time.Minute

// stayedFlat holds what a daemon took against what it may.
func (s *scene) stayedFlat(name string, samples []sample) {
	s.Helper()
	warmth := 1
	if samples[len(samples)-1].at < warm {
		warmth = 6
	}
	for _, f := range []struct {
		name          string
		figure        func(sample) int
		unit          int
		percent, more int
	}{
		{"KiB resident", func(s sample) int { return s.resident }, 1 << 10, 5, 4 << 20},
		{"KiB of heap", func(s sample) int { return s.heap }, 1 << 10, 10, 2 << 20},
		{"goroutines", func(s sample) int { return s.goroutines }, 1, 0, 4},
		{"open files", func(s sample) int { return s.files }, 1, 0, 4},
	} {
		g := growthOf(samples, f.figure)
		s.Logf("%s: %6d %s, then %6d", name, g.before/f.unit, f.name, g.after/f.unit)
		if !g.flat(f.percent*warmth, f.more*warmth) {
			s.Errorf("%s: %s grow", name, f.name)
		}
	}
}

func TestGrowthIsTold(t *testing.T) {
	var steady, growing []sample
	for i := range 30 {
		steady = append(steady, sample{resident: 100 + i%3})
		growing = append(growing, sample{resident: 100 + 2*i})
	}
	figure := func(s sample) int { return s.resident }
	if g := growthOf(steady, figure); !g.flat(5, 0) {
		t.Errorf("%+v is called growth", g)
	}
	if g := growthOf(growing, figure); g.flat(5, 0) {
		t.Errorf("%+v is called flat", g)
	}
}
