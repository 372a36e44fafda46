package heapuse

import (
	"runtime"
	"sync"
	"testing"
)

// The runtime's own octets come and go meanwhile: a few more or fewer are nobody's fault.
func TestOctetsAreOfWhatIsReferredTo(t *testing.T) {
	const size, slack = 1 << 20, 1 << 16
	before := Octets()
	kept := make([]byte, size)
	if grown := Octets() - before; grown < size-slack || grown > size+slack {
		t.Errorf("%d octets more for %d", grown, size)
	}
	runtime.KeepAlive(kept)
	var pool sync.Pool
	pool.Put(make([]byte, size))
	if grown := Octets() - before; grown > slack {
		t.Errorf("%d octets more when all is dropped but in a pool", grown)
	}
	runtime.KeepAlive(&pool)
}
