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

// Counts is that of dataplane.Counting: the drops, and what was done to packets that went on.
func (b *Backend) Counts() iter.Seq2[string, uint64] {
	d := b.Drops()
	return func(yield func(string, uint64) bool) {
		for name, n := range d.Counts() {
			if !yield(name, n) {
				return
			}
		}
		for c, name := range changeNames() {
			if !yield(name, b.changes(change(c))) {
				return
			}
		}
	}
}

// A change is something that is done to packets for the sake of the path's MTU, and counted.
type change uint8

const (
	changeMSS       change = iota // a SYN announces smaller segments
	changeResegment               // (super-)packets of TCP that were cut smaller
	changeFragment                // packets that were cut into fragments before ESP
	changeTold                    // senders that were told the MTU
	changes
)

// changeNames are those of the counters.
func changeNames() [changes]string {
	return [changes]string{changeMSS: "esp_mss_clamped", changeResegment: "esp_resegmented", changeFragment: "esp_fragmented", changeTold: "esp_too_big_told"}
}

func (b *Backend) changes(c change) (sum uint64) {
	for _, w := range b.workers {
		sum += w.changed[c].Load()
	}
	return sum
}
