package doctor

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"culvert/explain"
)

const statFile = "proc/thread-self/net/xfrm_stat"

func checkCounters(_ context.Context, e *examination) {
	text := e.read(statFile)
	if text == "" {
		e.ok("the kernel counts nothing of ESP: it has no XFRM, or was built without its statistics")
		return
	}
	stat := map[string]uint64{}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) == 2 {
			if n, err := strconv.ParseUint(words[1], 10, 64); err == nil && n > 0 {
				stat[words[0]] = n
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(stat)) {
		e.counted(name, stat[name])
	}
	if len(stat) == 0 {
		e.ok("the kernel has counted no errors of ESP")
	}
}

// counted says in words what a counter means.
func (e *examination) counted(name string, n uint64) {
	entry, known := explain.Lookup(explain.KernelCounter(name))
	if !known {
		e.warn("", "%s is %d", name, n)
		return
	}
	e.warn(entry.Action, "%s is %d: %s %s", name, n, entry.Title, entry.Cause)
}
