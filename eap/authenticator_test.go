package eap

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"culvert/explain"
)

// fixed is randomness whose first octet makes the first identifier 1.
func fixed() *bytes.Reader { return bytes.NewReader(make([]byte, 64)) }

func beginAuthenticator(t testing.TB, a Authenticator, s Session) Conversation {
	t.Helper()
	s.Rand = fixed()
	if s.IKEIdentity == "" {
		s.IKEIdentity = "ike@example.org"
	}
	c, err := a.Begin(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAuthenticatorAuthenticates(t *testing.T) {
	c := beginAuthenticator(t, Authenticator{AskIdentity: true, Methods: []Method{client(TypeTLS, asks, asks, done())}}, Session{})
	for _, tt := range []struct{ in, want []byte }{
		{nil, request(1, TypeIdentity, "")},
		{response(1, TypeIdentity, "dave"), request(2, TypeTLS, "ask")},
		{response(2, TypeTLS, "1"), request(3, TypeTLS, "ask")},
	} {
		r := steps(t, c, tt.in)
		if r.State != Continuing || !bytes.Equal(r.Packet, tt.want) {
			t.Fatalf("got %v %x, want %x", r.State, r.Packet, tt.want)
		}
	}
	r := steps(t, c, response(3, TypeTLS, "2"))
	if r.State != Succeeded || !bytes.Equal(r.Packet, bare(CodeSuccess, 3)) || !r.MSK.Equal(key()) || r.Identity != "carol" || !r.EAPOnly {
		t.Errorf("got %+v", r)
	}
	r = steps(t, c, response(3, TypeTLS, "2"))
	checkCode(t, r, explain.EAPProtocol)
	if r.Packet != nil {
		t.Errorf("got %x after the end", r.Packet)
	}
}

func TestAuthenticatorAsksForTheIdentityWhereItMust(t *testing.T) {
	ours := []Method{client(TypeTLS, asks, Step{State: Succeeded})}
	for name, tt := range map[string]struct {
		server  Authenticator
		session Session
		ask     bool
	}{
		"IKE has one":     {Authenticator{Methods: ours}, Session{IKEIdentity: "erin"}, false},
		"IKE has none":    {Authenticator{Methods: ours}, Session{}, true},
		"configured":      {Authenticator{Methods: ours, AskIdentity: true}, Session{IKEIdentity: "erin"}, true},
		"inside a tunnel": {Authenticator{Methods: ours}, Session{IKEIdentity: "erin", Tunnelled: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := tt.server.Begin(tt.session)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Parse(steps(t, c, nil).Packet)
			if err != nil || (p.Type == TypeIdentity) != tt.ask {
				t.Fatalf("got %+v, %v", p, err)
			}
			if tt.ask {
				return
			}
			if r := steps(t, c, response(p.Identifier, TypeTLS, "")); r.State != Succeeded || r.Identity != "erin" {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestAuthenticatorFollowsNak(t *testing.T) {
	c := beginAuthenticator(t, Authenticator{Methods: []Method{client(TypeTLS, asks), client(TypeTTLS, asks), client(TypeMSCHAPv2, asks, done())}}, Session{})
	r := steps(t, c, nil, response(1, TypeNak, "\x19\x1a"))
	if !bytes.Equal(r.Packet, request(2, TypeMSCHAPv2, "ask")) {
		t.Fatalf("got %x", r.Packet)
	}
	if r = steps(t, c, response(2, TypeMSCHAPv2, "")); r.State != Succeeded || r.Method != TypeMSCHAPv2 {
		t.Errorf("got %+v", r)
	}
}

func TestAuthenticatorFollowsExpandedNak(t *testing.T) {
	c := beginAuthenticator(t, Authenticator{Methods: []Method{client(VendorType(9, 1), asks), client(TypeMSCHAPv2, asks, done())}}, Session{})
	r := steps(t, c, nil)
	if !bytes.Equal(r.Packet, unhex(t, "0101000ffe0000090000000161736b")) {
		t.Fatalf("got %x", r.Packet)
	}
	r = steps(t, c, unhex(t, "02010014fe00000000000003fe0000000000001a"))
	if !bytes.Equal(r.Packet, request(2, TypeMSCHAPv2, "ask")) {
		t.Fatalf("got %x", r.Packet)
	}
}

func TestAuthenticatorEndsWithoutACommonMethod(t *testing.T) {
	for name, naks := range map[string][][]byte{
		"nothing": {response(1, TypeNak, "\x00")}, "empty": {response(1, TypeNak, "")}, "one that is not ours": {response(1, TypeNak, "\x06")},
		"the same again": {response(1, TypeNak, "\x0d")}, "one after the other": {response(1, TypeNak, "\x1a"), response(2, TypeNak, "\x0d\x1a")},
	} {
		t.Run(name, func(t *testing.T) {
			c := beginAuthenticator(t, Authenticator{Methods: []Method{client(TypeTLS, asks), client(TypeMSCHAPv2, asks)}}, Session{})
			r := steps(t, c, append([][]byte{nil}, naks...)...)
			checkCode(t, r, explain.EAPNoMethod)
			if !bytes.Equal(r.Packet, bare(CodeFailure, uint8(len(naks)))) {
				t.Errorf("got %x", r.Packet)
			}
			if !strings.Contains(r.Err.Error(), "EAP-TLS, EAP-MSCHAPv2") {
				t.Errorf("%q does not name our methods", r.Err)
			}
		})
	}
}

func TestAuthenticatorSkipsMethodsThatAreNotForTheIdentity(t *testing.T) {
	closed := 0
	none := client(TypeAKA, Fail(Missing("ike", "a SIM")))
	none.closed = &closed
	c := beginAuthenticator(t, Authenticator{Methods: []Method{none, client(TypeMSCHAPv2, asks)}}, Session{})
	if r := steps(t, c, nil); !bytes.Equal(r.Packet, request(1, TypeMSCHAPv2, "ask")) || closed != 1 {
		t.Errorf("got %x, closed %d times", r.Packet, closed)
	}
	c = beginAuthenticator(t, Authenticator{Methods: []Method{none}}, Session{})
	checkCode(t, steps(t, c, nil), explain.EAPCredential)
}

func TestAuthenticatorDiscardsWhatIsNotForIt(t *testing.T) {
	for name, packet := range map[string][]byte{
		"nothing": nil, "another identifier": response(2, TypeTLS, ""), "a request": request(1, TypeTLS, ""),
		"another type": response(1, TypeMSCHAPv2, ""), "an identity": response(1, TypeIdentity, "eve"), "success": bare(CodeSuccess, 1),
		"a notification": response(1, TypeNotification, ""),
	} {
		t.Run(name, func(t *testing.T) {
			c := beginAuthenticator(t, Authenticator{Methods: []Method{client(TypeTLS, asks, done())}}, Session{})
			if r := steps(t, c, nil, packet); !r.Discarded || r.Packet != nil || r.State != Continuing {
				t.Errorf("got %+v", r)
			}
		})
	}
	t.Run("a late Nak", func(t *testing.T) {
		c := beginAuthenticator(t, Authenticator{Methods: []Method{client(TypeTLS, asks, asks, done())}}, Session{})
		if r := steps(t, c, nil, response(1, TypeTLS, ""), response(2, TypeNak, "\x0d")); !r.Discarded {
			t.Errorf("got %+v", r)
		}
	})
}

func TestAuthenticatorTellsWhyItFailed(t *testing.T) {
	t.Run("the method says no", func(t *testing.T) {
		c := beginAuthenticator(t, Authenticator{Methods: []Method{client(TypeTLS, asks, Fail(WrongPassword("eve")))}}, Session{})
		r := steps(t, c, nil, response(1, TypeTLS, ""))
		checkCode(t, r, explain.EAPPassword)
		if !bytes.Equal(r.Packet, bare(CodeFailure, 1)) || r.MSK != nil {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("the identity is not one", func(t *testing.T) {
		c := beginAuthenticator(t, Authenticator{AskIdentity: true, Methods: []Method{client(TypeTLS, asks)}}, Session{})
		checkCode(t, steps(t, c, nil, response(1, TypeIdentity, "a\x00b")), explain.EAPIdentity)
	})
	t.Run("the method cannot begin", func(t *testing.T) {
		m := client(TypeTLS, asks)
		m.begin = errScripted
		checkCode(t, steps(t, beginAuthenticator(t, Authenticator{Methods: []Method{m}}, Session{}), nil), explain.EAPMethod)
	})
	t.Run("no randomness", func(t *testing.T) {
		_, err := (&Authenticator{Methods: []Method{client(TypeTLS, asks)}}).Begin(Session{Rand: bytes.NewReader(nil)})
		if _, ok := errors.AsType[*Failure](err); !ok {
			t.Errorf("got %v", err)
		}
	})
}

func TestAuthenticatorEndsAConversationWithoutEnd(t *testing.T) {
	c := beginAuthenticator(t, Authenticator{Methods: []Method{client(TypeTLS, asks)}}, Session{})
	steps(t, c, nil)
	for i := range maxRounds - 1 {
		if r := steps(t, c, response(uint8(i+1), TypeTLS, "")); r.State != Continuing || r.Discarded {
			t.Fatalf("round %d: %+v", i, r)
		}
	}
	checkCode(t, steps(t, c, response(maxRounds, TypeTLS, "")), explain.EAPTooLong)
}

func FuzzAuthenticator(f *testing.F) {
	f.Add(response(1, TypeIdentity, "a"), response(2, TypeTLS, "x"), response(3, TypeTLS, "x"))
	f.Add(response(1, TypeIdentity, "a"), response(2, TypeNak, "\x1a"), response(3, TypeMSCHAPv2, "x"))
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		conv := beginAuthenticator(t, Authenticator{AskIdentity: true,
			Methods: []Method{client(TypeTLS, asks, asks, asks, done()), client(TypeMSCHAPv2, asks, asks, asks, done())}}, Session{})
		defer conv.Close()
		steps(t, conv, nil)
		for _, p := range [][]byte{a, b, c} {
			if r := steps(t, conv, p); r.State == Succeeded {
				t.Error("success before the method was done")
			}
		}
	})
}

// A server that comes after another one goes on behind what the client has said, and asks for nothing twice.
func TestAuthenticatorFollowsWhatWasSaid(t *testing.T) {
	a := Authenticator{AskIdentity: true, Methods: []Method{client(TypeTLS, asks, done())}}
	c := beginAuthenticator(t, a, Session{Before: &Before{Identity: []byte("dave"), Identifier: 7}})
	if r := steps(t, c, nil); !bytes.Equal(r.Packet, request(8, TypeTLS, "ask")) {
		t.Errorf("got %x", r.Packet)
	}
	c = beginAuthenticator(t, a, Session{Before: &Before{Identifier: 255}})
	if r := steps(t, c, nil); !bytes.Equal(r.Packet, request(0, TypeIdentity, "")) {
		t.Errorf("without a name: got %x", r.Packet)
	}
	if _, err := a.Begin(Session{Rand: fixed(), Before: &Before{Identity: []byte("da\x00ve")}}); err == nil {
		t.Error("a name that is none is accepted")
	}
}

// What a client has declined is told to whoever comes next; one that has begun a method has declined nothing.
func TestAuthenticatorTellsWhatWasDeclined(t *testing.T) {
	c := beginAuthenticator(t, Authenticator{AskIdentity: true, Methods: []Method{client(TypeTLS, asks, asks, done())}}, Session{})
	steps(t, c, nil)
	steps(t, c, response(1, TypeIdentity, "dave"))
	r := steps(t, c, response(2, TypeNak, string([]byte{byte(TypeMSCHAPv2)})))
	if r.State != Failed || r.Declined == nil || string(r.Declined.Identity) != "dave" || r.Declined.Identifier != 2 {
		t.Errorf("got %+v", r)
	}
}
