package ike

import (
	"encoding/binary"
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// An authTask is the IKE_AUTH exchange of the initiator (RFC 7296, Section 1.2).
type authTask struct{ child *ChildConfig }

func (t *authTask) row() *row { return exchangeRow("IKE_AUTH") }

// begin proves who we are.
func (t *authTask) begin(sa *SA) bool {
	a := &authentication{sa: sa, refuse: func(err error) { sa.failTask(t, fatal(err)) }}
	a.steps = []authStep{t.chooseChild, (*authentication).sign, t.send}
	sa.local = sa.localRound().Identity(sa.path.Local.Addr())
	if want := sa.remoteRound().ID; !want.IsPattern() {
		sa.remote = want
	}
	if err := a.next(); err != nil {
		a.refuse(err)
	}
	return true
}

// chooseChild decides whether a first child is made inside IKE_AUTH (RFC 6023, Section 3).
func (t *authTask) chooseChild(a *authentication) error {
	sa, wanted := a.sa, a.sa.initial.children
	switch {
	case sa.peer.childless && (sa.conn.Childless == ChildlessPrefer || sa.conn.Childless == ChildlessForce || len(wanted) == 0):
	case sa.conn.Childless == ChildlessForce || len(wanted) == 0:
		return refuse(explain.IKEChildless, 0, "%v does not support an IKE SA without a first child, and connection %q asks for one: give it a child to start with",
			sa.path.Remote, sa.conn.Name)
	default:
		t.child, sa.initial.children = wanted[0], wanted[1:]
	}
	return a.next()
}

// send sends the request.
func (t *authTask) send(a *authentication) error {
	sa := a.sa
	payloads := []wire.Payload{sa.local.Payload(wire.PayloadIDi)}
	payloads = append(payloads, a.certPayloads()...)
	if sa.initial.initialContact {
		payloads = append(payloads, &wire.Notify{NotifyType: wire.NotifyInitialContact})
	}
	payloads = append(payloads, sa.certReqs()...)
	if !sa.remote.IsAny() {
		payloads = append(payloads, sa.remote.Payload(wire.PayloadIDr))
	}
	payloads = append(payloads, a.proof.Auth)
	if t.child != nil {
		payloads = append(payloads, sa.firstChildRequest(t.child)...)
	} else if cp := sa.configRequest(); cp != nil {
		payloads = append(payloads, cp)
	}
	sa.request(t, append(payloads, sa.establishedNotifies()...))
	return nil
}

func (t *authTask) abandoned(sa *SA, why error) {}

// response verifies who the peer is, as a list of steps.
func (t *authTask) response(sa *SA, in *inbound) error {
	if in.payloads == nil || count(in.payloads, wire.PayloadAuth) == 0 {
		if n, ok := errorOf(in.payloads); ok {
			return peerRejected(sa, n)
		}
	}
	sa.timers.set(timerHalfOpen, 0, sa.now.Add(halfOpenTime)) // for works that never end
	a := &authentication{sa: sa, in: in, refuse: sa.rejectPeer}
	a.steps = []authStep{checkIdentity, (*authentication).verify, (*authentication).admit, t.establish}
	if err := a.next(); err != nil {
		a.refuse(err)
	}
	return nil
}

// checkIdentity reads IDr. Whether it is acceptable is decided when it is proven.
func checkIdentity(a *authentication) error {
	id, ok := wire.Find[*wire.Identification](a.in.payloads)
	if !ok || id.Payload != wire.PayloadIDr {
		return invalidSyntax("IKE_AUTH response without IDr")
	}
	a.sa.remote = auth.FromPayload(id)
	return a.next()
}

// establish brings up the SA and what was made with it; the other children follow.
func (t *authTask) establish(a *authentication) error {
	sa, rest := a.sa, a.sa.initial.children
	sa.learnAuthLifetime(a.in.payloads)
	sa.becomeEstablished(a.in)
	sa.learnAssignment(a.in.payloads)
	if t.child != nil {
		if err := sa.firstChildInstall(a.in, t.child); err != nil {
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
