package ike

import (
	"encoding/binary"
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// respondAuth handles an IKE_AUTH request as a list of steps (RFC 7296, Section 1.2).
func respondAuth(sa *SA, in *inbound) error {
	if err := sa.checkIntermediateDone(); err != nil {
		return err
	}
	l := &sa.initial.login
	a := &authentication{sa: sa, in: in, refuse: func(err error) { sa.replyError(in, err) }}
	switch {
	case l.asked == nil:
		l.began, l.asked = sa.now, in.payloads
		sa.learnCertReqs(in.payloads)
		sa.learnLogin(in.payloads)
		sa.learnAnnounced(in.payloads)
		a.steps = []authStep{(*authentication).checkChild, (*authentication).selectPeer, (*authentication).checkConnection, (*authentication).hearRound}
	case l.eap != nil && l.eap.done:
		a.steps = []authStep{(*authentication).hearInitiatorKey}
	case l.eap != nil:
		a.steps = []authStep{(*authentication).hearEAPResponse}
	case l.follows:
		a.steps = []authStep{(*authentication).hearRound}
	default:
		a.steps = []authStep{(*authentication).hearNothing}
	}
	a.steps = append(a.steps, (*authentication).reply)
	return a.settle(a.next())
}

// hearRound takes a round of the initiator's, which begins with its identity. Leaving AUTH out asks for EAP (RFC 7296,
// Section 2.16).
func (a *authentication) hearRound() error {
	a.sa.initial.login.follows = false
	if err := a.hearIdentity(); err != nil {
		return err
	}
	if authOf(a.in.payloads) == nil {
		return a.beginEAP()
	}
	if err := a.acceptPPK(); err != nil {
		return err
	}
	return a.verify()
}

// hearNothing takes a request that has only to come because we have more to prove (RFC 4739, Section 2.5).
func (a *authentication) hearNothing() error {
	for _, t := range []wire.PayloadType{wire.PayloadIDi, wire.PayloadAuth, wire.PayloadEAP} {
		if count(a.in.payloads, t) > 0 {
			return invalidSyntax("IKE_AUTH with %v when everything of the initiator's was proven", t)
		}
	}
	return a.next()
}

// reply goes on with our side: the next round of ours, and when all is proven the IKE SA.
func (a *authentication) reply() error {
	sa := a.sa
	l := &sa.initial.login
	last := l.eap == nil && !l.follows // of the initiator
	if l.eap == nil {
		if err := sa.checkRounds(last); err != nil {
			return objects(err)
		}
	}
	ours := len(sa.conn.LocalAuth) - l.signed
	if last && (ours == 0 || ours == 1 && a.keyed == nil) {
		a.steps = []authStep{(*authentication).conclude, (*authentication).admit, (*authentication).ourRound, (*authentication).answer}
	} else {
		a.steps = []authStep{(*authentication).ourRound, (*authentication).goOn}
	}
	return a.next()
}

// checkRounds holds how often the peer authenticates, and who it is when that is over, against the connection; and whether we can
// do without EAP.
func (sa *SA) checkRounds(last bool) error {
	if err := sa.checkFollowing(); err != nil {
		return err
	}
	if round := sa.localRound(); round != nil && round.Method == auth.MethodEAP {
		return refuse(explain.AuthEAPOnly, wire.NotifyAuthenticationFailed,
			"%s does without EAP, by which alone connection %q authenticates us: set another auth in the block local", sa.remote, sa.conn.Name)
	}
	if !last {
		return nil
	}
	return sa.checkGroups()
}

// ourRound makes our next round, unless the answer has one already.
func (a *authentication) ourRound() error {
	if a.sa.localRound() == nil || a.keyed != nil || a.id != nil {
		return a.next()
	}
	a.introduce()
	return a.sign()
}

// goOn answers in the middle of IKE_AUTH.
func (a *authentication) goOn() error {
	payloads, err := a.answerProof()
	if err != nil {
		return err
	}
	if a.packet != nil {
		payloads = append(payloads, &wire.EAP{Data: a.packet})
	}
	a.sa.extendLogin()
	a.sa.reply(a.in, payloads)
	return nil
}

// answerProof is what a response proves: our round, or the key of EAP, and whether another round follows.
func (a *authentication) answerProof() ([]wire.Payload, error) {
	var payloads []wire.Payload
	if a.id != nil {
		payloads = append(append(payloads, a.id), a.certPayloads()...)
	}
	if a.keyed != nil {
		a.proof.Auth = a.keyed
	}
	proof, err := a.proofPayloads()
	payloads = append(payloads, proof...)
	return append(payloads, a.sa.initial.ppk.confirmed()...), err
}

// checkChild holds the request for a first child against the rules: SA, TSi and TSr stand together, or all are missing if
// we have announced to do without (RFC 6023, Section 5). Whether the connection allows that is seen when it is chosen.
func (a *authentication) checkChild() error {
	sa, tsi, tsr := count(a.in.payloads, wire.PayloadSA), count(a.in.payloads, wire.PayloadTSi), count(a.in.payloads, wire.PayloadTSr)
	if sa != tsi || sa != tsr {
		return invalidSyntax("%d SA, %d TSi and %d TSr payloads in IKE_AUTH", sa, tsi, tsr)
	}
	return a.next()
}

// checkConnection holds the IKE SA itself, and whether it comes with a child, against the connection.
func (a *authentication) checkConnection() error {
	if err := a.sa.makesChild(a.sa.conn); err != nil {
		return objects(err)
	}
	if err := a.sa.protects(a.sa.conn); err != nil {
		return objects(err)
	}
	return a.next()
}

// answer establishes the SA and answers. A first child that fails leaves its error in the response (RFC 7296,
// Section 1.2); so does an address that cannot be given.
func (a *authentication) answer() error {
	sa := a.sa
	if sa.redirectsLate() {
		return a.answerRedirected()
	}
	payloads, err := a.answerProof()
	if err != nil {
		return err
	}
	sa.becomeEstablished(sa.initial.login.asked)
	child, install := a.answerChild()
	payloads = append(payloads, child...)
	sa.reply(a.in, append(payloads, sa.establishedNotifies()...))
	install()
	sa.initial = nil
	return nil
}

// answerChild makes the part of the response that is about the configuration and the first child.
func (a *authentication) answerChild() (payloads []wire.Payload, install func()) {
	install = func() {}
	if f := a.verdict.Refusal; f != nil {
		a.sa.fail(f)
		return []wire.Payload{&wire.Notify{NotifyType: f.Notify}}, install
	}
	if a.verdict.Reply != nil {
		payloads = append(payloads, a.verdict.Reply)
	}
	if asked := a.sa.initial.login.asked; count(asked, wire.PayloadSA) > 0 {
		var child []wire.Payload
		child, install = a.sa.firstChildRespond(a.in, asked)
		payloads = append(payloads, child...)
	}
	return payloads, install
}

// establishedNotifies are what both sides may say once: how many requests we take at a time (RFC 7296, Section 2.3), and
// when the initiator has to authenticate again (RFC 4478, Section 3).
func (sa *SA) establishedNotifies() []wire.Payload {
	var list []wire.Payload
	if n := min(sa.conn.WindowSize, maxWindow); n > 1 {
		sa.responses.size = uint32(n)
		list = append(list, &wire.Notify{NotifyType: wire.NotifySetWindowSize, Data: binary.BigEndian.AppendUint32(nil, uint32(n))})
	}
	if d := sa.authLifetime(); d > 0 && !sa.initiator {
		seconds := uint32(min(d, maxAuthLifetime) / time.Second)
		list = append(list, &wire.Notify{NotifyType: wire.NotifyAuthLifetime, Data: binary.BigEndian.AppendUint32(nil, seconds)})
	}
	return list
}

// learnWindow takes SET_WINDOW_SIZE (RFC 7296, Section 2.3).
func (sa *SA) learnWindow(payloads []wire.Payload) {
	notifies(payloads, wire.NotifySetWindowSize, func(n *wire.Notify) {
		if len(n.Data) == 4 {
			sa.requests.grow(binary.BigEndian.Uint32(n.Data))
		}
	})
}

// peerRejected explains an error notify that answers our authentication.
func peerRejected(sa *SA, n *wire.Notify) *Failure {
	f := refuse(explain.IKEPeerRefused, n.NotifyType, "%v refuses IKE_AUTH", sa.path.Remote)
	if n.NotifyType == wire.NotifyAuthenticationFailed {
		f = refuse(explain.IKEAuthPeerRejected, n.NotifyType,
			"%v does not accept our authentication as %s", sa.path.Remote, sa.local)
	}
	f.Fatal = true
	return f
}
