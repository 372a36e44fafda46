package ike

import (
	"strings"
	"testing"

	"culvert/auth"
	"culvert/eap"
	"culvert/explain"
	"culvert/wire"
)

// proveNothing has one side or both authenticate by NULL.
func proveNothing(initiator, responder bool) func(a, b *Connection) {
	return func(a, b *Connection) {
		if initiator {
			a.LocalAuth, b.RemoteAuth = []auth.Local{{Method: auth.MethodNULL}}, []auth.Remote{{Method: auth.MethodNULL}}
		}
		if responder {
			b.LocalAuth, a.RemoteAuth = []auth.Local{{Method: auth.MethodNULL}}, []auth.Remote{{Method: auth.MethodNULL}}
		}
	}
}

func TestNULLAuthenticationOfOneSideOrBoth(t *testing.T) {
	for name, tt := range map[string]struct{ initiator, responder bool }{"both": {true, true}, "initiator": {true, false}, "responder": {false, true}} {
		t.Run(name, func(t *testing.T) {
			_, na, nb := connected(t, proveNothing(tt.initiator, tt.responder))
			a, b := na.only(t), nb.only(t)
			if a.proof.Anonymous != tt.responder || b.proof.Anonymous != tt.initiator {
				t.Errorf("anonymous: responder %v, initiator %v", a.proof.Anonymous, b.proof.Anonymous)
			}
			if tt.initiator && (!b.remote.IsNull() || b.peerName() != "%null 192.0.2.1:500") {
				t.Errorf("the initiator is %v, called %q (RFC 7619, Section 3.1)", b.remote, b.peerName())
			}
		})
	}
}

// AUTH of NULL is made with SK_pi and SK_pr, so that it ties IKE_AUTH to IKE_SA_INIT.
func TestNULLIsStillBoundToTheIKESA(t *testing.T) {
	n, a, b := gateways(t, proveNothing(true, true))
	l := &eapLab{testNet: n, a: a, b: b}
	l.rewrite(a, func(_ uint32, payloads []wire.Payload) []wire.Payload {
		if p := authOf(payloads); p.Method != wire.AuthNull {
			t.Errorf("method %v (RFC 7619, Section 2.1)", p.Method)
		}
		authOf(payloads).Data[0] ^= 1
		return payloads
	})
	n.do(a, initiate(a))
	if f := b.failure(t, NewsClosed); f.Code != explain.AuthSignature || f.Notify != wire.NotifyAuthenticationFailed {
		t.Errorf("closed with %v", f)
	}
}

// Whatever a peer that proves nothing says it is: it comes near no connection that demands a proof.
func TestNULLGetsNoConnectionOfOthers(t *testing.T) {
	for _, claim := range []auth.Identity{{}, fqdn("a.example"), auth.NullIdentity()} {
		n, a, b := gateways(t, func(ca, cb *Connection) {
			ca.LocalAuth = []auth.Local{{ID: claim, Method: auth.MethodNULL}}
			cb.RemoteAuth[0].ID = auth.Identity{}
		})
		n.do(a, initiate(a))
		if f := b.failure(t, NewsClosed); f.Notify != wire.NotifyAuthenticationFailed || len(b.of(NewsEstablished)) != 0 {
			t.Errorf("as %v: closed with %v (RFC 7619, Section 2)", claim, f)
		}
	}
}

// Beside an open connection, one for a known peer is still that peer's.
func TestNULLBesideAKnownPeer(t *testing.T) {
	for _, proves := range []bool{true, false} {
		n, a, b := gateways(t, func(ca, cb *Connection) {
			if !proves {
				ca.LocalAuth = []auth.Local{{ID: fqdn("a.example"), Method: auth.MethodNULL}}
			}
		})
		open := pskConnection(t, "b.example", "anybody")
		open.Name, open.RemoteAuth = "open", []auth.Remote{{Method: auth.MethodNULL}}
		b.env.Connections = NewConnections(open, b.env.Connections.list[0])
		n.do(a, initiate(a))
		sa := b.only(t)
		if got := sa.conn.Name == "open"; got == proves || strings.HasPrefix(sa.peerName(), "%null") == proves {
			t.Errorf("proves %v: %q on connection %q", proves, sa.peerName(), sa.conn.Name)
		}
	}
}

// INITIAL_CONTACT of a peer without an identity is about nobody.
func TestNULLTakesNobodysPlace(t *testing.T) {
	n, a, b := gateways(t, proveNothing(true, false))
	a.env.Connections.list[0].InitialContact = true
	var asked []Admission
	b.env.Admit = func(ad Admission) Work {
		asked = append(asked, ad)
		return admitter{ad, func(Admission) Verdict { return Verdict{} }}
	}
	first := initiate(a)
	first.InitialContact = true
	n.do(a, first)
	if len(asked) != 1 || asked[0].InitialContact || !asked[0].Anonymous || !asked[0].Identity.IsNull() {
		t.Errorf("asked %+v (RFC 7619, Section 2.3)", asked)
	}
}

// A user whom EAP has authenticated is somebody, though IKE was told nothing: addresses and limits are the user's.
func TestUserBehindIDNULLIsNotAnonymous(t *testing.T) {
	l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
		a.LocalAuth[0].ID, b.RemoteAuth[0].ID = auth.NullIdentity(), auth.Identity{}
		l.client.inside.(*eap.Peer).Identity = "carol"
	})
	var asked []Admission
	l.b.env.Admit = func(ad Admission) Work {
		asked = append(asked, ad)
		return admitter{ad, func(Admission) Verdict { return Verdict{} }}
	}
	l.connect()
	if len(asked) != 1 || asked[0].Anonymous || asked[0].EAPIdentity != "carol" || asked[0].Identity != auth.UserIdentity("carol") {
		t.Errorf("asked %+v", asked)
	}
}

// EAP proves no responder by itself, however many rounds there are.
func TestNULLResponderIsNotToldAUserInALaterRound(t *testing.T) {
	l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
		a.LocalAuth = append([]auth.Local{signsAs("a.example")}, a.LocalAuth...)
		b.RemoteAuth = append([]auth.Remote{signedBy("a.example")}, b.RemoteAuth...)
		a.RemoteAuth, b.LocalAuth = []auth.Remote{{Method: auth.MethodNULL}}, []auth.Local{{Method: auth.MethodNULL}}
	})
	l.connect()
	l.elapse(rejectGrace)
	if f := l.a.failure(t, NewsClosed); f.Code != explain.AuthMethodRefused || len(l.client.begun) != 0 {
		t.Errorf("closed with %v", f)
	}
	if len(l.a.of(NewsEstablished))+len(l.b.of(NewsEstablished)) != 0 {
		t.Error("established")
	}
}
