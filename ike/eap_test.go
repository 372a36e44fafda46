package ike

import (
	"slices"
	"testing"

	"culvert/auth"
	"culvert/eap"
	"culvert/eap/eaptest"
	"culvert/eap/md5"
	"culvert/explain"
	"culvert/wire"
)

func TestEAPFollowsTheRFC(t *testing.T) {
	l := newEAPLab(t, nil)
	a, b := l.established(t)
	want := []string{"IKE_AUTH request 1 [ IDi IDr ]", "IKE_AUTH request 2 [ EAP ]", "IKE_AUTH request 3 [ EAP ]", "IKE_AUTH request 4 [ EAP ]", "IKE_AUTH request 5 [ AUTH ]"}
	if got := l.a.authMessages(); !slices.Equal(got, want) {
		t.Errorf("the initiator sent %q (RFC 7296, Section 2.16)", got)
	}
	want = []string{"IKE_AUTH response 1 [ IDr CERT AUTH EAP ]", "IKE_AUTH response 2 [ EAP ]", "IKE_AUTH response 3 [ EAP ]", "IKE_AUTH response 4 [ EAP ]", "IKE_AUTH response 5 [ AUTH ]"}
	if got := l.b.authMessages(); !slices.Equal(got, want) {
		t.Errorf("the responder sent %q", got)
	}
	if p := b.proof; p.EAPIdentity != "carol" || p.IKEIdentity != fqdn("a.example") || b.peerName() != "carol" ||
		!slices.Equal(p.Remote, []string{"EAP-MSCHAPv2"}) || !slices.Equal(p.Local, []string{"public key"}) || !slices.Equal(p.Groups(), []string{"staff"}) {
		t.Errorf("the responder knows %+v", p)
	}
	if p := a.proof; !slices.Equal(p.Local, []string{"EAP-MSCHAPv2"}) || !slices.Equal(p.Remote, []string{"public key"}) || a.peerName() != "b.example" {
		t.Errorf("the initiator knows %+v", p)
	}
}

func TestConversationIsClosedWhenItHasEnded(t *testing.T) {
	l := newEAPLab(t, nil)
	l.established(t)
	if l.client.closed != 1 || l.server.closed != 1 || len(l.client.begun) != 1 || len(l.server.begun) != 1 {
		t.Errorf("begun and closed: client %d %d, server %d %d", len(l.client.begun), l.client.closed, len(l.server.begun), l.server.closed)
	}
}

func TestSessionTellsWhoAsks(t *testing.T) {
	l := newEAPLab(t, nil)
	l.established(t)
	got, other := l.server.begun[0], l.client.begun[0]
	if got.IKEIdentity != "a.example" || got.Connection != "b.example-a.example" || got.Remote.Addr() != addrA || got.EAPOnly || got.ID == "" || got.ID != other.ID {
		t.Errorf("the server got %+v, the client %+v", got, other)
	}
}

func TestMethodWithoutKeysIsRefusedUnlessAllowed(t *testing.T) {
	for name, tt := range map[string]struct{ client, server bool }{"allowed": {true, true}, "not by the client": {false, true}, "not by the server": {true, false}} {
		t.Run(name, func(t *testing.T) {
			l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
				l.server.inside = &eap.Authenticator{AskIdentity: true, Methods: []eap.Method{md5.Server{Accounts: users()}}}
				a.LocalAuth[0].EAPKeyless, b.RemoteAuth[0].EAPKeyless = tt.client, tt.server
			})
			if tt.client && tt.server {
				_, b := l.established(t)
				if !slices.Equal(b.proof.Remote, []string{"EAP-MD5"}) {
					t.Errorf("proof %+v", b.proof)
				}
				return
			}
			l.connect()
			at := l.a
			if tt.client {
				at = l.b
			}
			if f := at.failure(t, NewsClosed); f.Code != explain.AuthEAPKeyless {
				t.Errorf("closed with %v", f)
			}
			if len(l.a.of(NewsEstablished))+len(l.b.of(NewsEstablished)) != 0 {
				t.Error("established (RFC 7296, Section 2.16)")
			}
		})
	}
}

func TestWrongPasswordIsReportedOnBothSides(t *testing.T) {
	l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
		l.server.inside.(*eap.Authenticator).Methods = []eap.Method{md5.Server{Accounts: eaptest.Accounts{"carol": {User: "carol", Cleartext: []byte("another")}}}}
		a.LocalAuth[0].EAPKeyless, b.RemoteAuth[0].EAPKeyless = true, true
	})
	l.connect()
	last := l.b.authMessages()
	if got := last[len(last)-1]; got != "IKE_AUTH response 3 [ EAP ]" {
		t.Errorf("the responder's last message is %q: EAP-Failure says it all", got)
	}
	if f := l.b.failure(t, NewsClosed); f.Code != explain.EAPPassword {
		t.Errorf("the responder closed with %v", f)
	}
	if f := l.a.failure(t, NewsClosed); f.Code == explain.IKEInternal || f.Code == "" {
		t.Errorf("the initiator closed with %v", f)
	}
	if l.client.closed != 1 || l.server.closed != 1 {
		t.Error("a conversation was not closed")
	}
}

// success is an EAP-Success packet.
func success(id byte) []byte { return eap.Packet{Code: eap.CodeSuccess, Identifier: id}.Encode() }

// No success before the method has come to its end, whatever the responder says.
func TestEarlySuccessIsRefused(t *testing.T) {
	for _, at := range []uint32{1, 2, 3} {
		l := newEAPLab(t, nil)
		l.rewrite(l.b, func(id uint32, payloads []wire.Payload) []wire.Payload {
			if id != at {
				return payloads
			}
			return append(without(payloads, wire.PayloadEAP), &wire.EAP{Data: success(payloads[len(payloads)-1].(*wire.EAP).Data[1])})
		})
		l.connect()
		l.elapse(rejectGrace)
		if len(l.a.of(NewsEstablished)) != 0 || len(l.a.of(NewsClosed)) != 1 {
			t.Errorf("success in response %d: a has %q", at, l.a.digest())
		}
		if got := l.a.authMessages(); slices.ContainsFunc(got, func(m string) bool { return m[len(m)-8:] == "[ AUTH ]" }) {
			t.Errorf("success in response %d: a answered with AUTH: %q", at, got)
		}
	}
}

// A server that does not know the key of the method has not been in the conversation.
func TestAUTHAfterEAPIsVerified(t *testing.T) {
	spoil := func(id uint32, payloads []wire.Payload) []wire.Payload {
		if proof := authOf(payloads); proof != nil && id == 5 {
			proof.Data[3] ^= 1
		}
		return payloads
	}
	for _, side := range []string{"initiator", "responder"} {
		l := newEAPLab(t, nil)
		liar, other := l.a, l.b
		if side == "responder" {
			liar, other = l.b, l.a
		}
		l.rewrite(liar, spoil)
		l.connect()
		l.elapse(rejectGrace)
		if f := other.failure(t, NewsClosed); f.Code != explain.AuthEAPKey {
			t.Errorf("AUTH of the %s: closed with %v", side, f)
		}
		if len(other.of(NewsEstablished)) != 0 {
			t.Errorf("AUTH of the %s: established", side)
		}
	}
}

func TestEAPWithoutTheOtherSide(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(l *eapLab, a, b *Connection)
		code   explain.Code
		at     string
	}{
		"the responder demands a key":   {func(l *eapLab, a, b *Connection) { b.RemoteAuth[0] = signedBy("a.example") }, explain.AuthEAPUnavailable, "b"},
		"the responder has no server":   {func(l *eapLab, a, b *Connection) { b.RemoteAuth[0].EAP = nil }, explain.AuthEAPUnavailable, "b"},
		"the server cannot begin":       {func(l *eapLab, a, b *Connection) { l.server.refusing = &eap.Failure{Code: explain.EAPMethod} }, explain.EAPMethod, "b"},
		"the client cannot begin":       {func(l *eapLab, a, b *Connection) { l.client.refusing = &eap.Failure{Code: explain.EAPMethod} }, explain.EAPMethod, "a"},
		"the initiator has no client":   {func(l *eapLab, a, b *Connection) { a.LocalAuth[0].EAP = nil }, explain.AuthNoCredential, "a"},
		"the initiator does not do EAP": {func(l *eapLab, a, b *Connection) { a.LocalAuth[0] = signsAs("a.example") }, explain.AuthMethodRefused, "b"},
		"the user is another":           {func(l *eapLab, a, b *Connection) { b.RemoteAuth[0].EAPIdentity = fqdn("dave") }, explain.AuthIDRefused, "b"},
		"the user is in another group":  {func(l *eapLab, a, b *Connection) { b.RemoteAuth[0].Groups = []string{"guests"} }, explain.AuthGroup, "b"},
		"the peer is another":           {func(l *eapLab, a, b *Connection) { b.RemoteAuth[0].ID = fqdn("*.elsewhere") }, explain.IKENoConnection, "b"},
		"the responder proves nothing":  {func(l *eapLab, a, b *Connection) { b.LocalAuth[0] = auth.Local{Method: auth.MethodNULL} }, explain.AuthMethodRefused, "b"},
		"nothing of the responder's own": {func(l *eapLab, a, b *Connection) {
			b.LocalAuth[0] = auth.Local{ID: fqdn("b.example"), Method: auth.MethodEAP}
		}, explain.AuthEAPOnly, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newEAPLab(t, tt.change)
			l.connect()
			at := l.b
			if tt.at == "a" {
				at = l.a
				l.elapse(rejectGrace)
			}
			if f := at.failure(t, NewsClosed); f.Code != tt.code {
				t.Errorf("closed with %v", f)
			}
			if len(l.a.of(NewsEstablished))+len(l.b.of(NewsEstablished)) != 0 {
				t.Error("established")
			}
			if l.server.refusing == nil && l.client.refusing == nil && (l.server.closed != len(l.server.begun) || l.client.closed != len(l.client.begun)) {
				t.Error("a conversation was not closed")
			}
		})
	}
}

// The first thing of ours that a password stands behind is for a responder that has proven who it is.
func TestNothingIsSaidToAResponderThatIsNotProven(t *testing.T) {
	l := newEAPLab(t, func(l *eapLab, a, b *Connection) { a.RemoteAuth[0] = signedBy("c.example") })
	l.connect()
	l.elapse(rejectGrace)
	if len(l.client.begun) != 0 || len(l.a.authMessages()) != 1 {
		t.Errorf("a sent %q", l.a.authMessages())
	}
	if f := l.b.failure(t, NewsClosed); f.Code != explain.IKEAuthPeerRejected || l.server.closed != 1 {
		t.Errorf("b closed with %v; conversation closed %d times", f, l.server.closed)
	}
}
