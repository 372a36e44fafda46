package prefetch

import "unsafe"

// Line is the length in octets of a line of the cache.
const Line = 64

// Object asks for all lines of what p points to. p may be nil, and another goroutine may write there: nothing is read.
func Object[T any](p *T) { Lines(unsafe.Pointer(p), unsafe.Sizeof(*p)) }
