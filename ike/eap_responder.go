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
	if err := sa.checkEAP(); err != nil {
		return objects(err)
	}
	only, err := sa.proofByEAP()
	if err != nil {
		return objects(err)
	}
	sa.initial.login.eap = &eapRound{only: only}
	if sa.nameMatters() {
		return a.askName()
	}
	return a.openConversation()
}

// checkEAP tells whether the connection lets the initiator authenticate by EAP in this round.
func (sa *SA) checkEAP() error {
	round := sa.remoteRound()
	switch {
	case round == nil:
		return sa.tooOften()
	case round.Method != auth.MethodEAP:
		return refuse(explain.AuthEAPUnavailable, wire.NotifyAuthenticationFailed,
			"%s asks for EAP, connection %q demands %v: set auth = \"eap\" in the block remote, or have the peer authenticate otherwise", sa.remote, sa.conn.Name, round.Method)
	case round.EAP == nil:
		return refuse(explain.AuthEAPUnavailable, wire.NotifyAuthenticationFailed,
			"%s asks for EAP, and connection %q has nobody to ask: add users or a RADIUS server to the block eap of its block remote", sa.remote, sa.conn.Name)
	case !round.ID.Matches(sa.remote):
		return notFor(sa.conn, round, sa.remote)
	}
	return nil
}

// openConversation begins the conversation with the server of the connection.
func (a *authentication) openConversation() error {
	sa := a.sa
	e, round := sa.initial.login.eap, sa.remoteRound()
	e.server = round.EAP
	e.conversation = auth.NewEAPServer(round.EAP, sa.session(e.only))
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
	if a.sa.initial.login.eap.conversation == nil {
		return a.hearName(packet)
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
	case r.State == eap.Failed && r.Declined != nil:
		return a.leaveServer(r)
	case r.State == eap.Failed:
		return a.failEAP(r.Packet, r.Err)
	case r.Packet == nil:
		return refuse(explain.AuthEAPUnavailable, wire.NotifyAuthenticationFailed, "the EAP server has nothing to say to %s", sa.remote)
	case r.State == eap.Succeeded:
		e.done, e.result = true, r
		a.steps = append([]authStep{(*authentication).acceptUser}, a.steps...)
	}
	e.verdict = r.Verdict
	a.saysEAP(r.Packet)
	return a.next()
}

// saysEAP puts a packet into our next message.
func (a *authentication) saysEAP(packet []byte) {
	l := &a.sa.initial.login
	a.packet, l.eap.last = packet, packet
	if l.eap.only && a.id == nil && l.signed == 0 {
		a.leaveProof()
	}
}

// leaveProof begins our only round without AUTH: our identity is sent, and proven with the key of EAP (RFC 5998, Section 3).
func (a *authentication) leaveProof() {
	a.introduce()
	a.sa.initial.login.spoken(a.sa.local, auth.MethodEAP.String())
}

// acceptUser holds what EAP has authenticated against what the connection demands. When no connection takes it the initiator hears
// EAP-Failure.
func (a *authentication) acceptUser() error {
	sa := a.sa
	l := &sa.initial.login
	refuse := a.refuse
	a.refusesBy(eap.Packet{Code: eap.CodeFailure, Identifier: l.eap.result.Packet[1]}.Encode())
	if round := sa.remoteRound(); round == nil {
		return objects(sa.tooOften())
	} else if err := l.eap.judge(round, sa.conn, auth.FromPayload(l.theirs)); err != nil {
		return objects(err)
	}
	a.refuse = refuse
	return a.next()
}

// refusesBy has a refusal tell the initiator so with a packet of EAP.
func (a *authentication) refusesBy(packet []byte) {
	a.refuse = func(err error) {
		if err := a.failEAP(packet, err); err != nil {
			a.sa.replyError(a.in, err)
		}
	}
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
	l.notedEAP(shown{id: auth.FromPayload(l.theirs), eap: l.eap})
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
