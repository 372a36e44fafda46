package user

import (
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"culvert/dataplane"
)

// Limits of notices that others can provoke.
const (
	// noticeEvery separates notices about one policy and host (acquire) or one SA (selectors).
	noticeEvery = time.Second
	// Notices about unknown SPIs, from anywhere.
	badSPIEvery = 100 * time.Millisecond
	badSPIBurst = 10
	// noticeData is how much of a packet a notice carries: the headers (RFC 7296, Section 3.10.1, INVALID_SELECTORS).
	noticeData = 128
)

// noticed is when a notice was sent last, in Unix nanoseconds; 0 is never.
type noticed int64

// allow reports whether one may be sent at now, and takes it that it is.
func (n *noticed) allow(now time.Time) bool {
	at, last := noticed(now.UnixNano()), *n
	if last != 0 && at >= last && at-last < noticed(noticeEvery) {
		return false
	}
	*n = at
	return true
}

// mostAsked bounds the hosts that a worker asks an SA for within noticeEvery, for a policy that is about many.
const mostAsked = 16

// asking is for whom a worker has asked lately because of one policy.
type asking struct {
	since noticed
	hosts []netip.Addr
}

// allow reports whether an SA for packets to a host may be asked for at now, and takes it that it is: once in noticeEvery. The
// peer may want one for each (RFC 7296, Section 2.9), so that one host does not keep others waiting.
func (a *asking) allow(now time.Time, host netip.Addr) bool {
	if a.since.allow(now) {
		a.hosts = a.hosts[:0]
	}
	if len(a.hosts) == mostAsked || slices.Contains(a.hosts, host) {
		return false
	}
	a.hosts = append(a.hosts, host)
	return true
}

// A notifier hands notices to whoever wants them.
type notifier struct {
	f atomic.Pointer[func(dataplane.Notice)]
}

func (n *notifier) set(f func(dataplane.Notice)) { n.f.Store(&f) }

func (n *notifier) send(notice dataplane.Notice) {
	if f := n.f.Load(); f != nil && *f != nil {
		(*f)(notice)
	}
}

// limit sends the notice of a lifetime, if there is one.
func (n *notifier) limit(kind dataplane.NoticeKind, d dataplane.Direction, spi uint32, policy dataplane.PolicyID) {
	if kind != 0 {
		n.send(dataplane.Notice{Kind: kind, Direction: d, SPI: spi, Policy: policy})
	}
}

// head copies the start of a packet for a notice.
func head(p []byte) []byte { return append([]byte(nil), p[:min(len(p), noticeData)]...) }
