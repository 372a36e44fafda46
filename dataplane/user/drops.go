package user

import (
	"iter"
	"sync/atomic"

	"culvert/dataplane"
	"culvert/esp"
)

// drops count from both threads of a worker.
type drops [esp.NumDrops]atomic.Uint64

func (d *drops) add(r esp.Drop, n int) { d[r].Add(uint64(n)) }

// addTo adds what was counted.
func (d *drops) addTo(sum *dataplane.Drops) {
	for i := range d {
		sum[i] += d[i].Load()
	}
}

// Drops returns how many packets went no further, by reason. Clear text that the host's packet filter refused is among
// them, as far as it could be read.
func (b *Backend) Drops() dataplane.Drops {
	var d dataplane.Drops
	for _, w := range b.workers {
		w.drops.addTo(&d)
	}
	if n, err := b.plumber.Unprotected(); err == nil {
		d[esp.ErrUnprotected] += n
	}
	return d
}

// Counts is that of dataplane.Counting.
func (b *Backend) Counts() iter.Seq2[string, uint64] {
	d := b.Drops()
	return d.Counts()
}
