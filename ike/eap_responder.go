package ike

import (
	"slices"

	"culvert/auth"
	"culvert/eap"
	"culvert/explain"
	"culvert/wire"
)

// beginEAP begins the conversation that an initiator asks for by leaving AUTH out.
func (a *authentication) beginEAP() error {
	sa := a.sa
	round := sa.remoteRound()
	switch {
	case round == nil:
		return refuse(explain.AuthRounds, wire.NotifyAuthenticationFailed, "%s authenticates more often than the %d times that connection %q demands",
			sa.remote, len(sa.conn.RemoteAuth), sa.conn.Name)
	case round.Method != auth.MethodEAP:
		return refuse(explain.AuthEAPUnavailable, wire.NotifyAuthenticationFailed,
			"%s asks for EAP, connection %q demands %v: set auth = \"eap\" in the block remote, or have the peer authenticate otherwise", sa.remote, sa.conn.Name, round.Method)
	case round.EAP == nil:
		return refuse(explain.AuthEAPUnavailable, wire.NotifyAuthenticationFailed,
			"%s asks for EAP, and connection %q has nobody to ask: add users or a RADIUS server to the block eap of its block remote", sa.remote, sa.conn.Name)
	case !round.ID.Matches(sa.remote):
		return refuse(explain.AuthIDRefused, wire.NotifyAuthenticationFailed, "peer says it is %s, connection %q is for %s: set remote.id, or the identity that the peer sends",
			sa.remote, sa.conn.Name, round.ID)
	}
	only, err := sa.proofByEAP()
	if err != nil {
		return err
	}
	sa.initial.login.eap = &eapRound{conversation: auth.NewEAPServer(round.EAP, sa.session(only)), keyless: round.EAPKeyless, only: only}
	return a.converse(nil, a.heardResponse)
}

// proofByEAP tells whether we leave our own proof to EAP, as the initiator asks for (RFC 5998, Section 3). One who proves
// nothing has no business with EAP (RFC 7619, Section 2).
func (sa *SA) proofByEAP() (bool, error) {
	l := &sa.initial.login
	round := sa.localRound()
	switch {
	case sa.provesNothing():
		return false, refuse(explain.AuthMethodRefused, wire.NotifyAuthenticationFailed,
			"%s asks for EAP, for which connection %q has to authenticate us: set auth in the block local", sa.remote, sa.conn.Name)
	case l.signed > 0 || round == nil:
		return false, nil
	case l.eapOnly && (round.EAPOnly || round.Method == auth.MethodEAP):
		return true, nil
	case round.Method == auth.MethodEAP:
		return false, refuse(explain.AuthEAPOnly, wire.NotifyAuthenticationFailed,
			"%s demands that we authenticate beside EAP, which connection %q does not: have it accept EAP alone, or set auth = \"pubkey\" in the block local", sa.remote, sa.conn.Name)
	}
	return false, nil
}

// provesNothing tells whether all that we prove as responder before EAP begins is nothing.
func (sa *SA) provesNothing() bool {
	rounds := sa.conn.LocalAuth[:min(sa.initial.login.signed+1, len(sa.conn.LocalAuth))]
	return !slices.ContainsFunc(rounds, func(r auth.Local) bool { return r.Method != auth.MethodNULL })
}

// hearEAPResponse gives an answer of the initiator to the conversation.
func (a *authentication) hearEAPResponse() error {
	packet := eapOf(a.in.payloads)
	if packet == nil {
		return invalidSyntax("IKE_AUTH without EAP in the middle of a conversation")
	}
	return a.converse(packet, a.heardResponse)
}

// heardResponse goes on with what a step of the server says.
func (a *authentication) heardResponse(r eap.Result) error {
	sa := a.sa
	e := sa.initial.login.eap
	if r.Discarded {
		r.Packet = e.last // nothing has changed, and the request needs a response
	}
	switch {
	case r.State == eap.Failed:
		return a.failEAP(r.Packet, r.Err)
	case r.Packet == nil:
		return refuse(explain.AuthEAPUnavailable, wire.NotifyAuthenticationFailed, "the EAP server has nothing to say to %s", sa.remote)
	case r.State == eap.Succeeded:
		e.done, e.result = true, r
		if err := a.acceptUser(); err != nil {
			return a.failEAP(eap.Packet{Code: eap.CodeFailure, Identifier: r.Packet[1]}.Encode(), err)
		}
	}
	a.packet, e.last, e.verdict = r.Packet, r.Packet, r.Verdict
	if e.only && a.id == nil && sa.initial.login.signed == 0 {
		a.leaveProof()
	}
	return a.next()
}

// leaveProof begins our only round without AUTH: our identity is sent, and proven with the key of EAP (RFC 5998, Section 3).
func (a *authentication) leaveProof() {
	a.introduce()
	a.sa.initial.login.spoken(a.sa.local, auth.MethodEAP.String())
}

// acceptUser holds what EAP has authenticated against what the connection demands.
func (a *authentication) acceptUser() error {
	sa := a.sa
	e, round := sa.initial.login.eap, sa.remoteRound()
	if err := e.acceptable(e.result); err != nil {
		return err
	}
	if user := auth.UserIdentity(e.result.Identity); !round.EAPIdentity.Matches(user) {
		return refuse(explain.AuthIDRefused, wire.NotifyAuthenticationFailed, "EAP has authenticated %s, the connection is for %s: set identity in the block eap of the block remote",
			user, round.EAPIdentity)
	}
	return nil
}

// failEAP ends IKE_AUTH with the packet that tells the initiator so (RFC 7296, Section 2.16). Before the response in which we
// say who we are a notify does.
func (a *authentication) failEAP(packet []byte, err error) error {
	sa := a.sa
	if packet == nil || sa.initial.login.ours == nil {
		return err
	}
	sa.reply(a.in, []wire.Payload{&wire.EAP{Data: packet}})
	sa.fail(fatal(err))
	return nil
}

// hearInitiatorKey verifies AUTH of the initiator after EAP-Success, and answers with ours (RFC 7296, Section 2.16).
func (a *authentication) hearInitiatorKey() error {
	sa := a.sa
	l := &sa.initial.login
	if authOf(a.in.payloads) == nil {
		return invalidSyntax("IKE_AUTH without AUTH after the end of EAP")
	}
	if err := a.acceptPPK(); err != nil {
		return err
	}
	if err := a.checkEAPAuth(); err != nil {
		return err
	}
	_, l.follows = wire.FindNotify(a.in.payloads, wire.NotifyAnotherAuthFollows)
	var err error
	if a.keyed, err = sa.eapAuth(l.ours); err != nil {
		return err
	}
	r := l.eap.result
	l.proof.EAPIdentity = r.Identity
	if r.Grant != nil {
		l.proof.Grants = append(l.proof.Grants, r.Grant)
	}
	l.noted(sa.remote, r.Method.String())
	if l.eap.only {
		l.proof.Local[0] = r.Method.String()
	}
	sa.endConversation()
	return a.next()
}

// respondRejection ends the IKE SA of an initiator that does not accept what we prove, be it in the middle of IKE_AUTH
// (RFC 7296, Section 2.21.2).
func respondRejection(sa *SA, in *inbound) error {
	if sa.state != StateAuthenticating {
		return sa.respondInformational(in)
	}
	sa.reply(in, nil)
	if e := sa.initial.login.eap; e != nil && e.verdict != nil { // the initiator gives up, having been refused by us
		sa.terminate(fatal(e.verdict))
		return nil
	}
	f := refuse(explain.IKEAuthPeerRejected, wire.NotifyAuthenticationFailed, "%v does not accept our authentication as %s", sa.path.Remote, sa.local)
	sa.terminate(fatal(f))
	return nil
}
