package ike

import (
	"encoding/binary"
	"io"
	"math"
	"time"

	"culvert/explain"
)

const (
	// lingerTime is how long packets and retransmissions are taken that were on their way to something replaced or deleted.
	lingerTime = 10 * time.Second
	// orphanTime is how long the peer may take to delete what it has replaced; then we do.
	orphanTime = 3 * time.Minute
	// rekeyRetry is the wait after a rekeying that failed for a reason which is not temporary.
	rekeyRetry = time.Minute
)

// lifetimes are the ends of an IKE SA that a rekeying does not postpone.
type lifetimes struct {
	reauth time.Time // the initiator authenticates anew (RFC 7296, Section 2.8.3; RFC 4478); zero: never
	expiry time.Time // of the authentication (RFC 4478, Section 2); zero: never
}

// startLifetimes begins the life of an IKE SA that was just authenticated.
func (sa *SA) startLifetimes() {
	sa.startAuthLifetime()
	sa.armLifetimes()
}

// armLifetimes arms the timers of an IKE SA that is new, be it from rekeying.
func (sa *SA) armLifetimes() {
	l := sa.conn.Lifetime
	if l.Rekey > 0 {
		sa.timers.set(timerRekey, 0, sa.now.Add(sa.earlier(l.Rekey, l.Jitter)))
	}
	end := sa.lifetimes.expiry
	if l.Hard > 0 {
		end = soonest(end, sa.now.Add(l.Hard))
	}
	if !end.IsZero() {
		sa.timers.set(timerExpire, 0, end)
	}
	if !sa.lifetimes.reauth.IsZero() {
		sa.timers.set(timerReauth, 0, sa.lifetimes.reauth)
	}
}

// soonest returns the earlier of two times, where zero is never.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// earlier takes a random part of up to jitter off a time, so that not all SAs and not both peers act at once (RFC 7296,
// Section 2.8.1).
func (sa *SA) earlier(d, jitter time.Duration) time.Duration {
	return d - time.Duration(sa.random(uint64(max(0, min(jitter, d)))))
}

// random returns a number up to max.
func (sa *SA) random(max uint64) uint64 {
	var b [8]byte
	if _, err := io.ReadFull(sa.env.Rand, b[:]); err != nil || max == 0 {
		return 0
	}
	if max == math.MaxUint64 {
		return binary.BigEndian.Uint64(b[:])
	}
	return binary.BigEndian.Uint64(b[:]) % (max + 1)
}

// volume bounds what an SA carries.
type volume struct{ bytes, packets uint64 }

// softVolume is the volume after which the data plane asks for a rekeying, with jitter.
func (sa *SA) softVolume(c *ChildConfig) volume {
	less := func(limit, jitter uint64) uint64 {
		if limit == 0 {
			return 0
		}
		return limit - sa.random(min(jitter, limit-1))
	}
	return volume{bytes: less(c.SoftBytes, c.JitterBytes), packets: less(c.SoftPackets, c.JitterPackets)}
}

// armChild arms the timers of a new child.
func (sa *SA) armChild(c *Child) {
	l := c.config.Lifetime
	if l.Rekey > 0 {
		sa.timers.set(timerChildRekey, c.inSPI, sa.now.Add(sa.earlier(l.Rekey, l.Jitter)))
	}
	if l.Hard > 0 {
		sa.timers.set(timerChildExpire, c.inSPI, sa.now.Add(l.Hard))
	}
	sa.armIdle(c, sa.now)
}

// disarmChild stops what armChild has armed.
func (sa *SA) disarmChild(c *Child) {
	sa.timers.stop(timerChildRekey, c.inSPI)
	sa.timers.stop(timerChildExpire, c.inSPI)
	sa.timers.stop(timerChildIdle, c.inSPI)
}

// lifetimeTimer does what is due with the age of SAs.
func (sa *SA) lifetimeTimer(key timerKey) {
	switch key.kind {
	case timerRekey:
		sa.startRekeyIKE()
	case timerReauth:
		sa.reauthDue()
	case timerExpire:
		sa.expire()
	case timerChildRekey:
		sa.startRekeyChild(sa.childIn(key.id))
	case timerChildExpire:
		sa.expireChild(sa.childIn(key.id), "by age")
	case timerChildIdle:
		sa.idleDue(sa.childIn(key.id))
	case timerRetry:
		sa.retry(key.id)
	case timerFollowUp:
		sa.followUpExpired(key.id)
	case timerLinger:
		sa.lingered(key.id)
	case timerDrain:
		sa.drained()
	case timerConfirm:
		if c := sa.childIn(key.id); c != nil {
			sa.confirmChild(c)
		}
	}
}

// expire ends an IKE SA at the end of its lifetime, after which it must not be used (RFC 7296, Section 2.8), or of the
// peer's authentication (RFC 4478, Section 2).
func (sa *SA) expire() {
	sa.close(refuse(explain.IKELifetime, 0, "the IKE SA reached the end of its lifetime before it was replaced"))
}

// expireChild deletes a child at the end of its lifetime, after which it must not be used. When it could not be rekeyed the
// IKE SA goes with it (RFC 7296, Section 2.8). A child that was replaced and then forgotten by the peer is deleted only: what
// is on its way is still taken.
func (sa *SA) expireChild(c *Child, how string) {
	if c == nil || c.state == childLingering {
		return
	}
	live := c.live()
	why := refuse(explain.IKELifetime, 0, "child %q reached the end of its lifetime %s before it was replaced", c.config.Name, how)
	if live && c.rekeyFails {
		sa.close(why)
	} else {
		sa.deleteChild(c, why)
	}
	if live {
		sa.stopSending(c)
		sa.stopReceiving(c)
	}
}

// lingered forgets a child that was kept for stragglers.
func (sa *SA) lingered(spi uint32) {
	if c := sa.childIn(spi); c != nil {
		sa.closeChild(c)
	}
}
