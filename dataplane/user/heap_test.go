package user

import (
	"runtime"
	"testing"

	"culvert/internal/heapuse"
)

// TestHeapPerChild counts what a policy with an SA in both directions keeps, to a peer of its own.
func TestHeapPerChild(t *testing.T) {
	const count, limit = 1000, 4200
	crowded(t, 1, false) // makes what is there once
	before := heapuse.Octets()
	s, _ := crowded(t, count, false)
	each := (heapuse.Octets() - before) / count
	t.Logf("%d octets of heap for each child", each)
	if each > limit {
		t.Errorf("%d octets for each child, want at most %d", each, limit)
	}
	runtime.KeepAlive(s)
}
