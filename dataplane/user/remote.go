package user

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"culvert/allowance"
	"culvert/dataplane"
	"culvert/esp"
)

// A remote is a host to which ESP goes, with the MTU of the path to it.
type remote struct {
	mtu   atomic.Int32 // what path says; 0 when nothing is known
	local netip.Addr   // our end of the path
	link  int          // what the first link carries; 0 when that is not known
	path  esp.PathMTU
	users int
	sas   map[uint32]*outbound // by SPI; of two peers behind one NAT that chose the same, the newer
	hints allowance.Bucket     // of notices that anybody can provoke
}

// unknownMTU is more than any path carries.
const unknownMTU = 1 << 16

// minMTU6 is what every path of IPv6 carries (RFC 8200, Section 5).
const minMTU6 = 1280

// hintEvery separates notices about one host that anybody can provoke.
const hintEvery = 10 * time.Second

// remotes holds the hosts that outbound SAs lead to, by address.
type remotes struct {
	linkMTU func(netip.Addr) int               // of the first link to a host, 0 where that is not known
	tell    func(*outbound, dataplane.PathMTU) // about the path of an SA
	changed func()                             // some MTU is another now
	mu      sync.Mutex
	hosts   map[netip.Addr]*remote
}

// lead has an SA go along a path, instead of the one that it had.
func (r *remotes) lead(out *outbound, p dataplane.Path) {
	news, link := r.enter(out, p)
	if news && link > 0 && p.Transport != dataplane.TransportTCP {
		r.tell(out, dataplane.PathMTU{Link: link})
	}
	r.changed()
}

// enter is lead under the lock. It reports whether nothing is known about the path but its first link.
func (r *remotes) enter(out *outbound, p dataplane.Path) (news bool, link int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hosts[p.Remote.Addr()]
	if h == nil {
		h = &remote{sas: make(map[uint32]*outbound), hints: allowance.Bucket{Every: hintEvery, Most: 1}}
		r.hosts[p.Remote.Addr()] = h
	}
	if h.users == 0 || h.local != p.Local.Addr() {
		h.local, news = p.Local.Addr(), true
		r.begin(h, p.Remote.Addr())
	}
	h.users++
	old := out.way.Swap(&way{p, h})
	r.forget(old, out)
	h.sas[out.spi] = out
	return news, h.link
}

// begin forgets what was known about a path.
func (r *remotes) begin(h *remote, to netip.Addr) {
	mtu := unknownMTU
	if h.link = 0; r.linkMTU != nil {
		h.link = r.linkMTU(to)
	}
	if h.link > 0 {
		mtu = h.link
	}
	h.path = esp.NewPathMTU(mtu, to.Is6())
	h.publish(time.Time{})
}

// release takes an SA off its way.
func (r *remotes) release(out *outbound) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(out.way.Load(), out)
}

// forget lets go of a way; nil is none. The caller holds the lock.
func (r *remotes) forget(w *way, out *outbound) {
	if w == nil {
		return
	}
	h := w.remote
	h.users--
	if h.sas[out.spi] == out {
		delete(h.sas, out.spi)
	}
	if h.users == 0 {
		delete(r.hosts, w.Remote.Addr())
	}
}

// publish shows what is known to the sending workers, and reports whether that changed.
func (h *remote) publish(now time.Time) bool {
	mtu, _ := h.path.At(now)
	if mtu == unknownMTU {
		mtu = 0
	}
	return h.mtu.Swap(int32(mtu)) != int32(mtu)
}

// age forgets what was heard long ago, so that larger packets are tried again.
func (r *remotes) age(now time.Time) {
	r.mu.Lock()
	changed := false
	for _, h := range r.hosts {
		changed = h.publish(now) || changed
	}
	r.mu.Unlock()
	if changed {
		r.changed()
	}
}

// known returns the MTU of the path to a host, and how it was learnt; 0 where nothing is known.
func (r *remotes) known(to netip.Addr, now time.Time) (int, esp.Source) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hosts[to]
	if h == nil {
		return 0, esp.FromLink
	}
	mtu, source := h.path.At(now)
	if mtu == unknownMTU {
		mtu = 0
	}
	return mtu, source
}
