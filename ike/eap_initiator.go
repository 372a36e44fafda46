package ike

import (
	"slices"

	"culvert/auth"
	"culvert/eap"
	"culvert/explain"
	"culvert/wire"
)

// openEAP begins a round of ours by EAP.
func (a *authentication) openEAP() error {
	sa := a.sa
	l := &sa.initial.login
	round, remote := sa.localRound(), sa.remoteRound()
	switch {
	case round.EAP == nil:
		return refuse(explain.AuthNoCredential, 0, "connection %q has nothing to authenticate with by EAP as initiator: add a block eap to its block local", sa.conn.Name)
	case sa.responderProvesNothing(): // RFC 7619, Section 2
		return refuse(explain.AuthMethodRefused, 0, "connection %q would use EAP with a responder that proves nothing: set auth in the block remote", sa.conn.Name)
	}
	l.eapOnly = remote != nil && (remote.Method == auth.MethodEAP || remote.EAPOnly)
	l.eap = &eapRound{}
	return a.next()
}

// responderProvesNothing tells whether all that the responder has proven before it hears of EAP is nothing.
func (sa *SA) responderProvesNothing() bool {
	rounds := sa.conn.RemoteAuth[:min(sa.initial.login.proven+1, len(sa.conn.RemoteAuth))]
	return !slices.ContainsFunc(rounds, func(r auth.Remote) bool { return r.Method != auth.MethodNULL })
}

// hearEAPOnly takes a first response without AUTH: the responder leaves its proof to EAP (RFC 5998, Section 3). Its identity
// must still be that of the connection.
func (a *authentication) hearEAPOnly() error {
	sa, l := a.sa, &a.sa.initial.login
	if !l.eapOnly || l.eap == nil || l.proven > 0 || eapOf(a.in.payloads) == nil {
		return refuse(explain.AuthEAPOnly, wire.NotifyAuthenticationFailed,
			"%v proves nothing before EAP, and connection %q does not allow that: have it use a certificate, or set eap_only in the block remote",
			sa.path.Remote, sa.conn.Name)
	}
	if want := sa.remoteRound().ID; !want.Matches(sa.remote) {
		return refuse(explain.AuthIDRefused, wire.NotifyAuthenticationFailed, "peer says it is %s, connection %q is for %s: set remote.id, or the identity that the peer sends",
			sa.remote, sa.conn.Name, want)
	}
	l.eap.only = true
	return a.next()
}

// hearEAPRequest answers a request of EAP. Nothing of ours has gone out before the responder's proof was checked, unless it
// has none (RFC 5998).
func (a *authentication) hearEAPRequest() error {
	l := &a.sa.initial.login
	packet := eapOf(a.in.payloads)
	switch {
	case l.eap == nil && packet == nil:
		return a.next()
	case l.eap == nil:
		return refuse(explain.AuthEAPUnavailable, wire.NotifyAuthenticationFailed, "%v asks for EAP, which connection %q does not do in this round: set auth = \"eap\" in the block local",
			a.sa.path.Remote, a.sa.conn.Name)
	case packet == nil:
		return refuse(explain.AuthEAPUnavailable, wire.NotifyAuthenticationFailed, "%v does not go on with EAP, which connection %q authenticates by: check how it authenticates us",
			a.sa.path.Remote, a.sa.conn.Name)
	}
	if l.eap.conversation == nil {
		l.eap.conversation = auth.NewEAPClient(a.sa.localRound().EAP, a.sa.session(l.eap.only))
	}
	return a.converse(packet, a.heardRequest)
}

// heardRequest goes on with what a step of the client says. A success counts only as the answer to EAP-Success, and the
// conversation sees to it that there is none before the method is done.
func (a *authentication) heardRequest(r eap.Result) error {
	sa := a.sa
	e := sa.initial.login.eap
	switch {
	case r.State == eap.Failed && isEAP(eapOf(a.in.payloads), eap.CodeFailure):
		sa.fail(fatal(asFailure(r.Err))) // the responder has ended the IKE SA
		return nil
	case r.State == eap.Failed:
		return r.Err
	case r.State == eap.Succeeded && isEAP(eapOf(a.in.payloads), eap.CodeSuccess):
		e.done, e.result = true, r
		if err := e.acceptable(r, sa.localRound().EAPKeyless); err != nil {
			return err
		}
	case r.State != eap.Continuing || r.Packet == nil:
		return refuse(explain.AuthEAPUnavailable, wire.NotifyAuthenticationFailed, "%v sent an EAP packet that has no place in the conversation", sa.path.Remote)
	}
	a.packet = r.Packet
	return a.next()
}

// isEAP tells whether a packet has a code.
func isEAP(packet []byte, code eap.Code) bool { return len(packet) > 0 && eap.Code(packet[0]) == code }

// sendEAPKey ends a round of ours by EAP: AUTH in the exchange after EAP-Success (RFC 7296, Section 2.16).
func (a *authentication) sendEAPKey() error {
	sa := a.sa
	l := &sa.initial.login
	if err := a.mixBeforeEAPKey(); err != nil {
		return err
	}
	proof, err := sa.eapAuth(l.ours)
	if err != nil {
		return err
	}
	l.spoken(sa.local, l.eap.result.Method.String())
	a.proof = auth.SignResult{Auth: proof}
	payloads, err := a.proofPayloads()
	if err != nil {
		return err
	}
	a.exchange(payloads...)
	return nil
}

// hearEAPKey verifies AUTH of the responder, which ends the round.
func (a *authentication) hearEAPKey() error {
	sa := a.sa
	l := &sa.initial.login
	if err := a.checkEAPAuth(); err != nil {
		return err
	}
	if l.eap.only {
		l.noted(shown{id: auth.FromPayload(l.theirs)}, sa.remote, l.eap.result.Method.String())
	}
	if _, more := wire.FindNotify(a.in.payloads, wire.NotifyAnotherAuthFollows); more {
		l.follows = true
	}
	sa.endConversation()
	return a.next()
}
