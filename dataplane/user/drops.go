package user

import (
	"sync/atomic"

	"culvert/esp"
)

// Drops holds one number for each esp.Drop, of packets that went no further, and of dummies.
type Drops [esp.NumDrops]uint64

// All walks over the reasons and their numbers.
func (d *Drops) All() func(yield func(esp.Drop, uint64) bool) {
	return func(yield func(esp.Drop, uint64) bool) {
		for r, n := range d {
			if r != 0 && !yield(esp.Drop(r), n) {
				return
			}
		}
	}
}

// drops count from both workers.
type drops [esp.NumDrops]atomic.Uint64

func (d *drops) add(r esp.Drop, n int) { d[r].Add(uint64(n)) }

func (d *drops) read() Drops {
	var out Drops
	for i := range d {
		out[i] = d[i].Load()
	}
	return out
}
