package user

import (
	"net/netip"
	"sync"
	"time"
)

// A linkTeller is a Plumber that knows how large packets the first link to a host carries; 0 if there is no way.
type linkTeller interface {
	LinkMTU(remote netip.Addr) int
}

// An Adjustable device can change its MTU.
type Adjustable interface {
	SetMTU(octets int) error
}

const (
	// followDelay gathers what changes at a time, followEvery bounds how often all SAs are looked at.
	followDelay = 10 * time.Millisecond
	followEvery = time.Second
	// largestDevice is the largest MTU of a device.
	largestDevice = 65535
)

// A follower keeps the MTU of the device at the largest packet that fits some SA, so that senders make no larger ones to
// begin with. It never falls below what IPv6 needs.
type follower struct {
	device Adjustable // nil: the MTU stays as it is
	mu     sync.Mutex // guards what follows
	timer  *time.Timer
	last   time.Time
	mtu    int
	closed bool
}

// Follow has the device keep the MTU of the largest packet that fits some SA. It is called before the first SA is installed.
func (b *Backend) Follow(d Adjustable) {
	b.follower.mu.Lock()
	defer b.follower.mu.Unlock()
	b.follower.device = d
}

// follow is called when the MTU of some path has changed, or an SA was installed.
func (b *Backend) follow() {
	f := &b.follower
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.device == nil || f.timer != nil || f.closed {
		return
	}
	f.timer = time.AfterFunc(max(followDelay, followEvery-time.Since(f.last)), b.adjust)
}

// adjust gives the device its MTU. While there is no SA it keeps the one that it has.
func (b *Backend) adjust() {
	largest := b.largest()
	f := &b.follower
	f.mu.Lock()
	defer f.mu.Unlock()
	f.timer, f.last = nil, time.Now()
	mtu := min(max(largest, minMTU6), largestDevice)
	if largest == 0 || mtu == f.mtu || f.closed {
		return
	}
	if f.device.SetMTU(mtu) == nil {
		f.mtu = mtu
	}
}

// largest is the largest packet that fits some SA in use, 0 when nothing is known.
func (b *Backend) largest() (mtu int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.known {
		for _, out := range p.outs {
			mtu = max(mtu, out.effectiveMTU())
		}
	}
	return mtu
}

// stop ends the adjustments. The device may be closed after it.
func (f *follower) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.timer != nil {
		f.timer.Stop()
	}
}
