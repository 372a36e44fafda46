package user

import (
	"iter"
	"sync/atomic"

	"culvert/dataplane"
	"culvert/esp"
)

// drops count from both workers.
type drops [esp.NumDrops]atomic.Uint64

func (d *drops) add(r esp.Drop, n int) { d[r].Add(uint64(n)) }

func (d *drops) read() dataplane.Drops {
	var out dataplane.Drops
	for i := range d {
		out[i] = d[i].Load()
	}
	return out
}

// Drops returns how many packets went no further, by reason. Clear text that the host's packet filter refused is among
// them, as far as it could be read.
func (b *Backend) Drops() dataplane.Drops {
	d := b.drops.read()
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
