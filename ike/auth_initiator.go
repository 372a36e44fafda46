package ike

import (
	"encoding/binary"
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// An authTask is one IKE_AUTH exchange of the initiator (RFC 7296, Section 1.2). There are more when EAP or several rounds ask
// for them; the first one says what is wanted.
type authTask struct{ payloads []wire.Payload } // nil: the first, still to be made

func (t *authTask) row() *row { return exchangeRow("IKE_AUTH") }

// begin proves who we are.
func (t *authTask) begin(sa *SA) bool {
	if t.payloads != nil {
		sa.request(t, t.payloads)
		return true
	}
	sa.initial.login.began = sa.now
	a := &authentication{sa: sa, refuse: func(err error) { sa.failTask(t, fatal(err)) }}
	a.steps = []authStep{chooseChild, (*authentication).openRound, t.send}
	if want := sa.remoteRound().ID; !want.IsPattern() {
		sa.remote = want
	}
	if err := a.next(); err != nil {
		a.refuse(err)
	}
	return true
}

// chooseChild decides whether a first child is made inside IKE_AUTH (RFC 6023, Section 3).
func chooseChild(a *authentication) error {
	sa, wanted := a.sa, a.sa.initial.children
	switch {
	case sa.peer.childless && (sa.conn.Childless == ChildlessPrefer || sa.conn.Childless == ChildlessForce || len(wanted) == 0):
	case sa.conn.Childless == ChildlessForce || len(wanted) == 0:
		return refuse(explain.IKEChildless, 0, "%v does not support an IKE SA without a first child, and connection %q asks for one: give it a child to start with",
			sa.path.Remote, sa.conn.Name)
	default:
		sa.initial.login.child, sa.initial.children = wanted[0], wanted[1:]
	}
	return a.next()
}

// openRound begins our next round: by EAP, which is to leave AUTH out (RFC 7296, Section 2.16), or with a proof.
func (a *authentication) openRound() error {
	sa := a.sa
	a.introduce()
	if sa.localRound().Method == auth.MethodEAP {
		return a.openEAP()
	}
	return a.signMixed()
}

// send sends the first request.
func (t *authTask) send(a *authentication) error {
	sa := a.sa
	payloads := []wire.Payload{a.id}
	payloads = append(payloads, a.certPayloads()...)
	if sa.initial.initialContact {
		payloads = append(payloads, &wire.Notify{NotifyType: wire.NotifyInitialContact})
	}
	payloads = append(payloads, sa.certReqs()...)
	if !sa.remote.IsAny() {
		payloads = append(payloads, sa.remote.Payload(wire.PayloadIDr))
	}
	proof, err := a.proofPayloads()
	if err != nil {
		return err
	}
	payloads = append(append(payloads, proof...), sa.loginNotifies()...)
	if child := sa.initial.login.child; child != nil {
		payloads = append(payloads, sa.firstChildRequest(child)...)
	} else if cp := sa.configRequest(); cp != nil {
		payloads = append(payloads, cp)
	}
	t.payloads = append(payloads, sa.establishedNotifies()...)
	sa.request(t, t.payloads)
	return nil
}

// proofPayloads are our AUTH payload, if the round has one by now, and whether another round follows.
func (a *authentication) proofPayloads() ([]wire.Payload, error) {
	if a.proof.Auth == nil {
		return nil, nil
	}
	more, err := a.sa.following()
	payloads := append([]wire.Payload{a.proof.Auth}, a.sa.initial.ppk.offer()...)
	return append(payloads, more...), err
}

// loginNotifies tell the responder in the first request that we know of several rounds (RFC 4739, Section 2.1) and whether
// EAP will do to authenticate it (RFC 5998, Section 3).
func (sa *SA) loginNotifies() []wire.Payload {
	var list []wire.Payload
	if max(len(sa.conn.LocalAuth), len(sa.conn.RemoteAuth)) > 1 {
		list = append(list, &wire.Notify{NotifyType: wire.NotifyMultipleAuthSupported})
	}
	if sa.initial.login.eapOnly {
		list = append(list, &wire.Notify{NotifyType: wire.NotifyEAPOnlyAuthentication})
	}
	return append(list, sa.announceAuth()...)
}

func (t *authTask) abandoned(sa *SA, why error) {}

// response verifies who the peer is, as a list of steps.
func (t *authTask) response(sa *SA, in *inbound) error {
	if authOf(in.payloads) == nil && eapOf(in.payloads) == nil {
		if n, ok := errorOf(in.payloads); ok {
			return peerRejected(sa, n)
		}
	}
	sa.extendLogin() // for works that never end as well
	a := &authentication{sa: sa, in: in, refuse: sa.rejectPeer}
	a.steps = []authStep{(*authentication).hearPPK, (*authentication).hearResponder, (*authentication).hearEarlyRedirect, (*authentication).hearEAPRequest, (*authentication).proceed}
	if err := a.next(); err != nil {
		a.refuse(err)
	}
	return nil
}

// hearResponder takes what a response proves: the AUTH payload after EAP, or a round of the responder's, which begins with
// its identity.
func (a *authentication) hearResponder() error {
	l := &a.sa.initial.login
	switch {
	case l.eap != nil && l.eap.done:
		return a.hearEAPKey()
	case count(a.in.payloads, wire.PayloadIDr) > 0:
		return a.hearResponderRound()
	case l.theirs == nil || l.follows || authOf(a.in.payloads) != nil:
		return invalidSyntax("IKE_AUTH response without IDr, where the responder has to prove who it is")
	}
	return a.next()
}

// hearResponderRound takes a round of the responder's.
func (a *authentication) hearResponderRound() error {
	if err := a.hearIdentity(); err != nil {
		return err
	}
	if authOf(a.in.payloads) == nil {
		return a.hearEAPOnly()
	}
	return a.verify()
}

// proceed goes on with the next exchange: of EAP, of a round of ours, or because the responder has more to prove. Otherwise
// all is proven.
func (a *authentication) proceed() error {
	sa := a.sa
	l := &sa.initial.login
	switch {
	case a.packet != nil:
		a.exchange(&wire.EAP{Data: a.packet})
	case l.eap != nil:
		return a.sendEAPKey()
	case sa.localRound() != nil:
		a.steps = []authStep{(*authentication).openRound, (*authentication).sendRound}
		return a.next()
	case l.follows:
		a.exchange()
	default:
		if err := sa.checkFollowing(); err != nil {
			return err
		}
		a.steps = []authStep{(*authentication).conclude, (*authentication).admit, (*authentication).establish}
		return a.next()
	}
	return nil
}

// exchange begins the next IKE_AUTH exchange.
func (a *authentication) exchange(payloads ...wire.Payload) {
	a.sa.enqueue(&authTask{payloads: append([]wire.Payload{}, payloads...)})
}

// sendRound sends a round of ours that is not the first.
func (a *authentication) sendRound() error {
	proof, err := a.proofPayloads()
	if err != nil {
		return err
	}
	payloads := append([]wire.Payload{a.id}, a.certPayloads()...)
	a.exchange(append(payloads, proof...)...)
	return nil
}

// establish brings up the SA and what was made with it; the other children follow.
func (a *authentication) establish() error {
	sa, rest := a.sa, a.sa.initial.children
	if g := sa.redirectOf(a.in.payloads); !g.IsZero() {
		return a.leaveFor(g)
	}
	child := sa.initial.login.child
	sa.learnAuthLifetime(a.in.payloads)
	sa.becomeEstablished(a.in.payloads)
	sa.learnAssignment(a.in.payloads)
	if child != nil {
		if err := sa.firstChildInstall(a.in, child); err != nil {
			sa.fail(err)
		}
	}
	sa.initial = nil
	for _, c := range rest {
		sa.childCommand(CreateChild{Child: c})
	}
	return nil
}

// learnAuthLifetime takes AUTH_LIFETIME (RFC 4478, Section 3).
func (sa *SA) learnAuthLifetime(payloads []wire.Payload) {
	notifies(payloads, wire.NotifyAuthLifetime, func(n *wire.Notify) {
		if len(n.Data) == 4 {
			sa.peer.authLifetime = max(time.Duration(binary.BigEndian.Uint32(n.Data))*time.Second, time.Second)
		}
	})
}

// rejectGrace is how long a peer that we reject may take to confirm.
const rejectGrace = 10 * time.Second

// rejectPeer ends an SA whose peer believes that it is established: it is told AUTHENTICATION_FAILED in an exchange of its
// own (RFC 7296, Section 2.21.2). Until it confirms the SA does nothing else.
func (sa *SA) rejectPeer(err error) {
	f := fatal(err)
	notify := f.Notify
	if notify == wire.NotifyNone {
		notify = wire.NotifyAuthenticationFailed
	}
	sa.tasks = nil
	sa.initial.trouble = f
	sa.timers.set(timerHalfOpen, 0, sa.now.Add(rejectGrace))
	sa.enqueue(&rejectTask{informTask{[]wire.Payload{&wire.Notify{NotifyType: notify}}}})
}

// A rejectTask tells the peer that we do not accept it.
type rejectTask struct{ informTask }

func (t *rejectTask) begin(sa *SA) bool {
	sa.request(t, t.payloads)
	return true
}

// response ends the SA.
func (t *rejectTask) response(sa *SA, in *inbound) error { return sa.initial.trouble }
