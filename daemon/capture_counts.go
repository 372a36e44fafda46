package daemon

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"culvert/dataplane"
)

// tallied is what the data plane has counted so far.
func (e *engine) tallied() map[string]uint64 {
	if c, ok := e.backend.(dataplane.Counting); ok {
		return maps.Collect(c.Counts())
	}
	return nil
}

// longestCount bounds what is said of counters: an option of a file has 16 bits for its length.
const longestCount = 32 << 10

// risen says which counters have risen, as "counted meanwhile: esp_dropped_replay 3"; "" if none has.
func risen(before, now map[string]uint64) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if now[name] > before[name] {
			list = append(list, fmt.Sprintf("%s %d", name, now[name]-before[name]))
		}
	}
	if len(list) == 0 {
		return ""
	}
	text := "counted meanwhile: " + strings.Join(list, ", ")
	return text[:min(len(text), longestCount)]
}
