// Package heapuse measures what tests leave on the heap.
package heapuse

import "runtime"

// Octets returns how many are in use, after everything that nobody refers to is gone: what a sync.Pool holds goes with the
// second collection. Differences are those of the caller alone as long as nothing else runs in the process.
func Octets() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
