package user

import (
	"time"

	"culvert/dataplane"
	"culvert/esp"
)

// HandleMTU is that of dataplane.MTUHandler. What our own host says is believed, and so is an ICMP message about a packet
// that we have sent: it quotes the SPI of an SA and one of its last sequence numbers (RFC 4301, Section 8.2.1). Any other is
// a reason to probe the path, and changes nothing by itself.
func (b *Backend) HandleMTU(m dataplane.TooBig) {
	out, news := b.remotes.heard(m, b.now())
	if out == nil {
		return
	}
	if news.Validated {
		b.remotes.changed()
	}
	b.tellPath(out, news)
}

// heard judges a message. It returns an SA that the engine is to be told about, nil for none.
func (r *remotes) heard(m dataplane.TooBig, now time.Time) (*outbound, dataplane.PathMTU) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hosts[m.Remote.Unmap()]
	if h == nil || m.MTU < 0 {
		return nil, dataplane.PathMTU{}
	}
	news := dataplane.PathMTU{Link: h.link, TooBig: m.MTU, Suspect: m.MTU == 0}
	out := h.quoted(m.Quote)
	if m.MTU > 0 && (m.Own || out != nil) {
		news.Validated = true
		if !h.path.Lower(m.MTU, now) {
			return nil, news
		}
		h.publish(now)
		return h.any(out), news
	}
	if !h.hints.Take(now) {
		return nil, news
	}
	return h.any(out), news
}

// quoted returns the SA whose packet is quoted, nil when it is nobody's.
func (h *remote) quoted(quote []byte) *outbound {
	spi, sequence, ok := esp.ParseQuote(quote)
	if !ok {
		return nil
	}
	out := h.sas[spi]
	if out == nil || !out.esp.Sent(sequence) {
		return nil
	}
	return out
}

// any returns out or, if that is nil, one of the SAs that lead to the host.
func (h *remote) any(out *outbound) *outbound {
	if out != nil {
		return out
	}
	for _, out := range h.sas {
		return out
	}
	return nil
}

// SetPathMTU is that of dataplane.PathSetter.
func (b *Backend) SetPathMTU(p dataplane.Path, mtu int) {
	if b.remotes.probed(p, mtu, b.now()) {
		b.remotes.changed()
	}
}

func (r *remotes) probed(p dataplane.Path, mtu int, now time.Time) (changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hosts[p.Remote.Addr()]
	if h == nil {
		return false
	}
	h.path.Probed(mtu)
	return h.publish(now)
}

// MTU is that of dataplane.PathTeller.
func (b *Backend) MTU(spi uint32, policy dataplane.PolicyID) (dataplane.MTU, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.outbound(spi, policy)
	if out == nil {
		return dataplane.MTU{}, false
	}
	path, source := b.remotes.known(out.way.Load().Remote.Addr(), b.now())
	return dataplane.MTU{Inner: out.effectiveMTU(), Path: path, Source: source}, path > 0
}

// tellPath tells the engine about the path of an SA.
func (b *Backend) tellPath(out *outbound, m dataplane.PathMTU) {
	b.notices.send(dataplane.Notice{Kind: dataplane.NoticePath, Policy: out.policy, PathMTU: m})
}
