package eap

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"culvert/explain"
)

func request(id uint8, t Type, data string) []byte {
	return Packet{Code: CodeRequest, Identifier: id, Type: t, Data: []byte(data)}.Encode()
}

func response(id uint8, t Type, data string) []byte {
	return Packet{Code: CodeResponse, Identifier: id, Type: t, Data: []byte(data)}.Encode()
}

func bare(code Code, id uint8) []byte { return Packet{Code: code, Identifier: id}.Encode() }

func beginPeer(t testing.TB, s Session, methods ...Method) Conversation {
	t.Helper()
	c, err := (&Peer{Identity: "carol", Methods: methods}).Begin(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// steps gives packets to a conversation and returns the last result.
func steps(t testing.TB, c Conversation, packets ...[]byte) Result {
	t.Helper()
	var r Result
	for _, p := range packets {
		r = c.Step(t.Context(), p)
	}
	return r
}

func checkCode(t testing.TB, r Result, want explain.Code) {
	t.Helper()
	f, ok := errors.AsType[*Failure](r.Err)
	if r.State != Failed || !ok || f.Code != want {
		t.Errorf("got %v, %v, want %s", r.State, r.Err, want)
	}
	if ok && (f.Cause == "" || f.Action == "") {
		t.Errorf("%q is no explanation", f.Error())
	}
}

func TestPeerAuthenticates(t *testing.T) {
	c := beginPeer(t, Session{}, client(TypeTLS, answers, done()))
	for _, tt := range []struct{ in, want []byte }{
		{request(1, TypeIdentity, ""), response(1, TypeIdentity, "carol")},
		{request(2, TypeTLS, "start"), response(2, TypeTLS, "answer")},
		{request(3, TypeTLS, "more"), response(3, TypeTLS, "done")},
	} {
		r := steps(t, c, tt.in)
		if r.State != Continuing || !bytes.Equal(r.Packet, tt.want) {
			t.Fatalf("got %v %x, want %x", r.State, r.Packet, tt.want)
		}
	}
	r := steps(t, c, bare(CodeSuccess, 3))
	if r.State != Succeeded || r.Packet != nil || !r.MSK.Equal(key()) || r.Method != TypeTLS || !r.EAPOnly {
		t.Errorf("got %+v", r)
	}
	c.Close()
	if !r.MSK.Equal(key()) {
		t.Error("Close has cleared the caller's key")
	}
}

func TestPeerTakesTheIdentityOfIKE(t *testing.T) {
	c, err := (&Peer{Methods: []Method{client(TypeTLS, done())}}).Begin(Session{IKEIdentity: "dave@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if r := steps(t, c, request(1, TypeIdentity, "who?")); !bytes.Equal(r.Packet, response(1, TypeIdentity, "dave@example.org")) {
		t.Errorf("got %q", r.Packet)
	}
}

func TestPeerRefusesSuccessBeforeTheMethodIsDone(t *testing.T) {
	for name, before := range map[string][][]byte{
		"at once": nil, "after the identity": {request(1, TypeIdentity, "")}, "in the middle": {request(1, TypeTLS, "")},
		"after a Nak": {request(1, TypeMD5Challenge, "")},
	} {
		t.Run(name, func(t *testing.T) {
			c := beginPeer(t, Session{}, client(TypeTLS, answers, done()))
			checkCode(t, steps(t, c, append(before, bare(CodeSuccess, 1))...), explain.EAPEarlySuccess)
			checkCode(t, steps(t, c, request(2, TypeTLS, "")), explain.EAPProtocol)
		})
	}
}

func TestPeerChecksTheIdentifierOfSuccess(t *testing.T) {
	for id, want := range map[uint8]State{8: Continuing, 9: Succeeded, 10: Succeeded, 11: Continuing} {
		c := beginPeer(t, Session{}, client(TypeTLS, done()))
		if r := steps(t, c, request(9, TypeTLS, ""), bare(CodeSuccess, id)); r.State != want || r.Discarded != (want == Continuing) {
			t.Errorf("identifier %d: got %v", id, r.State)
		}
	}
}

func TestPeerNaksToItsMethods(t *testing.T) {
	c := beginPeer(t, Session{}, client(TypeTTLS, done()), client(TypeMSCHAPv2, done()))
	if r := steps(t, c, request(1, TypeTLS, "")); !bytes.Equal(r.Packet, response(1, TypeNak, "\x15\x1a")) {
		t.Errorf("got %x", r.Packet)
	}
	if r := steps(t, c, request(2, TypeMSCHAPv2, "")); !bytes.Equal(r.Packet, response(2, TypeMSCHAPv2, "done")) {
		t.Errorf("got %x", r.Packet)
	}
}

func TestPeerAnswersExpandedTypesAsSuch(t *testing.T) {
	c := beginPeer(t, Session{}, client(TypeMSCHAPv2, done()))
	p := Packet{Code: CodeRequest, Identifier: 4, Type: TypeTLS, Expanded: true}
	if r := steps(t, c, p.Encode()); !bytes.Equal(r.Packet, unhex(t, "02040014fe00000000000003fe0000000000001a")) {
		t.Errorf("got %x", r.Packet)
	}
	p.Type = TypeMSCHAPv2
	if r := steps(t, c, p.Encode()); !bytes.Equal(r.Packet, append(unhex(t, "02040010fe0000000000001a"), "done"...)) {
		t.Errorf("got %x", r.Packet)
	}
}

func TestPeerShowsNotifications(t *testing.T) {
	c := beginPeer(t, Session{}, client(TypeTLS, done()))
	r := steps(t, c, request(1, TypeNotification, "expires\x1b[2J soon\n"+strings.Repeat("x", 1000)))
	if !bytes.Equal(r.Packet, response(1, TypeNotification, "")) {
		t.Errorf("got %x", r.Packet)
	}
	if !strings.HasPrefix(r.Notice, "expires [2J soon xxx") || len(r.Notice) > maxNotice {
		t.Errorf("got %q", r.Notice)
	}
}

func TestPeerDiscardsWhatIsNotForIt(t *testing.T) {
	begun := [][]byte{request(1, TypeTLS, "")}
	for name, tt := range map[string]struct {
		before [][]byte
		packet []byte
	}{
		"nothing": {nil, nil}, "half a packet": {nil, []byte{1, 2, 0}}, "a response": {nil, response(1, TypeTLS, "")},
		"a Nak as request": {nil, request(1, TypeNak, "\x00")}, "another method": {begun, request(2, TypeMSCHAPv2, "")},
		"an identity request inside a method": {begun, request(2, TypeIdentity, "")},
	} {
		t.Run(name, func(t *testing.T) {
			c := beginPeer(t, Session{}, client(TypeTLS, answers, discards), client(TypeMSCHAPv2, done()))
			r := steps(t, c, append(tt.before, tt.packet)...)
			if !r.Discarded || r.Packet != nil || r.State != Continuing {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestPeerRepeatsItsAnswer(t *testing.T) {
	c := beginPeer(t, Session{}, client(TypeTLS, answers, done()))
	r := steps(t, c, request(1, TypeTLS, ""), request(1, TypeTLS, ""))
	if !bytes.Equal(r.Packet, response(1, TypeTLS, "answer")) {
		t.Errorf("got %q", r.Packet)
	}
}

func TestPeerTellsWhyItFailed(t *testing.T) {
	own := &Failure{Code: explain.EAPServerUnknown, Cause: "the proof is wrong", Action: "beware"}
	t.Run("the server says no", func(t *testing.T) {
		c := beginPeer(t, Session{}, client(TypeTLS, done()))
		checkCode(t, steps(t, c, request(1, TypeTLS, ""), bare(CodeFailure, 1)), explain.EAPRejected)
	})
	t.Run("the server has no other method", func(t *testing.T) {
		c := beginPeer(t, Session{}, client(TypeTLS, done()))
		r := steps(t, c, request(1, TypeMSCHAPv2, ""), bare(CodeFailure, 1))
		checkCode(t, r, explain.EAPNoMethod)
		if !strings.Contains(r.Err.Error(), "wants EAP-MSCHAPv2") || !strings.Contains(r.Err.Error(), "EAP-TLS instead") {
			t.Errorf("got %v", r.Err)
		}
	})
	t.Run("the method says no", func(t *testing.T) {
		c := beginPeer(t, Session{}, client(TypeTLS, Fail(own)))
		checkCode(t, steps(t, c, request(1, TypeTLS, "")), explain.EAPServerUnknown)
	})
	t.Run("the method fails without a reason of its own", func(t *testing.T) {
		c := beginPeer(t, Session{}, client(TypeTLS, Fail(errScripted)))
		r := steps(t, c, request(1, TypeTLS, ""))
		checkCode(t, r, explain.EAPMethod)
		if !errors.Is(r.Err, errScripted) {
			t.Errorf("got %v", r.Err)
		}
	})
	t.Run("the method cannot begin", func(t *testing.T) {
		m := client(TypeTLS, done())
		m.begin = errScripted
		checkCode(t, steps(t, beginPeer(t, Session{}, m), request(1, TypeTLS, "")), explain.EAPMethod)
	})
	for name, last := range map[string][]byte{"failure": bare(CodeFailure, 1), "success": bare(CodeSuccess, 1), "a request": request(2, TypeTLS, "")} {
		t.Run("the method says no to the server, then comes "+name, func(t *testing.T) {
			c := beginPeer(t, Session{}, client(TypeTLS, Step{State: Failed, Data: []byte("no"), Err: own}))
			r := steps(t, c, request(1, TypeTLS, ""))
			if r.State != Continuing || !bytes.Equal(r.Packet, response(1, TypeTLS, "no")) {
				t.Fatalf("got %+v", r)
			}
			checkCode(t, steps(t, c, last), explain.EAPServerUnknown)
		})
	}
}

func TestPeerEndsAConversationWithoutEnd(t *testing.T) {
	closed := 0
	m := client(TypeTLS, answers)
	m.closed = &closed
	c := beginPeer(t, Session{}, m)
	for i := range maxRounds {
		if r := steps(t, c, request(uint8(i), TypeTLS, "")); r.State != Continuing {
			t.Fatalf("round %d: %v", i, r.Err)
		}
	}
	checkCode(t, steps(t, c, request(0, TypeTLS, "")), explain.EAPTooLong)
	if closed == 0 {
		t.Error("the method was not closed")
	}
}

func TestMethodsAreUsedWhereTheyMayBe(t *testing.T) {
	tunnel := scripted{kind: TypeTTLS, claims: Properties{Mutual: true, Keys: true, Guarded: true, Tunnel: true}, steps: []Step{done()}}
	weak := scripted{kind: TypeMSCHAPv2, claims: Properties{Mutual: true, Keys: true}, steps: []Step{done()}}
	inner := scripted{kind: TypeGTC, claims: Properties{TunnelOnly: true}, steps: []Step{done()}}
	for _, tt := range []struct {
		name    string
		session Session
		want    string
	}{
		{"in IKE", Session{}, "\x15\x1a"}, {"alone", Session{EAPOnly: true}, "\x15"}, {"in a tunnel", Session{Tunnelled: true}, "\x1a\x06"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := beginPeer(t, tt.session, tunnel, weak, inner)
			if r := steps(t, c, request(1, 99, "")); !bytes.Equal(r.Packet, response(1, TypeNak, tt.want)) {
				t.Errorf("got %x", r.Packet)
			}
		})
	}
	for name, s := range map[string]Session{"outside a tunnel": {}, "alone": {EAPOnly: true}} {
		_, err := (&Peer{Methods: []Method{inner}}).Begin(s)
		if f, ok := errors.AsType[*Failure](err); !ok || f.Code != explain.EAPNoMethod {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestPeerRefusesIdentitiesThatCannotBeSent(t *testing.T) {
	for _, identity := range []string{"a\x00b", "a\nb", "\xff", strings.Repeat("x", 254)} {
		_, err := (&Peer{Identity: identity, Methods: []Method{client(TypeTLS, done())}}).Begin(Session{})
		if f, ok := errors.AsType[*Failure](err); !ok || f.Code != explain.EAPIdentity {
			t.Errorf("%q: got %v", identity, err)
		}
	}
}

func FuzzPeer(f *testing.F) {
	f.Add(request(1, TypeIdentity, ""), request(2, TypeTLS, "x"), bare(CodeSuccess, 2))
	f.Add(request(1, TypeMD5Challenge, ""), request(2, TypeNotification, "x"), bare(CodeFailure, 2))
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		conv := beginPeer(t, Session{}, client(TypeTLS, answers, done()))
		defer conv.Close()
		met := 0
		for _, p := range [][]byte{a, b, c} {
			if q, err := Parse(p); err == nil && q.Code == CodeRequest && q.Type == TypeTLS {
				met++
			}
			if r := steps(t, conv, p); r.State == Succeeded && met < 2 {
				t.Error("success before the method was done")
			}
		}
	})
}
