package metrics

import (
	"maps"
	"slices"
)

// mostGone bounds the connections that are configured no longer and have series all the same, so that programs which load and
// unload connections without end do not make series without end.
const mostGone = 1000

// Configured says which connections there are. Those that there were keep their series, in which totals never fall; when there are
// too many of them, those that went first are forgotten.
func (t *Tally) Configured(names []string) {
	there := map[string]bool{"": true} // of peers that are for none
	for _, name := range names {
		there[name] = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retired = slices.DeleteFunc(t.retired, func(name string) bool { return there[name] })
	for _, name := range t.retired {
		there[name] = true
	}
	for _, name := range t.known() {
		if !there[name] {
			t.retired = append(t.retired, name)
		}
	}
	if more := len(t.retired) - mostGone; more > 0 {
		t.drop(t.retired[:more])
		t.retired = slices.Clone(t.retired[more:])
	}
}

// known lists the connections of which there is something. The caller holds the lock.
func (t *Tally) known() []string {
	names := map[string]bool{}
	for name := range t.counts.Connections {
		names[name] = true
	}
	for _, pairs := range []map[Pair]uint64{t.counts.Failures, t.counts.Rekeyed} {
		for p := range pairs {
			names[p.Connection] = true
		}
	}
	for _, sums := range []map[Pair]Traffic{t.gone.Children, t.gone.Peers, t.shown.Children, t.shown.Peers} {
		for p := range sums {
			names[p.Connection] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// drop forgets connections. The caller holds the lock.
func (t *Tally) drop(names []string) {
	gone := map[string]bool{}
	for _, name := range names {
		gone[name] = true
		delete(t.counts.Connections, name)
	}
	for _, pairs := range []map[Pair]uint64{t.counts.Failures, t.counts.Rekeyed} {
		maps.DeleteFunc(pairs, func(p Pair, _ uint64) bool { return gone[p.Connection] })
	}
	for _, sums := range []map[Pair]Traffic{t.gone.Children, t.gone.Peers, t.shown.Children, t.shown.Peers} {
		maps.DeleteFunc(sums, func(p Pair, _ Traffic) bool { return gone[p.Connection] })
	}
}
