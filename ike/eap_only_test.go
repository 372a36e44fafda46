package ike

import (
	"slices"
	"testing"
	"time"

	"culvert/auth"
	"culvert/eap"
	"culvert/explain"
	"culvert/wire"
)

// safeEAP makes client and server of the laboratory run a method of one message each way, with a key, which is safe by itself
// or says so wrongly.
func safeEAP(l *eapLab, client, server bool) {
	key := func(safe bool) eap.Result {
		return eap.Result{State: eap.Succeeded, Method: eap.TypeTLS, MSK: make([]byte, 64), EAPOnly: safe}
	}
	request := eap.Packet{Code: eap.CodeRequest, Identifier: 1, Type: eap.TypeTLS}.Encode()
	response := eap.Packet{Code: eap.CodeResponse, Identifier: 1, Type: eap.TypeTLS}.Encode()
	l.server.inside, l.server.step = nil, func(n int, _ []byte) eap.Result {
		r := key(server)
		if n == 0 {
			return eap.Result{Packet: request}
		}
		r.Packet, r.Identity = success(1), "carol"
		return r
	}
	l.client.inside, l.client.step = nil, func(n int, _ []byte) eap.Result {
		if n == 0 {
			return eap.Result{Packet: response}
		}
		return key(client)
	}
}

// eapAlone has both sides of the laboratory do without another proof of the responder.
func eapAlone(l *eapLab, a, b *Connection) {
	a.RemoteAuth[0] = auth.Remote{ID: fqdn("b.example"), Method: auth.MethodEAP}
	b.LocalAuth[0] = auth.Local{ID: fqdn("b.example"), Method: auth.MethodEAP}
	safeEAP(l, true, true)
}

func TestEAPOnlyAuthentication(t *testing.T) {
	l := newEAPLab(t, eapAlone)
	a, b := l.established(t)
	if got := l.a.authMessages()[0]; got != "IKE_AUTH request 1 [ IDi IDr N(EAP_ONLY_AUTHENTICATION) ]" {
		t.Errorf("the initiator sent %q", got)
	}
	want := []string{"IKE_AUTH response 1 [ IDr EAP ]", "IKE_AUTH response 2 [ EAP ]", "IKE_AUTH response 3 [ AUTH ]"}
	if got := l.b.authMessages(); !slices.Equal(got, want) {
		t.Errorf("the responder sent %q (RFC 5998, Section 3)", got)
	}
	if !slices.Equal(a.proof.Remote, []string{"EAP-TLS"}) || !slices.Equal(b.proof.Local, []string{"EAP-TLS"}) || a.peerName() != "b.example" {
		t.Errorf("proofs %+v and %+v", a.proof, b.proof)
	}
	if !l.client.begun[0].EAPOnly || !l.server.begun[0].EAPOnly {
		t.Error("EAP was not told that nothing else protects it")
	}
}

func TestEAPOnlyNeedsASafeMethodAndBothSides(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(l *eapLab, a, b *Connection)
		at     string
	}{
		"the method is not safe for the initiator": {func(l *eapLab, a, b *Connection) { safeEAP(l, false, true) }, "a"},
		"the method is not safe for the responder": {func(l *eapLab, a, b *Connection) { safeEAP(l, true, false) }, "b"},
		"the initiator demands a proof":            {func(l *eapLab, a, b *Connection) { a.RemoteAuth[0] = signedBy("b.example") }, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
				eapAlone(l, a, b)
				tt.change(l, a, b)
			})
			l.connect()
			l.elapse(rejectGrace)
			at := map[string]*testNode{"a": l.a, "b": l.b}[tt.at]
			if f := at.failure(t, NewsClosed); f.Code != explain.AuthEAPOnly {
				t.Errorf("closed with %v", f)
			}
			if len(l.a.of(NewsEstablished)) != 0 {
				t.Error("established")
			}
		})
	}
}

// Whoever may do without may still get the other proof, and checks it.
func TestEAPOnlyIsAnOffer(t *testing.T) {
	for name, accepts := range map[string]bool{"accepted": true, "not taken up": false} {
		l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
			a.RemoteAuth[0].EAPOnly, b.LocalAuth[0].EAPOnly = true, accepts
			safeEAP(l, accepts, accepts)
		})
		a, _ := l.established(t)
		want := "public key"
		if accepts {
			want = "EAP-TLS"
		}
		if !slices.Equal(a.proof.Remote, []string{want}) {
			t.Errorf("%s: proven by %q", name, a.proof.Remote)
		}
	}
}

// A responder whose proof somebody has cut out is not taken for one that leaves it to EAP.
func TestProofOfTheResponderCannotBeCutOut(t *testing.T) {
	l := newEAPLab(t, nil)
	l.rewrite(l.b, func(id uint32, payloads []wire.Payload) []wire.Payload { return without(payloads, wire.PayloadAuth) })
	l.connect()
	l.elapse(rejectGrace)
	if f := l.a.failure(t, NewsClosed); f.Code != explain.AuthEAPOnly || len(l.client.begun) != 0 {
		t.Errorf("closed with %v", f)
	}
}

func TestLoginIsBoundedInMessagesAndTime(t *testing.T) {
	endless := func(n int, _ []byte) eap.Result {
		return eap.Result{Packet: eap.Packet{Code: eap.CodeRequest, Identifier: byte(n), Type: eap.TypeTLS}.Encode()}
	}
	l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
		l.server.inside, l.server.step = nil, endless
		l.client.inside, l.client.step = nil, endless
	})
	l.connect()
	l.elapse(time.Minute)
	if len(l.server.heard) > maxEAPMessages || l.server.closed != 1 || l.client.closed != 1 || l.b.shard.Len() != 0 {
		t.Errorf("%d messages; closed %d and %d", len(l.server.heard), l.server.closed, l.client.closed)
	}
}

// stopped is a laboratory in which the third IKE_AUTH request never arrives.
func stopped(t *testing.T) *eapLab {
	l := newEAPLab(t, nil)
	l.tap = func(from, _ *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); h.Exchange == wire.ExchangeAuth && h.MessageID == 3 {
			return nil
		}
		return [][]byte{d}
	}
	l.connect()
	return l
}

func TestLoginThatStopsIsForgotten(t *testing.T) {
	l := stopped(t)
	l.elapse(loginTime - time.Second)
	if l.b.shard.HalfOpen() != 1 || l.server.closed != 0 || l.client.closed != 0 {
		t.Fatalf("%d half open", l.b.shard.HalfOpen())
	}
	l.elapse(time.Minute)
	if l.b.shard.HalfOpen() != 0 || l.server.closed != 1 || l.client.closed != 1 {
		t.Errorf("%d half open; closed %d and %d", l.b.shard.HalfOpen(), l.server.closed, l.client.closed)
	}
	if f := l.b.failure(t, NewsClosed); f.Code != explain.IKEHalfOpen {
		t.Errorf("closed with %v", f)
	}
}

func TestConversationIsClosedWithTheIKESA(t *testing.T) {
	l := stopped(t)
	for _, x := range []*testNode{l.a, l.b} {
		l.do(x, Command{SA: x.only(t).LocalSPI(), Event: Close{}})
	}
	if l.client.closed != 1 || l.server.closed != 1 {
		t.Errorf("closed %d and %d", l.client.closed, l.server.closed)
	}
}

// Who leaves the proof to EAP must still be whom the connection is for: EAP says that the server knows us, not who the gateway is.
func TestEAPOnlyResponderMustHaveTheIdentityOfTheConnection(t *testing.T) {
	l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
		eapAlone(l, a, b)
		b.LocalAuth[0].ID = fqdn("other.example")
	})
	l.connect()
	l.elapse(rejectGrace)
	if f := l.a.failure(t, NewsClosed); f.Code != explain.AuthIDRefused || len(l.client.begun) != 0 {
		t.Errorf("closed with %v", f)
	}
	if len(l.a.of(NewsEstablished)) != 0 {
		t.Error("established")
	}
}
