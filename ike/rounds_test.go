package ike

import (
	"slices"
	"testing"
	"time"

	"culvert/auth"
	"culvert/eap"
	"culvert/eap/md5"
	"culvert/explain"
	"culvert/wire"
)

// roundsOf are rounds with pre-shared keys and raw keys, by name: those with "psk" share a secret.
func roundsOf(names ...string) (ours []auth.Local, theirs []auth.Remote) {
	for _, n := range names {
		l, r := signsAs(n), signedBy(n)
		if n == "psk" {
			l = auth.Local{ID: fqdn(n), Method: auth.MethodPSK, Secrets: psk("a pre-shared key of good length")}
			r = auth.Remote{ID: fqdn(n), Method: auth.MethodPSK, Secrets: l.Secrets}
		}
		ours, theirs = append(ours, l), append(theirs, r)
	}
	return ours, theirs
}

// setRounds has both sides authenticate in rounds.
func setRounds(a, b *Connection, initiator, responder []string) {
	a.LocalAuth, b.RemoteAuth = roundsOf(initiator...)
	b.LocalAuth, a.RemoteAuth = roundsOf(responder...)
}

func TestRoundsFollowTheExamplesOfTheRFC(t *testing.T) {
	for name, tt := range map[string]struct {
		initiator, responder []string
		requests, responses  []string
	}{
		"several of the initiator (RFC 4739, Section 2.4)": {[]string{"a.example", "user.example"}, []string{"b.example"},
			[]string{"IKE_AUTH request 1 [ IDi CERT IDr AUTH N(ANOTHER_AUTH_FOLLOWS) N(MULTIPLE_AUTH_SUPPORTED) ]", "IKE_AUTH request 2 [ IDi CERT AUTH ]"},
			[]string{"IKE_AUTH response 1 [ IDr CERT AUTH ]", "IKE_AUTH response 2 [ ]"}},
		"several of the responder (RFC 4739, Section 2.5)": {[]string{"a.example"}, []string{"b.example", "site.example"},
			[]string{"IKE_AUTH request 1 [ IDi CERT IDr AUTH N(MULTIPLE_AUTH_SUPPORTED) ]", "IKE_AUTH request 2 [ ]"},
			[]string{"IKE_AUTH response 1 [ IDr CERT AUTH N(ANOTHER_AUTH_FOLLOWS) ]", "IKE_AUTH response 2 [ IDr CERT AUTH ]"}},
		"three and two, of several methods": {[]string{"a.example", "psk", "user.example"}, []string{"psk", "b.example"},
			[]string{"IKE_AUTH request 1 [ IDi CERT IDr AUTH N(ANOTHER_AUTH_FOLLOWS) N(MULTIPLE_AUTH_SUPPORTED) ]", "IKE_AUTH request 2 [ IDi AUTH N(ANOTHER_AUTH_FOLLOWS) ]", "IKE_AUTH request 3 [ IDi CERT AUTH ]"},
			[]string{"IKE_AUTH response 1 [ IDr AUTH N(ANOTHER_AUTH_FOLLOWS) ]", "IKE_AUTH response 2 [ IDr CERT AUTH ]", "IKE_AUTH response 3 [ ]"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, a, b := connected(t, func(ca, cb *Connection) { setRounds(ca, cb, tt.initiator, tt.responder) })
			if got := a.authMessages(); !slices.Equal(got, tt.requests) {
				t.Errorf("the initiator sent %q", got)
			}
			if got := b.authMessages(); !slices.Equal(got, tt.responses) {
				t.Errorf("the responder sent %q", got)
			}
			if got := b.only(t).peerName(); got != "a.example" {
				t.Errorf("the responder's peer is %s", got)
			}
		})
	}
}

func TestRoundsHaveToBeThoseThatAreConfigured(t *testing.T) {
	two := []string{"a.example", "user.example"}
	for name, tt := range map[string]struct {
		change func(a, b *Connection)
		at     string
		code   explain.Code
	}{
		"a round too few":             {func(a, b *Connection) { a.LocalAuth = a.LocalAuth[:1] }, "b", explain.AuthRounds},
		"a round too many":            {func(a, b *Connection) { b.RemoteAuth = b.RemoteAuth[:1] }, "b", explain.AuthRounds},
		"a wrong second round":        {func(a, b *Connection) { b.RemoteAuth[1] = signedBy("other.example") }, "b", explain.AuthIDRefused},
		"another key in it":           {func(a, b *Connection) { a.LocalAuth[1].Credentials[0].Key = signer("x") }, "b", explain.AuthRawKeyUnknown},
		"the responder has too few":   {func(a, b *Connection) { _, a.RemoteAuth = roundsOf("b.example", "site.example") }, "a", explain.AuthRounds},
		"the responder has too many":  {func(a, b *Connection) { b.LocalAuth, _ = roundsOf("b.example", "site.example") }, "a", explain.AuthRounds},
		"EAP where a key is demanded": {func(a, b *Connection) { a.LocalAuth[1] = auth.Local{Method: auth.MethodEAP, EAP: &scriptedEAP{}} }, "b", explain.AuthEAPUnavailable},
		"a key where EAP is demanded": {func(a, b *Connection) { b.RemoteAuth[1] = auth.Remote{Method: auth.MethodEAP, EAP: &scriptedEAP{}} }, "b", explain.AuthMethodRefused},
		"a secret where a key should be": {func(a, b *Connection) {
			ours, _ := roundsOf("psk")
			a.LocalAuth[1] = ours[0]
			b.RemoteAuth[1].ID = auth.Identity{}
		}, "b", explain.AuthMethodRefused},
	} {
		t.Run(name, func(t *testing.T) {
			n, a, b := gateways(t, func(ca, cb *Connection) {
				setRounds(ca, cb, two, []string{"b.example"})
				tt.change(ca, cb)
			})
			n.do(a, initiate(a))
			at := b
			if tt.at == "a" {
				at = a
				n.elapse(rejectGrace)
			}
			if f := at.failure(t, NewsClosed); f.Code != tt.code {
				t.Errorf("closed with %v", f)
			}
			if len(at.of(NewsEstablished)) != 0 {
				t.Error("established")
			}
		})
	}
}

// A responder without RFC 4739 is not surprised with a second round.
func TestPeerWithoutSeveralRounds(t *testing.T) {
	n, a, _ := gateways(t, func(ca, cb *Connection) {
		setRounds(ca, cb, []string{"a.example", "user.example"}, []string{"b.example"})
	})
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); from != a && h.Exchange == wire.ExchangeSAInit {
			m, _ := wire.Parse(d)
			a.only(t).initial.login.multiple = false
			var kept []wire.Payload
			for _, p := range m.Payloads {
				if nt, ok := p.(*wire.Notify); !ok || nt.NotifyType != wire.NotifyMultipleAuthSupported {
					kept = append(kept, p)
				}
			}
			m.Payloads = kept
			d = m.Append(nil)
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	if f := a.failure(t, NewsClosed); f.Code != explain.AuthRounds || len(a.authMessages()) != 0 {
		t.Errorf("closed with %v after %q", f, a.authMessages())
	}
}

func TestEAPAfterAnotherRound(t *testing.T) {
	l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
		ours, theirs := roundsOf("a.example")
		a.LocalAuth = append(ours, auth.Local{ID: fqdn("user.example"), Method: auth.MethodEAP, EAP: l.client})
		b.RemoteAuth = append(theirs, auth.Remote{ID: fqdn("user.example"), Method: auth.MethodEAP, EAP: l.server})
	})
	a, b := l.established(t)
	want := []string{"IKE_AUTH request 1 [ IDi CERT IDr AUTH N(ANOTHER_AUTH_FOLLOWS) N(MULTIPLE_AUTH_SUPPORTED) ]", "IKE_AUTH request 2 [ IDi ]",
		"IKE_AUTH request 3 [ EAP ]", "IKE_AUTH request 4 [ EAP ]", "IKE_AUTH request 5 [ EAP ]", "IKE_AUTH request 6 [ AUTH ]"}
	if got := l.a.authMessages(); !slices.Equal(got, want) {
		t.Errorf("the initiator sent %q (RFC 4739, Section 2.3)", got)
	}
	if p := b.proof; p.IKEIdentity != fqdn("a.example") || p.EAPIdentity != "carol" || !slices.Equal(p.Remote, []string{"public key", "EAP-MSCHAPv2"}) {
		t.Errorf("proof %+v", p)
	}
	if a.local != fqdn("a.example") || l.server.begun[0].IKEIdentity != "user.example" {
		t.Errorf("a is %v, the server was asked for %s", a.local, l.server.begun[0].IKEIdentity)
	}
}

func TestTwoConversations(t *testing.T) {
	var second *scriptedEAP
	l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
		password := eap.Stored([]byte("a password"))
		second = &scriptedEAP{inside: &eap.Authenticator{AskIdentity: true, Methods: []eap.Method{md5.Server{Accounts: users()}}}}
		client := &eap.Peer{Identity: "carol", Methods: []eap.Method{md5.Client{Password: password}}}
		a.LocalAuth = append(a.LocalAuth, auth.Local{ID: fqdn("user.example"), Method: auth.MethodEAP, EAP: client, EAPKeyless: true})
		b.RemoteAuth = append(b.RemoteAuth, auth.Remote{Method: auth.MethodEAP, EAP: second, EAPKeyless: true})
	})
	_, b := l.established(t)
	if got := b.proof.Remote; !slices.Equal(got, []string{"EAP-MSCHAPv2", "EAP-MD5"}) || l.server.closed != 1 || second.closed != 1 || len(b.proof.Grants) != 2 {
		t.Errorf("proof %q; closed %d and %d times (RFC 4739, Section 2.2)", got, l.server.closed, second.closed)
	}
}

// With more rounds of ours than EAP has messages one is left for behind its end.
func TestResponderHasMoreRoundsThanEAPHasMessages(t *testing.T) {
	names := []string{"b.example", "c.example", "d.example", "e.example", "f.example", "g.example"}
	l := newEAPLab(t, func(l *eapLab, a, b *Connection) { b.LocalAuth, a.RemoteAuth = roundsOf(names...) })
	a, _ := l.established(t)
	if len(a.proof.Remote) != len(names) {
		t.Errorf("proven %q", a.proof.Remote)
	}
}

func TestSessionEndsWhenTheAccountSays(t *testing.T) {
	l := newEAPLab(t, func(l *eapLab, a, b *Connection) { b.AuthLifetime, b.AuthGrace = 3*time.Hour, time.Hour })
	accounts := users()
	accounts["carol"].Grant.SessionTimeout = time.Hour
	l.server.inside.(*eap.Authenticator).Methods = mschap(accounts)
	a, b := l.established(t)
	if got := a.peer.authLifetime; got != time.Hour {
		t.Errorf("the initiator was told %v", got)
	}
	if got := b.timers.at(timerExpire, 0).Sub(l.now); got != time.Hour {
		t.Errorf("the IKE SA ends in %v", got)
	}
	if at := a.timers.at(timerReauth, 0).Sub(l.now); at <= 0 || at >= time.Hour {
		t.Errorf("the initiator authenticates anew in %v", at)
	}
}

func TestChildForAGroup(t *testing.T) {
	for group, want := range map[string]bool{"staff": true, "board": false} {
		l := newEAPLab(t, func(l *eapLab, a, b *Connection) {
			a.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "10.2.0.0/16")}
			b.Children = []*ChildConfig{netChild(t, "10.2.0.0/16", "10.1.0.0/16")}
			b.Children[0].Groups = []string{group}
		})
		_, b := l.established(t)
		if got := len(b.children) == 1; got != want {
			t.Errorf("child for %s: %v", group, got)
		}
		if !want && l.b.failure(t, NewsFailure).Code != explain.AuthGroup {
			t.Errorf("failure %v", l.b.digest())
		}
	}
}
