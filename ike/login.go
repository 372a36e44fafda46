package ike

import (
	"time"

	"culvert/auth"
	"culvert/eap"
	"culvert/explain"
	"culvert/wire"
)

// loginTime bounds IKE_AUTH when it takes several exchanges, in which servers and people behind the peers have a say.
const loginTime = 2 * time.Minute

// A login is how far the two sides are with proving who they are. Each has a number of rounds (RFC 4739): one message with an
// AUTH payload, or for the initiator a conversation of EAP with an AUTH payload at its end (RFC 7296, Section 2.16). The
// IKE SA is established when the rounds of both are done.
type login struct {
	began    time.Time
	asked    []wire.Payload // of the first request: what the initiator wants when all is proven
	child    *ChildConfig   // as initiator: what is made with the IKE SA
	ours     *wire.Identification
	theirs   *wire.Identification // the latest identities, as they were sent
	signed   int                  // rounds of ours that were sent
	proven   int                  // rounds of the peer's that were verified
	follows  bool                 // the peer has announced another round
	multiple bool                 // the peer knows RFC 4739
	eapOnly  bool                 // the initiator does without another proof of the responder (RFC 5998)
	eap      *eapRound            // under way
	proof    Proof
	// proofEnds is the end of validity of the peer's certificates; zero is never.
	proofEnds time.Time
	shown     []shown // what the peer has proven, round by round

	// of the responder
	candidates []*Connection // beside that of the IKE SA, in order
	declined   []declined
	reserved   int // connections that are out of the question because another one names the peer
	beyond     int // and those behind the last candidate
}

// A Proof tells how both sides have proven who they are. It does not change once the IKE SA is established.
type Proof struct {
	Local, Remote []string        // how, round by round: "public key", "EAP-MSCHAPv2"
	IKEIdentity   auth.Identity   // what the peer called itself in its first round
	EAPIdentity   string          // whom EAP has authenticated; "" without EAP
	Grants        []*eap.Grant    // what accounts say that the peer may have, in the order of rounds
	Anonymous     bool            // the peer has proven nothing (RFC 7619)
	Certificates  [][]byte        // that the peer has proven to own, DER, in the order of rounds that had one
	local         auth.Identity   // ours in the first round
	remotes       []auth.Identity // proven, round by round
}

// Groups are those of all accounts.
func (p *Proof) Groups() []string {
	if p == nil {
		return nil
	}
	var list []string
	for _, g := range p.Grants {
		list = append(list, g.Groups...)
	}
	return list
}

// lasts is how long accounts let a session last; 0 is for ever.
func (p *Proof) lasts() time.Duration {
	if p == nil {
		return 0
	}
	var least time.Duration
	for _, g := range p.Grants {
		if d := g.SessionTimeout; d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	return least
}

// identity is the one that counts from now on: whom EAP has authenticated (RFC 7296, Section 2.16), else who the peer was in
// its first round that proves anything. A peer that proves nothing has no identity (RFC 7619, Section 2.2).
func (p *Proof) identity() auth.Identity {
	if p.EAPIdentity != "" {
		return auth.UserIdentity(p.EAPIdentity)
	}
	for _, id := range p.remotes {
		if !id.IsNull() {
			return id
		}
	}
	return auth.NullIdentity()
}

// localRound is the round of ours that is next, remoteRound the one that the peer is in; nil when there are no more.
func (sa *SA) localRound() *auth.Local {
	if n := sa.initial.login.signed; n < len(sa.conn.LocalAuth) {
		return &sa.conn.LocalAuth[n]
	}
	return nil
}

func (sa *SA) remoteRound() *auth.Remote {
	if n := sa.initial.login.proven; n < len(sa.conn.RemoteAuth) {
		return &sa.conn.RemoteAuth[n]
	}
	return nil
}

// extendLogin gives IKE_AUTH the time for several exchanges, all in all.
func (sa *SA) extendLogin() { sa.timers.set(timerHalfOpen, 0, sa.initial.login.began.Add(loginTime)) }

// spoken takes a round of ours as sent.
func (l *login) spoken(id auth.Identity, how string) {
	if l.signed == 0 {
		l.proof.local = id
	}
	l.proof.Local = append(l.proof.Local, how)
	l.signed++
}

// checkFollowing holds what the peer announces about further rounds against what the connection demands.
func (sa *SA) checkFollowing() error {
	l := &sa.initial.login
	demanded := len(sa.conn.RemoteAuth)
	switch {
	case l.follows && l.proven >= demanded:
		return refuse(explain.AuthRounds, wire.NotifyAuthenticationFailed,
			"%s announces a round of authentication more than the %d that connection %q demands: add it to the block remote, or take it from the peer",
			sa.remote, demanded, sa.conn.Name)
	case !l.follows && l.proven < demanded:
		return refuse(explain.AuthRounds, wire.NotifyAuthenticationFailed,
			"%s authenticates %d times, connection %q demands %d rounds: add them to the peer, or take them from the block remote",
			sa.remote, l.proven, sa.conn.Name, demanded)
	}
	return nil
}

// following is the announcement of another round of ours, if there is one (RFC 4739, Section 2.1).
func (sa *SA) following() ([]wire.Payload, error) {
	l := &sa.initial.login
	switch {
	case l.signed >= len(sa.conn.LocalAuth):
		return nil, nil
	case !l.multiple:
		return nil, refuse(explain.AuthRounds, wire.NotifyAuthenticationFailed,
			"%v takes one round of authentication (it lacks RFC 4739), connection %q has %d in its block local",
			sa.path.Remote, sa.conn.Name, len(sa.conn.LocalAuth))
	}
	return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyAnotherAuthFollows}}, nil
}

// learnLogin takes in what the peer says about its ways to authenticate.
func (sa *SA) learnLogin(payloads []wire.Payload) {
	l := &sa.initial.login
	_, multiple := wire.FindNotify(payloads, wire.NotifyMultipleAuthSupported)
	l.multiple = l.multiple || multiple
	if _, only := wire.FindNotify(payloads, wire.NotifyEAPOnlyAuthentication); only && !sa.initiator {
		l.eapOnly = true
	}
}
