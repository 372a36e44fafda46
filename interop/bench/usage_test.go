package bench_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A usage is what a process has taken so far.
type usage struct {
	cpu      time.Duration // in user space and in the kernel, in ticks of 10 ms
	resident int           // octets of memory
}

func usageOf(t testing.TB, pid int) usage {
	t.Helper()
	return usage{cpu: cpuOf(t, pid), resident: residentOf(t, pid)}
}

func (u usage) sub(before usage) usage {
	return usage{cpu: u.cpu - before.cpu, resident: u.resident - before.resident}
}

// cpuOf reads utime and stime of proc(5).
func cpuOf(t testing.TB, pid int) time.Duration {
	t.Helper()
	text := proc(t, pid, "stat")
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const utime, stime, tick = 11, 12, 10 * time.Millisecond
	return time.Duration(number(t, fields[utime])+number(t, fields[stime])) * tick
}

func residentOf(t testing.TB, pid int) int {
	t.Helper()
	for line := range strings.Lines(proc(t, pid, "status")) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return number(t, strings.Fields(rest)[0]) << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

func proc(t testing.TB, pid int, file string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
