package ike

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// An authentication is a run of steps in one IKE_AUTH exchange. A step goes on with next, at once or when its work is done; an
// error ends the run through refuse. What lasts longer than an exchange is in the login.
type authentication struct {
	sa      *SA
	in      *inbound // the message of the peer
	refuse  func(error)
	steps   []authStep
	at      []authStep      // the step that is under way and those behind it, to be taken again with another connection
	proof   auth.SignResult // of our round that goes into the next message
	id      *wire.Identification
	packet  []byte     // of EAP, for the next message
	keyed   *wire.Auth // after EAP, for the next message
	verdict Verdict
}

type authStep func(*authentication) error

// next takes the next step.
func (a *authentication) next() error {
	step := a.steps[0]
	a.at, a.steps = a.steps, a.steps[1:]
	return step(a)
}

// await has work done and goes on with then.
func (a *authentication) await(w Work, then func(result any) error) error {
	a.sa.start(w, func(result any) error {
		if err := a.settle(then(result)); err != nil {
			a.refuse(err)
		}
		return nil
	})
	return nil
}

// sign makes the AUTH payload of our next round, which is over with that. The identity is set before.
func (a *authentication) sign() error {
	round := a.sa.localRound()
	return a.makeAuth(func() error {
		a.sa.initial.login.spoken(a.sa.local, round.Method.String())
		return a.next()
	})
}

// makeAuth makes the AUTH payload of our next round with the present keys (RFC 7296, Section 2.15).
func (a *authentication) makeAuth(then func() error) error {
	sa := a.sa
	octets, err := sa.signedOctets(a.id)
	if err != nil {
		return err
	}
	prf, err := sa.prf()
	if err != nil {
		return err
	}
	work := sa.signing()
	work.ID, work.PRF, work.Octets, work.Key = sa.local, prf, octets, sa.authKey(a.id.Payload)
	return a.await(work, func(result any) error {
		if a.proof = result.(auth.SignResult); a.proof.Err != nil {
			return a.proof.Err
		}
		sa.warn(a.proof.Warnings)
		return then()
	})
}

// signing is the making of our proof in our next round, as far as it is known before we have said who we are.
func (sa *SA) signing() auth.Sign {
	return auth.Sign{Local: sa.localRound(), PeerID: sa.remote, Announced: sa.announcedFor(sa.initial.login.signed), PeerHashes: sa.initial.hashes,
		CertReqs: sa.initial.certReqs, LooksUp: sa.peer.looksUp, Now: sa.now, Rand: sa.env.Rand}
}

// introduce settles who we are in our next round.
func (a *authentication) introduce() {
	sa := a.sa
	sa.local = sa.signing().Identity(sa.path.Local.Addr())
	a.id = sa.local.Payload(idKind(sa.initiator))
	sa.initial.login.ours = a.id
}

// verify checks the AUTH payload of a round of the peer's, with certificates and all.
func (a *authentication) verify() error {
	s, err := a.show()
	if err != nil {
		return err
	}
	return a.prove(s, func() error {
		_, a.sa.initial.login.follows = wire.FindNotify(a.in.payloads, wire.NotifyAnotherAuthFollows)
		return a.next()
	})
}

// show takes what the peer shows in a round without EAP out of its message.
func (a *authentication) show() (shown, error) {
	sa := a.sa
	l := &sa.initial.login
	octets, err := sa.signedOctets(l.theirs)
	if err != nil {
		return shown{}, err
	}
	prf, err := sa.prf()
	if err != nil {
		return shown{}, err
	}
	id := auth.FromPayload(l.theirs)
	return shown{id: id, unsaid: l.signed == 0, proof: auth.Verify{ID: id, LocalID: sa.local, PRF: prf, Octets: octets,
		Auth: authOf(a.in.payloads), Key: sa.authKey(l.theirs.Payload), Certs: findAll[*wire.Cert](a.in.payloads), Now: sa.now}}, nil
}

// authOf returns the AUTH payload, or nil.
func authOf(payloads []wire.Payload) *wire.Auth {
	p, _ := wire.Find[*wire.Auth](payloads)
	return p
}

// eapOf returns the packet of the EAP payload, or nil.
func eapOf(payloads []wire.Payload) []byte {
	if p, ok := wire.Find[*wire.EAP](payloads); ok {
		return p.Data
	}
	return nil
}

// hearIdentity takes the identity that begins a round of the peer's, as it came with its reserved octets. Whether it is
// acceptable is decided when it is proven.
func (a *authentication) hearIdentity() error {
	sa := a.sa
	id, ok := a.peerID()
	if !ok {
		return invalidSyntax("IKE_AUTH without an identity of the peer")
	}
	sa.initial.login.theirs, sa.remote = id, auth.FromPayload(id)
	return nil
}

// idKind is the type of the payload that carries the identity of the initiator or the responder.
func idKind(initiator bool) wire.PayloadType {
	if initiator {
		return wire.PayloadIDi
	}
	return wire.PayloadIDr
}

// peerID returns the peer's IDi or IDr payload as it came, with its reserved octets.
func (a *authentication) peerID() (*wire.Identification, bool) {
	for _, p := range a.in.payloads {
		if id, ok := p.(*wire.Identification); ok && id.Payload == idKind(!a.sa.initiator) {
			return id, true
		}
	}
	return nil, false
}

// conclude holds what the peer has proven, in all of its rounds, against what the connection demands of it.
func (a *authentication) conclude() error {
	sa := a.sa
	p := &sa.initial.login.proof
	sa.remote = p.identity()
	p.Anonymous = sa.remote.IsNull()
	sa.tellSwitch()
	if err := sa.checkGroups(); err != nil {
		return err
	}
	return a.next()
}

// checkGroups holds what the peer's accounts say against the groups that the connection is for.
func (sa *SA) checkGroups() error {
	p := &sa.initial.login.proof
	for i := range sa.conn.RemoteAuth {
		if g := sa.conn.RemoteAuth[i].Groups; !inGroup(g, p.Groups()) {
			return refuse(explain.AuthGroup, wire.NotifyAuthenticationFailed, "%s is in none of the groups of connection %q (%s); its account has: %s",
				p.identity(), sa.conn.Name, strings.Join(g, ", "), cmp.Or(strings.Join(p.Groups(), ", "), "none"))
		}
	}
	return nil
}

// inGroup tells whether somebody who has some groups is in one of those demanded; none demanded is for everybody.
func inGroup(demanded, has []string) bool {
	return len(demanded) == 0 || slices.ContainsFunc(demanded, func(g string) bool { return slices.Contains(has, g) })
}

// admit asks whether the peer may have an IKE SA, and which addresses it gets.
func (a *authentication) admit() error {
	sa := a.sa
	if sa.env.Admit == nil {
		return a.next()
	}
	p := &sa.initial.login.proof
	_, contact := wire.FindNotify(sa.initial.login.asked, wire.NotifyInitialContact)
	admission := Admission{Connection: sa.conn, SA: sa.LocalSPI(), Session: sa.sessionID(), Path: sa.path, Initiator: sa.initiator, Identity: p.identity(), Began: sa.created,
		EAPIdentity: p.EAPIdentity, Anonymous: p.Anonymous, Grants: p.Grants, InitialContact: contact && sa.conn.Unique != UniqueNever && !p.Anonymous}
	if cp, ok := wire.Find[*wire.Configuration](sa.initial.login.asked); ok && !sa.initiator {
		admission.Request = cp
	}
	return a.await(sa.env.Admit(admission), func(result any) error {
		a.verdict = result.(Verdict)
		if f := a.verdict.Refusal; f != nil && !addressProblem(f) {
			return f
		}
		sa.leases = a.verdict.Addresses
		return a.next()
	})
}

// addressProblem tells whether a refusal is about addresses only, with which the IKE SA lives on without a first child
// (RFC 7296, Section 3.15.4).
func addressProblem(f *Failure) bool {
	return f.Notify == wire.NotifyInternalAddressFailure || f.Notify == wire.NotifyFailedCPRequired
}

// warn reports what works but should be changed.
func (sa *SA) warn(warnings []auth.Warning) {
	for _, w := range warnings {
		sa.news(News{Kind: NewsWarning, Failure: &Failure{Code: w.Code, Err: warningText(w.Text)}})
	}
}

type warningText string

func (w warningText) Error() string { return string(w) }

// certReqs are our CERTREQ payloads, and whether we look certificates up by hash and URL (RFC 7296, Section 3.7).
func (sa *SA) certReqs() []wire.Payload {
	var own []*auth.Remote
	if sa.conn.SendCertReq {
		own = sa.remoteRounds()
	}
	others := sa.otherRounds()
	var list []wire.Payload
	for _, r := range append(auth.CertReqs(own...), auth.CertReqs(others...)...) {
		list = append(list, r)
	}
	if auth.LooksUp(own...) || auth.LooksUp(others...) {
		list = append(list, &wire.Notify{NotifyType: wire.NotifyHTTPCertLookupSupported})
	}
	return list
}

// otherRounds are those of the other connections that a peer may turn out to be for, as long as its identity is not known: it
// sends a certificate only when it is asked for one. Their requests come behind those of the first connection, whose places
// SUPPORTED_AUTH_METHODS counts (RFC 9593, Section 3.2).
func (sa *SA) otherRounds() (rounds []*auth.Remote) {
	if sa.initiator {
		return nil
	}
	seen := 0
	for c := range sa.candidates() {
		if seen++; seen > maxCandidates {
			break
		}
		if c == sa.conn || !c.SendCertReq {
			continue
		}
		for i := range c.RemoteAuth {
			rounds = append(rounds, &c.RemoteAuth[i])
		}
	}
	return rounds
}

// learnCertReqs takes in what the peer wants to see of certificates, from a message that may say so.
func (sa *SA) learnCertReqs(payloads []wire.Payload) {
	sa.initial.certReqs = append(sa.initial.certReqs, findAll[*wire.CertReq](payloads)...)
	if _, ok := wire.FindNotify(payloads, wire.NotifyHTTPCertLookupSupported); ok {
		sa.peer.looksUp = true
	}
}

// certPayloads are our CERT payloads.
func (a *authentication) certPayloads() []wire.Payload {
	var list []wire.Payload
	for _, c := range a.proof.Certs {
		list = append(list, c)
	}
	return list
}

// becomeEstablished is the end of the initial exchanges: what only they need is dropped. The payloads are those of the message
// in which the peer has said what is said once.
func (sa *SA) becomeEstablished(payloads []wire.Payload) {
	proof := sa.initial.login.proof // a copy, which does not hold on to the rest
	sa.proof = &proof
	sa.local = sa.proof.local
	sa.endConversation()
	sa.state, sa.established = StateEstablished, sa.now
	sa.interfaces()
	sa.timers.stop(timerHalfOpen, 0)
	sa.forgetAuthKeys()
	sa.initial.ppk.unmixed.Clear()
	sa.learnWindow(payloads)
	if newer := sa.initial.newer; newer != nil && newer.Name == sa.conn.Name {
		sa.conn = newer
	}
	sa.startTimers()
	sa.news(News{Kind: NewsEstablished, Took: sa.now.Sub(sa.created)})
}

// startTimers arms what an established SA does by itself.
func (sa *SA) startTimers() {
	sa.armLiveness()
	sa.armKeepalive()
	sa.startLifetimes()
}

// maxAuthLifetime is the longest AUTH_LIFETIME that is believed, so that durations do not overflow.
const maxAuthLifetime = 100 * 365 * 24 * time.Hour
