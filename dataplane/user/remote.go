package user

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"culvert/dataplane"
	"culvert/esp"
)

// A remote is a host to which ESP goes, with the MTU of the path to it.
type remote struct {
	mtu   atomic.Int32 // what path says; 0 when nothing is known
	path  esp.PathMTU
	users int
}

// unknownMTU is more than any path carries.
const unknownMTU = 1 << 16

// minMTU6 is what every path of IPv6 carries (RFC 8200, Section 5).
const minMTU6 = 1280

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
		h = &remote{path: esp.NewPathMTU(unknownMTU, p.Remote.Addr().Is6())}
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

// heard notes what the network said about the path to a host, if any SA leads there.
func (r *remotes) heard(a netip.Addr, mtu int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.hosts[a]; h != nil && mtu >= 0 && h.path.Lower(mtu, now) {
		h.publish(now)
	}
}

// publish shows what is known to the sending worker.
func (h *remote) publish(now time.Time) {
	mtu := h.path.At(now)
	if mtu == unknownMTU {
		mtu = 0
	}
	h.mtu.Store(int32(mtu))
}

// age forgets what was heard long ago, so that larger packets are tried again.
func (r *remotes) age(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.hosts {
		h.publish(now)
	}
}
