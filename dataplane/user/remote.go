package user

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"culvert/dataplane"
)

// A remote is a host to which ESP goes, with the MTU of the path to it.
type remote struct {
	mtu   atomic.Int32 // 0 when not known
	users int
	heard time.Time
}

// Bounds of what an ICMP message, which nobody authenticated, can make of a path (RFC 4301, Section 8.2.1): paths of IPv6
// carry 1280 octets (RFC 8200, Section 5), and with less than 576 IPv4 fragments rather than starves (RFC 1122, Section 3.3.3).
const (
	minMTU6 = 1280
	minMTU4 = 576
)

// agePMTU is how long a smaller MTU is believed (RFC 1191, Section 6.3; RFC 8201, Section 4).
const agePMTU = 10 * time.Minute

// remotes holds the hosts that outbound SAs lead to, by address.
type remotes struct {
	mu    sync.Mutex
	hosts map[netip.Addr]*remote
}

// way makes the way of a path. It must be left again.
func (r *remotes) way(p dataplane.Path) *way {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hosts[p.Remote.Addr()]
	if h == nil {
		h = new(remote)
		r.hosts[p.Remote.Addr()] = h
	}
	h.users++
	return &way{p, h}
}

// leave lets go of a way; nil is none.
func (r *remotes) leave(w *way) {
	if w == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.remote.users--
	if w.remote.users == 0 {
		delete(r.hosts, w.Remote.Addr())
	}
}

// heard notes what the network said about the path to a host, within bounds, if any SA leads there. What is larger than
// known comes from the past.
func (r *remotes) heard(a netip.Addr, mtu int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hosts[a]
	if h == nil || mtu < 0 || mtu > 1<<16 {
		return
	}
	least := minMTU4
	if a.Is6() {
		least = minMTU6
	}
	mtu = max(mtu, least)
	if known := int(h.mtu.Load()); known == 0 || mtu <= known {
		h.mtu.Store(int32(mtu))
		h.heard = now
	}
}

// age forgets what was heard long ago, so that larger packets are tried again.
func (r *remotes) age(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.hosts {
		if h.mtu.Load() != 0 && now.Sub(h.heard) >= agePMTU {
			h.mtu.Store(0)
		}
	}
}
