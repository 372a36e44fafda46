package ike

import (
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// An authentication is a run of steps in IKE_AUTH. A step goes on with next, at once or when its work is done; an error
// ends the run through refuse. More rounds (RFC 4739), EAP or keys that change on the way are more steps.
type authentication struct {
	sa      *SA
	in      *inbound // the message with the peer's proof
	refuse  func(error)
	steps   []authStep
	proof   auth.SignResult // ours
	verdict Verdict
}

type authStep func(*authentication) error

// next takes the next step.
func (a *authentication) next() error {
	step := a.steps[0]
	a.steps = a.steps[1:]
	return step(a)
}

// await has work done and goes on with then.
func (a *authentication) await(w Work, then func(result any) error) error {
	a.sa.start(w, func(result any) error {
		if err := then(result); err != nil {
			a.refuse(err)
		}
		return nil
	})
	return nil
}

// localRound and remoteRound are the rounds of authentication that the connection asks for: one on each side.
func (sa *SA) localRound() *auth.Local   { return &sa.conn.LocalAuth[0] }
func (sa *SA) remoteRound() *auth.Remote { return &sa.conn.RemoteAuth[0] }

// sign makes our AUTH payload (RFC 7296, Section 2.15).
func (a *authentication) sign() error {
	sa := a.sa
	octets, err := sa.signedOctets(sa.local.Payload(idKind(sa.initiator)))
	if err != nil {
		return err
	}
	prf, err := sa.prf()
	if err != nil {
		return err
	}
	work := auth.Sign{Local: sa.localRound(), ID: sa.local, PeerID: sa.remote, PRF: prf, Octets: octets,
		PeerHashes: sa.peer.hashes, CertReqs: sa.initial.certReqs, Rand: sa.env.Rand}
	return a.await(work, func(result any) error {
		if a.proof = result.(auth.SignResult); a.proof.Err != nil {
			return a.proof.Err
		}
		return a.next()
	})
}

// verify checks the peer's AUTH payload, with certificates and all. An initiator that sends none wants EAP (RFC 7296,
// Section 2.16).
func (a *authentication) verify() error {
	sa := a.sa
	id, ok := a.peerID()
	if !ok {
		return invalidSyntax("IKE_AUTH without an identity")
	}
	octets, err := sa.signedOctets(id)
	if err != nil {
		return err
	}
	prf, err := sa.prf()
	if err != nil {
		return err
	}
	proof, ok := wire.Find[*wire.Auth](a.in.payloads)
	if !ok {
		return refuse(explain.IKEAuthFailed, wire.NotifyAuthenticationFailed,
			"%s asks for EAP, which we do not have: have it authenticate by certificate or pre-shared key", sa.remote)
	}
	work := auth.Verify{Remote: sa.remoteRound(), ID: sa.remote, LocalID: sa.local, PRF: prf, Octets: octets, Auth: proof,
		Certs: findAll[*wire.Cert](a.in.payloads), Now: sa.now}
	return a.await(work, func(result any) error {
		verified := result.(auth.VerifyResult)
		if verified.Err != nil {
			return verified.Err
		}
		sa.remote, sa.proofEnds = verified.ID, verified.NotAfter
		sa.warn(verified.Warnings)
		return a.next()
	})
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

// admit asks whether the peer may have an IKE SA, and which addresses it gets.
func (a *authentication) admit() error {
	sa := a.sa
	if sa.env.Admit == nil {
		return a.next()
	}
	_, contact := wire.FindNotify(a.in.payloads, wire.NotifyInitialContact)
	admission := Admission{Connection: sa.conn, SA: sa.LocalSPI(), Initiator: sa.initiator, Identity: sa.remote, Began: sa.created,
		InitialContact: contact && sa.conn.Unique != UniqueNever}
	if cp, ok := wire.Find[*wire.Configuration](a.in.payloads); ok && !sa.initiator {
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

// certReqs are our CERTREQ payloads (RFC 7296, Section 3.7).
func (sa *SA) certReqs() []wire.Payload {
	if !sa.conn.SendCertReq || len(sa.conn.RemoteAuth) == 0 {
		return nil
	}
	var list []wire.Payload
	for _, r := range auth.CertReqs(sa.remoteRound()) {
		list = append(list, r)
	}
	return list
}

// certPayloads are our CERT payloads.
func (a *authentication) certPayloads() []wire.Payload {
	var list []wire.Payload
	for _, c := range a.proof.Certs {
		list = append(list, c)
	}
	return list
}

// becomeEstablished is the end of the initial exchanges: what only they need is dropped.
func (sa *SA) becomeEstablished(in *inbound) {
	sa.state, sa.established = StateEstablished, sa.now
	sa.timers.stop(timerHalfOpen, 0)
	sa.peer.hashes = nil
	sa.keys.Pi.Clear()
	sa.keys.Pr.Clear()
	sa.keys.Pi, sa.keys.Pr = nil, nil
	sa.learnWindow(in.payloads)
	if newer := sa.initial.newer; newer != nil && newer.Name == sa.conn.Name {
		sa.conn = newer
	}
	sa.news(News{Kind: NewsEstablished})
	sa.startTimers()
}

// startTimers arms what an established SA does by itself.
func (sa *SA) startTimers() {
	sa.armLiveness()
	sa.armKeepalive()
	sa.startLifetimes()
}

// authLifetime is the longest AUTH_LIFETIME that is believed, so that durations do not overflow.
const maxAuthLifetime = 100 * 365 * 24 * time.Hour
