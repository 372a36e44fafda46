// Package bench_test measures Culvert beside strongSwan's charon with kernel-libipsec: both ends, the network between them
// and the load generator on one machine, in interleaved rounds, quoted as ratios of medians. It runs when CULVERT_BENCH is
// set; `make bench` sets it.
package bench_test

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// rounds are interleaved: one of each competitor in turn.
const rounds = 5

func needBench(t *testing.T) {
	t.Helper()
	if os.Getenv("CULVERT_BENCH") == "" {
		t.Skip("set CULVERT_BENCH to measure")
	}
}

// median returns the middle of a list, and sorts it.
func median[T cmp.Ordered](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}

// A table collects rows of results, cells parted by tabs, and shows them together.
type table struct {
	text strings.Builder
	rows *tabwriter.Writer
}

func newTable(head ...string) *table {
	t := new(table)
	t.rows = tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', 0)
	t.row(head...)
	return t
}

func (t *table) row(cells ...string) { _, _ = t.rows.Write([]byte(strings.Join(cells, "\t") + "\n")) }

func (t *table) show(tb testing.TB) {
	tb.Helper()
	_ = t.rows.Flush()
	tb.Log("\n" + t.text.String())
}
