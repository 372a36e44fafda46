package ike

import (
	"encoding/binary"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// respondAuth handles an IKE_AUTH request as a list of steps (RFC 7296, Section 1.2).
func respondAuth(sa *SA, in *inbound) error {
	if err := sa.checkIntermediateDone(); err != nil {
		return err
	}
	sa.initial.certReqs = findAll[*wire.CertReq](in.payloads)
	a := &authentication{sa: sa, in: in, refuse: func(err error) { sa.replyError(in, err) }}
	a.steps = []authStep{(*authentication).checkChild, (*authentication).selectPeer, (*authentication).verify,
		(*authentication).admit, (*authentication).sign, (*authentication).answer}
	return a.next()
}

// checkChild holds the request for a first child against the rules: SA, TSi and TSr stand together, or all are missing if
// we have announced to do without (RFC 6023, Section 5).
func (a *authentication) checkChild() error {
	sa, tsi, tsr := count(a.in.payloads, wire.PayloadSA), count(a.in.payloads, wire.PayloadTSi), count(a.in.payloads, wire.PayloadTSr)
	switch {
	case sa != tsi || sa != tsr:
		return invalidSyntax("%d SA, %d TSi and %d TSr payloads in IKE_AUTH", sa, tsi, tsr)
	case sa == 0 && a.sa.conn.Childless == ChildlessNever:
		return invalidSyntax("IKE_AUTH without a first child, which connection %q does not allow", a.sa.conn.Name)
	}
	return a.next()
}

// answer establishes the SA and answers. A first child that fails leaves its error in the response (RFC 7296,
// Section 1.2); so does an address that cannot be given.
func (a *authentication) answer() error {
	sa := a.sa
	payloads := []wire.Payload{sa.local.Payload(wire.PayloadIDr)}
	payloads = append(payloads, a.certPayloads()...)
	payloads = append(payloads, a.proof.Auth)
	sa.becomeEstablished(a.in)
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
	if count(a.in.payloads, wire.PayloadSA) > 0 {
		var child []wire.Payload
		child, install = a.sa.firstChildRespond(a.in)
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
	if d := sa.conn.AuthLifetime; d > 0 && !sa.initiator {
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
