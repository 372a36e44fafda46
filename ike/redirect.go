package ike

import (
	"bytes"
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// A gateway may send its clients to another one (RFC 5685): new ones by the response to IKE_SA_INIT or to IKE_AUTH, those that are
// connected by an INFORMATIONAL request. The client is whoever has made the first IKE SA, whoever has rekeyed it since. Where it goes
// is the supervisor's business.

// RedirectRule says which redirects a client follows.
type RedirectRule uint8

// The rules.
const (
	RedirectIgnore        RedirectRule = iota // none: we do not announce to be redirected
	RedirectAuthenticated                     // those of a gateway that has proven who it is
	RedirectFollow                            // those in IKE_SA_INIT as well, which the nonce alone protects (RFC 5685, Section 3)
)

// RedirectTo has a gateway send its clients away.
type RedirectTo struct {
	Gateway wire.Gateway  // zero: they may stay
	Late    bool          // once they have proven who they are; otherwise at once
	Wait    time.Duration // that clients have to leave an IKE SA; 0 is a minute
}

func (r RedirectTo) wait() time.Duration {
	if r.Wait > 0 {
		return r.Wait
	}
	return time.Minute
}

// RedirectClient asks an IKE SA of a client of ours to go to another gateway.
type RedirectClient struct{ Gateway wire.Gateway }

func (RedirectClient) event() {}

// redirectPayload is a REDIRECT (RFC 5685, Section 9.2). The nonce is that of an IKE_SA_INIT request, in the answer to it.
func redirectPayload(g wire.Gateway, nonce []byte) wire.Payload {
	return &wire.Notify{NotifyType: wire.NotifyRedirect, Data: wire.Redirect{Gateway: g, Nonce: nonce}.Append(nil)}
}

// redirectOffer tells a gateway in IKE_SA_INIT that we may be redirected, or were (RFC 5685, Sections 9.1 and 9.3).
func (sa *SA) redirectOffer() []wire.Payload {
	switch from := sa.initial.redirectedFrom; {
	case sa.conn.FollowRedirects == RedirectIgnore:
		return nil
	case from.IsValid():
		return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyRedirectedFrom, Data: wire.Redirect{Gateway: wire.Gateway{Addr: from}}.Append(nil)}}
	}
	return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyRedirectSupported}}
}

// redirectable tells whether an IKE_SA_INIT request is of a client that may be redirected. One that was redirected need not say
// so again (RFC 5685, Section 3).
func redirectable(payloads []wire.Payload) bool {
	_, supported := wire.FindNotify(payloads, wire.NotifyRedirectSupported)
	_, redirected := wire.FindNotify(payloads, wire.NotifyRedirectedFrom)
	return supported || redirected
}

// redirectFirst answers a first message with another gateway, without keeping anything (RFC 5685, Section 3). A client that is where
// it is to go stays.
func (s *Shard) redirectFirst(m *firstMessage, c *Connection) bool {
	to := c.RedirectTo
	nonce, ok := wire.Find[*wire.Nonce](m.payloads)
	if to.Gateway.IsZero() || to.Late || !ok || !redirectable(m.payloads) || to.Gateway.Addr == m.ev.Path.Local.Addr().Unmap() {
		return false
	}
	s.env.Stats.received(m.Header)
	data := wire.Redirect{Gateway: to.Gateway, Nonce: nonce.Data}.Append(nil)
	s.answer(m.Header, m.ev.Path, &Failure{Notify: wire.NotifyRedirect, Data: data})
	return true
}

// redirectsLate tells whether the client that has just proven who it is goes to another gateway (RFC 5685, Section 6).
func (sa *SA) redirectsLate() bool {
	to := sa.conn.RedirectTo
	return to.Late && !to.Gateway.IsZero() && sa.peer.redirectable && to.Gateway.Addr != sa.path.Local.Addr().Unmap()
}

// answerRedirected establishes the IKE SA without a child and sends its client away (RFC 5685, Section 6).
func (a *authentication) answerRedirected() error {
	sa := a.sa
	payloads, err := a.answerProof()
	if err != nil {
		return err
	}
	sa.becomeEstablished(sa.initial.login.asked)
	sa.reply(a.in, append(payloads, redirectPayload(sa.conn.RedirectTo.Gateway, nil)))
	sa.initial = nil
	sa.awaitLeaving(sa.conn.RedirectTo.Gateway)
	return nil
}

// redirectClient sends a client of an established IKE SA away (RFC 5685, Section 5).
func (sa *SA) redirectClient(g wire.Gateway) {
	if sa.peer.client || !sa.peer.redirectable {
		sa.fail(refuse(explain.IKERedirectRefused, 0, "%s cannot be redirected: it has not announced to support that, or is a gateway itself", sa.peerName()))
		return
	}
	sa.enqueue(&informTask{[]wire.Payload{redirectPayload(g, nil)}})
	sa.awaitLeaving(g)
}

// awaitLeaving closes the IKE SA of a client that does not leave by itself (RFC 5685, Section 5).
func (sa *SA) awaitLeaving(g wire.Gateway) {
	sa.peer.sentTo = &g
	sa.timers.set(timerRedirect, 0, sa.now.Add(sa.conn.RedirectTo.wait()))
}

func (sa *SA) redirectExpired() {
	sa.close(refuse(explain.IKERedirected, 0, "the client was redirected to %v and has not left", sa.peer.sentTo))
}

// redirectInit takes a REDIRECT that answers IKE_SA_INIT. Without our nonce it is of somebody who has not seen our request, and
// a better answer is waited for (RFC 5685, Section 3); likewise if only a gateway that has proven who it is may redirect us.
func (t *initTask) redirectInit(sa *SA, n *wire.Notify) error {
	r, err := wire.ParseRedirect(n.Data)
	switch {
	case err != nil:
		return invalidSyntax("%v", err)
	case sa.conn.FollowRedirects == RedirectIgnore || !bytes.Equal(r.Nonce, sa.initial.nonceI):
		return nil
	case sa.conn.FollowRedirects == RedirectAuthenticated:
		return refuse(explain.IKERedirectRefused, n.NotifyType, "%v redirects us to %v before it has proven who it is, and connection %q does not follow that", sa.path.Remote, r.Gateway, sa.conn.Name)
	}
	sa.redirected(r.Gateway)
	f := refuse(explain.IKERedirected, n.NotifyType, "%v redirects us to %v", sa.path.Remote, r.Gateway)
	f.Fatal = true
	sa.fail(f)
	return nil
}

// redirected tells the supervisor where to go.
func (sa *SA) redirected(g wire.Gateway) { sa.news(News{Kind: NewsRedirected, Gateway: g}) }

// redirectOf returns the gateway that a message sends us to, if we have connected and may follow a gateway that has proven who it is.
// There is no nonce in it (RFC 5685, Section 9.2).
func (sa *SA) redirectOf(payloads []wire.Payload) wire.Gateway {
	n, ok := wire.FindNotify(payloads, wire.NotifyRedirect)
	if !ok || !sa.peer.client || sa.conn.FollowRedirects == RedirectIgnore {
		return wire.Gateway{}
	}
	r, err := wire.ParseRedirect(n.Data)
	if err != nil || len(r.Nonce) > 0 {
		return wire.Gateway{}
	}
	return r.Gateway
}

// hearEarlyRedirect takes a REDIRECT in the first response of an IKE_AUTH that goes on with EAP. The gateway has proven who it is;
// no IKE SA is made (RFC 5685, Section 6).
func (a *authentication) hearEarlyRedirect() error {
	sa := a.sa
	l := &sa.initial.login
	first := l.proven == 1 && l.eap == nil && authOf(a.in.payloads) != nil && eapOf(a.in.payloads) == nil
	if round := sa.localRound(); !first || round == nil || round.Method != auth.MethodEAP {
		return a.next()
	}
	g := sa.redirectOf(a.in.payloads)
	if g.IsZero() {
		return a.next()
	}
	sa.redirected(g)
	f := refuse(explain.IKERedirected, wire.NotifyRedirect, "%v redirects us to %v", sa.path.Remote, g)
	f.Fatal = true
	sa.fail(f)
	return nil
}

// leaveFor ends the making of an IKE SA whose gateway has sent us to another one in its last response: it is established, and
// has no child (RFC 5685, Section 6).
func (a *authentication) leaveFor(g wire.Gateway) error {
	sa := a.sa
	sa.forgetFirstChild()
	sa.becomeEstablished(a.in.payloads)
	sa.initial = nil
	sa.redirected(g)
	return nil
}
