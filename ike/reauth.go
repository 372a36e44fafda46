package ike

import (
	"time"

	"culvert/wire"
)

// Reauthentication makes a new IKE SA from scratch and closes the old one (RFC 7296, Section 2.8.3). The supervisor does
// that, because the new SA may belong to another shard; here is only when.

// authMargin is the least time before the end of an AUTH_LIFETIME at which we begin: a minute for a slow peer or user.
const authMargin = time.Minute

// startAuthLifetime begins the times that count from the authentication. Only the original initiator can authenticate anew;
// the responder ends what was not renewed. What the peer has proven ends with its certificates.
func (sa *SA) startAuthLifetime() {
	sa.lifetimes.expiry = sa.initial.login.proofEnds
	switch c := sa.conn; {
	case sa.initiator && c.ReauthTime > 0:
		sa.lifetimes.reauth = sa.now.Add(sa.earlier(c.ReauthTime, c.Lifetime.Jitter))
	case !sa.initiator && sa.authLifetime() > 0:
		sa.lifetimes.expiry = soonest(sa.lifetimes.expiry, sa.now.Add(sa.authEnd()))
	}
	sa.limitAuth()
}

// authLifetime is how long what the initiator has proven is good for: what is configured, and what its account allows.
func (sa *SA) authLifetime() time.Duration {
	configured, granted := sa.conn.AuthLifetime, sa.proof.lasts()
	if configured == 0 || granted > 0 && granted < configured {
		return granted
	}
	return configured
}

// authEnd is when we close what was not authenticated again: some time after what was announced, as the new IKE SA takes its time, and
// never after what the account allows.
func (sa *SA) authEnd() time.Duration {
	end, granted := sa.authLifetime()+sa.conn.AuthGrace, sa.proof.lasts()
	if granted > 0 {
		return min(end, granted)
	}
	return end
}

// limitAuth brings the reauthentication forward to what the responder's AUTH_LIFETIME demands, "within the time indicated"
// (RFC 4478, Section 2).
func (sa *SA) limitAuth() {
	left := sa.peer.authLifetime
	if !sa.initiator || left == 0 {
		return
	}
	margin := max(left/10, min(authMargin, left/2))
	sa.lifetimes.reauth = soonest(sa.lifetimes.reauth, sa.now.Add(sa.earlier(left-margin, left/20)))
}

// renewAuthLifetime takes an AUTH_LIFETIME that comes after the authentication (RFC 4478, Section 2). One that is later than
// what we know does not postpone anything.
func (sa *SA) renewAuthLifetime(payloads []wire.Payload) {
	sa.learnAuthLifetime(payloads)
	sa.limitAuth()
	if !sa.lifetimes.reauth.IsZero() {
		sa.timers.set(timerReauth, 0, sa.lifetimes.reauth)
	}
}

// reauthDue asks for a reauthentication until there was one.
func (sa *SA) reauthDue() {
	sa.askReauth()
	sa.lifetimes.reauth = sa.now.Add(rekeyRetry)
	sa.timers.set(timerReauth, 0, sa.lifetimes.reauth)
}

// askReauth asks the supervisor for a new IKE SA with the same peer.
func (sa *SA) askReauth() {
	if sa.initiator && sa.state == StateEstablished {
		sa.news(News{Kind: NewsReauth})
	}
}
