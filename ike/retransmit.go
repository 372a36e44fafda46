package ike

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// Defaults of Retransmit: a dozen retransmissions over four minutes (RFC 7296, Section 2.4).
const (
	defaultTimeout     = 2 * time.Second
	defaultBase        = 1.5
	defaultMaxInterval = 30 * time.Second
	defaultTries       = 12
)

// WithDefaults fills in what is zero.
func (r Retransmit) WithDefaults() Retransmit {
	if r.Timeout == 0 {
		r.Timeout = defaultTimeout
	}
	if r.Base < 1 {
		r.Base = defaultBase
	}
	if r.Max == 0 {
		r.Max = defaultMaxInterval
	}
	if r.Tries == 0 {
		r.Tries = defaultTries
	}
	return r
}

// Total is how long a request is waited for, without jitter.
func (r Retransmit) Total() time.Duration {
	r = r.WithDefaults()
	var sum time.Duration
	for n := range r.Tries + 1 {
		sum += r.interval(n)
	}
	return sum
}

// interval is the wait after try n, without jitter.
func (r Retransmit) interval(n int) time.Duration {
	d := float64(r.Timeout) * math.Pow(r.Base, float64(n))
	return time.Duration(min(d, float64(r.Max)))
}

// backoff is the wait after try n of a request, with jitter.
func (sa *SA) backoff(n int) time.Duration {
	r := sa.conn.Retransmit.WithDefaults()
	return sa.jitter(r.interval(n), r.Jitter)
}

// jitter changes a duration by up to percent in either direction.
func (sa *SA) jitter(d time.Duration, percent int) time.Duration {
	var b [4]byte
	if _, err := io.ReadFull(sa.env.Rand, b[:]); err != nil || percent <= 0 {
		return d
	}
	span := float64(d) * float64(percent) / 100
	return d + time.Duration(span*(2*float64(binary.BigEndian.Uint32(b[:]))/math.MaxUint32-1))
}

// fallbackTries is how often IKE_SA_INIT is sent again over UDP before a stream is tried: once at least (RFC 9329, Section 5.1).
const fallbackTries = 1

// retransmit sends a request again, bitwise identical unless it is cut into smaller fragments (RFC 7296, Section 2.1;
// RFC 7383, Section 2.5.2). When there were tries enough the peer is dead (RFC 7296, Section 2.4).
func (sa *SA) retransmit(id uint32) {
	r := sa.requests.find(id)
	if r == nil {
		return
	}
	if r.probing {
		sa.probeLost(r)
		return
	}
	policy := sa.conn.Retransmit.WithDefaults()
	switch {
	case sa.inStream():
		policy.Tries = r.tries
	case r.header.Exchange == wire.ExchangeSAInit && sa.initial.fallback:
		policy.Tries = min(policy.Tries, fallbackTries)
	}
	if r.tries >= policy.Tries {
		sa.unanswered(r, policy)
		return
	}
	r.tries++
	if r.tries == probeTries && (sa.shrinkFragments(r) || sa.deflate(r)) {
		r.tries = 0
	}
	sa.repeat(r, sa.backoff(r.tries))
}

// repeat sends a request once more, and waits for its response.
func (sa *SA) repeat(r *pendingRequest, wait time.Duration) {
	sa.transmit(r)
	sa.traceAgain(r.header, summary(r.header, r.payloads), sa.path, r.datagrams)
	sa.timers.set(timerRetransmit, r.id, sa.now.Add(wait))
}

func (sa *SA) unanswered(r *pendingRequest, policy Retransmit) {
	code := explain.IKETimeout
	if sa.initial != nil && sa.initial.fallback {
		code = explain.IKEUDPSilent
	}
	if sa.inStream() {
		sa.terminate(refuse(code, 0, "%v request %d to %v had no answer in a TCP stream within %v%s",
			r.header.Exchange, r.id, sa.path.Remote, sa.conn.Retransmit.Total().Round(time.Second), sa.initHint()))
		return
	}
	sa.terminate(refuse(code, 0, "%v request %d to %v had no answer after %s in %v%s",
		r.header.Exchange, r.id, sa.path.Remote, retransmissions(policy.Tries), policy.Total().Round(time.Second), sa.initHint()+sa.lossHint(r)))
}

// lossHint tells why what follows IKE_SA_INIT may be lost while that is answered: it goes to another port, and is larger (RFC 7383,
// Section 1).
func (sa *SA) lossHint(r *pendingRequest) string {
	if sa.state != StateAuthenticating {
		return ""
	}
	text := fmt.Sprintf("; IKE_SA_INIT was answered, so the peer is there: UDP port %d may be blocked on the way", sa.path.Remote.Port())
	if n := size(r.datagrams); len(r.datagrams) == 1 && n > sa.messageSize(firstDatagram) {
		text += fmt.Sprintf(", or this message of %d octets, which is not fragmented, is too large for it", n)
	}
	return text
}

// retransmissions counts them in words.
func retransmissions(n int) string {
	if n == 1 {
		return "1 retransmission"
	}
	return strconv.Itoa(n) + " retransmissions"
}
