package ike

import (
	"net/netip"
	"time"

	"culvert/wire"
)

// HalfOpenLimits bound what peers cost before they have authenticated; per shard.
type HalfOpenLimits struct {
	Cookie int // from so many half-open IKE SAs on, cookies are demanded (RFC 7296, Section 2.6); 0 is 64, negative always
	Total  int // half-open IKE SAs; 0 is 4096
	Prefix int // half-open IKE SAs of one IPv4 address or IPv6 /56; from half of them on it needs cookies; 0 is 128

	Timeout time.Duration // how long a peer may take to authenticate; 0 is 30 s
}

func (l HalfOpenLimits) withDefaults() HalfOpenLimits {
	if l.Cookie == 0 {
		l.Cookie = 64
	}
	if l.Total == 0 {
		l.Total = 4096
	}
	if l.Prefix == 0 {
		l.Prefix = 128
	}
	if l.Timeout == 0 {
		l.Timeout = halfOpenTime
	}
	return l
}

// silentTime is how long an initiator may say nothing after our response to its IKE_SA_INIT request when others wait for its place:
// peers with short ways take milliseconds, and under attack half-open SAs are kept for less time (RFC 8019, Section 4.1).
const silentTime = 2 * time.Second

// halfOpen counts the IKE SAs whose initiator has not authenticated yet.
type halfOpen struct {
	total    int
	byPrefix map[netip.Prefix]int
	silent   []wire.SPI // in the order of their coming; those that have said more, or are gone, are among them for a while
}

// networkOf is what counts as one peer: an IPv4 address, or the IPv6 prefix that a site gets.
func networkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 32
	if a.Is6() {
		bits = 56
	}
	p, _ := a.Prefix(bits)
	return p
}

func (h *halfOpen) add(p netip.Prefix) {
	if h.byPrefix == nil {
		h.byPrefix = make(map[netip.Prefix]int)
	}
	h.total++
	h.byPrefix[p]++
}

func (h *halfOpen) remove(p netip.Prefix) {
	h.total--
	if h.byPrefix[p]--; h.byPrefix[p] <= 0 {
		delete(h.byPrefix, p)
	}
}
