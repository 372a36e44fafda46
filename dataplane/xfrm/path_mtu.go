package xfrm

import (
	"net/netip"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/esp"
)

// The kernel knows the MTU of the first link to a peer, and follows ICMP about its ESP by itself. What probes find out beyond
// that it is told by the routes of policies: packets for the tunnel are to be as large as fits the path once they are sealed.

// A remotePath is the way to a host that ESP goes to.
type remotePath struct {
	local netip.Addr
	link  int // what the first link carries; 0: not known
	mtu   int // what probes have found; 0: nothing so far
	sas   map[*sa]bool
}

// lead notes where an outbound SA goes, and asks for probes where nothing is known about the path. The caller holds the lock.
func (b *Backend) lead(s *sa) {
	to := s.path.Remote.Addr()
	h := b.paths[to]
	if h == nil {
		h = &remotePath{sas: make(map[*sa]bool)}
		b.paths[to] = h
	}
	if len(h.sas) == 0 || h.local != s.path.Local.Addr() {
		h.local, h.mtu, h.link = s.path.Local.Addr(), 0, b.plumber.LinkMTU(to)
		if h.link > 0 {
			b.news = append(b.news, dataplane.Notice{Kind: dataplane.NoticePath, Policy: s.policy, PathMTU: dataplane.PathMTU{Link: h.link}})
		}
	}
	h.sas[s] = true
	b.fit(h, s)
}

// stray undoes lead. The caller holds the lock.
func (b *Backend) stray(s *sa) {
	to := s.path.Remote.Addr()
	if h := b.paths[to]; h != nil {
		if delete(h.sas, s); len(h.sas) == 0 {
			delete(b.paths, to)
		}
	}
}

// fit has packets for an SA be of a size that fits its path. The first link needs no word, and AGGFRAG mode cuts what it carries.
func (b *Backend) fit(h *remotePath, s *sa) {
	inner := 0
	if h.mtu > 0 && h.mtu < h.link && s.state.Mode == nl.ModeTunnel {
		inner = s.effectiveMTU(h.mtu)
	}
	b.note(b.plumber.Fit(s.policy, inner))
}

// effectiveMTU is the largest inner packet that fits a path (RFC 4301, Section 8.2.1).
func (s *sa) effectiveMTU(path int) int {
	mode := esp.Tunnel
	if s.state.Mode == nl.ModeTransport {
		mode = esp.Transport
	}
	return esp.LayoutOf(s.transforms).EffectiveMTU(path, s.path.Encapsulation(mode))
}

// SetPathMTU is that of dataplane.PathSetter.
func (b *Backend) SetPathMTU(p dataplane.Path, mtu int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.paths[p.Remote.Addr()]
	if h == nil || h.mtu == mtu {
		return
	}
	h.mtu = mtu
	for s := range h.sas {
		b.fit(h, s)
	}
}

// MTU is that of dataplane.PathTeller.
func (b *Backend) MTU(spi uint32, id dataplane.PolicyID) (m dataplane.MTU, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.find(dataplane.Outbound, spi, id)
	if s == nil {
		return m, false
	}
	h := b.paths[s.path.Remote.Addr()]
	m = dataplane.MTU{Path: h.link, Source: esp.FromLink}
	if h.mtu > 0 {
		m.Path, m.Source = h.mtu, esp.FromProbe
	}
	if m.Path > 0 && s.state.Mode != nl.ModeIPTFS {
		m.Inner = s.effectiveMTU(m.Path)
	}
	return m, m.Path > 0
}

// unlock ends the hold of the lock, and sends what there is to tell.
func (b *Backend) unlock() {
	news := b.news
	b.news = nil
	b.mu.Unlock()
	for _, n := range news {
		b.send(n)
	}
}
