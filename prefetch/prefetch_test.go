package prefetch_test

import (
	"testing"

	"culvert/prefetch"
)

// A hint is given for whatever address, and changes nothing.
func TestPrefetchingTouchesNothing(t *testing.T) {
	var none *[1000]byte
	prefetch.Object(none)
	prefetch.Object(&struct{}{})
	for n := range 3 * prefetch.Line {
		b := make([]byte, n+1)
		b[n] = 1
		prefetch.Object(&b[n])
		prefetch.Object((*[1]byte)(b[n:]))
		if b[n] != 1 {
			t.Errorf("octet %d was changed", n)
		}
	}
}

func BenchmarkObject(b *testing.B) {
	var object [4 * prefetch.Line]byte
	for b.Loop() {
		prefetch.Object(&object)
	}
}
