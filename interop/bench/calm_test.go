package bench_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What else the machine does falsifies a figure: a sample waits until less than foreignLimit of its processors are busy, for at
// most calmPatience.
const (
	foreignLimit = 0.08
	calmPatience = 30 * time.Second
	calmLook     = 200 * time.Millisecond
)

func calm(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(calmPatience); time.Now().Before(end); {
		busy, all := processors(t)
		time.Sleep(calmLook) // the load of a stretch of time is what is measured
		busyThen, allThen := processors(t)
		if float64(busyThen-busy) < foreignLimit*float64(allThen-all) {
			return
		}
	}
	t.Logf("the machine did not come to rest within %v", calmPatience)
}

// processors reads proc(5)'s stat: ticks of all processors, busy and altogether.
func processors(t testing.TB) (busy, all int) {
	t.Helper()
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	const idle, iowait = 3, 4
	for i, field := range strings.Fields(line)[1:9] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		all += n
		if i != idle && i != iowait {
			busy += n
		}
	}
	return busy, all
}
