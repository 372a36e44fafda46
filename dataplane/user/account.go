package user

import (
	"time"

	"culvert/dataplane"
)

// An account is whose packets an SA carries, and how much it may carry.
type account struct {
	dataplane.Lifetime
	spi    uint32
	policy dataplane.PolicyID
}

// A run is what packets of one SA, one behind the other, carry and is not counted yet. Counters are shared: to count each packet by
// itself takes as long as the cipher of a short one.
type run struct{ bytes, packets int }

// spend puts packets to a run, and reports whether the SA may carry them.
func (b *Backend) spend(r *run, a *account, d dataplane.Direction, more run, now time.Time) bool {
	if a.Covers(r.bytes+more.bytes, r.packets+more.packets) {
		r.bytes += more.bytes
		r.packets += more.packets
		return true
	}
	b.settle(r, a, d, now)
	return b.settle(&more, a, d, now)
}

// settle counts a run, and reports whether the SA may carry it: another worker may have come first.
func (b *Backend) settle(r *run, a *account, d dataplane.Direction, now time.Time) bool {
	if r.packets == 0 {
		return true
	}
	ok, notice := a.Spend(r.bytes, r.packets, now.UnixNano())
	b.notices.limit(notice, d, a.spi, a.policy)
	*r = run{}
	return ok
}
