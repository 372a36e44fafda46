package conformance

import (
	"bytes"
	"encoding/binary"
	"testing"

	"culvert/ike"
	"culvert/wire"
)

// Cookies and their interaction with INVALID_KE_PAYLOAD (RFC 7296, Sections 2.6 and 2.6.1). Where two groups matter the node
// begins with x25519, and the tester wants the other one: group 14.
const (
	twoGroups = "aes128-sha256-x25519-modp2048"
	group14   = "aes128-sha256-modp2048"
)

func (l *lab) askCookie(request message, cookie []byte) {
	l.Helper()
	l.refuseInit(request, 0, &wire.Notify{NotifyType: wire.NotifyCookie, Data: cookie})
}

func (l *lab) askGroup(request message, spi wire.SPI, method wire.TransformID) {
	l.Helper()
	l.refuseInit(request, spi, &wire.Notify{NotifyType: wire.NotifyInvalidKEPayload, Data: binary.BigEndian.AppendUint16(nil, uint16(method))})
}

// retries receives the next IKE_SA_INIT request: it begins with the cookie, if there is one, and is like the one before but
// for the KE payload.
func (l *lab) retries(before message, cookie []byte, method wire.TransformID) message {
	l.Helper()
	m := l.receivePlain()
	payloads := m.Payloads
	if cookie != nil {
		n, ok := payloads[0].(*wire.Notify)
		if !ok || n.NotifyType != wire.NotifyCookie || !bytes.Equal(n.Data, cookie) {
			l.Fatalf("payloads %v do not begin with the cookie", types(payloads))
		}
		payloads = payloads[1:]
	}
	if m.InitiatorSPI != before.InitiatorSPI || m.ResponderSPI != 0 || m.MessageID != 0 {
		l.Errorf("header %+v after %+v", m.Header, before.Header)
	}
	if ke := find[*wire.KE](l, payloads); ke.Method != method {
		l.Errorf("KE of %v, want %v", ke.Method, method)
	}
	l.samePayloads(payloads, withoutCookie(before.Payloads), find[*wire.KE](l, payloads).Method != find[*wire.KE](l, before.Payloads).Method)
	return m
}

func withoutCookie(payloads []wire.Payload) []wire.Payload {
	if n, ok := payloads[0].(*wire.Notify); ok && n.NotifyType == wire.NotifyCookie {
		return payloads[1:]
	}
	return payloads
}

// samePayloads compares payloads octet by octet, but for a KE payload that had to change.
func (l *lab) samePayloads(got, want []wire.Payload, otherKE bool) {
	l.Helper()
	if len(got) != len(want) {
		l.Fatalf("payloads %v, want %v", types(got), types(want))
	}
	for i := range got {
		same := bytes.Equal(wire.AppendPayload(nil, got[i]), wire.AppendPayload(nil, want[i]))
		if got[i].Type() != want[i].Type() || !same && !(otherKE && got[i].Type() == wire.PayloadKE) {
			l.Errorf("payload %v has changed", got[i].Type())
		}
	}
}

// finish has the tester accept the last request, up to a Child SA.
func (l *lab) finish(request message, words ...string) {
	l.Helper()
	s, answer := l.accept(request, words...)
	s.answerInit(answer)
	auth := s.request(wire.ExchangeAuth)
	s.verify(auth.Payloads, wire.PayloadIDi)
	child, c := s.acceptChild(auth.Payloads)
	s.answer(auth, append(s.proof(), child...)...)
	c.carries()
}

func TestCookieIsReturned(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("alone", func(t *testing.T) {
			l := newLab(t, s)
			l.initiate()
			first := l.receiveInit()
			cookie := []byte("a cookie")
			l.askCookie(first, cookie)
			l.finish(l.retries(first, cookie, wire.KECurve25519))
		})
		t.Run("with another group", func(t *testing.T) {
			l := newLab(t, s, offersIKE(t, twoGroups))
			l.initiate()
			first, cookie := l.receiveInit(), []byte("a cookie")
			l.askCookie(first, cookie)
			second := l.retries(first, cookie, wire.KECurve25519)
			l.askGroup(second, 0, wire.KEMODP2048)
			l.finish(l.retries(second, cookie, wire.KEMODP2048), group14)
		})
		t.Run("with another group, and another cookie", func(t *testing.T) {
			l := newLab(t, s, offersIKE(t, twoGroups))
			l.initiate()
			first, cookie, other := l.receiveInit(), []byte("a cookie"), []byte("of another group")
			l.askCookie(first, cookie)
			second := l.retries(first, cookie, wire.KECurve25519)
			l.askGroup(second, 0, wire.KEMODP2048)
			third := l.retries(second, cookie, wire.KEMODP2048)
			l.askCookie(third, other)
			l.finish(l.retries(third, other, wire.KEMODP2048), group14)
		})
	})
}

// demands has the node ask everybody for a cookie.
func demands(t testing.TB, s scene, changes ...change) *lab {
	l := newLab(t, s, changes...)
	l.nut.env.Gateway.HalfOpen = ike.HalfOpenLimits{Cookie: -1}
	return l
}

// demanded receives the node's demand for a cookie, before which it keeps nothing.
func (s *session) demanded() []byte {
	s.Helper()
	m := s.receivePlain()
	n := s.only(m.Payloads, wire.NotifyCookie)
	if len(n.Data) < 1 || len(n.Data) > 64 || n.Protocol != 0 || m.ResponderSPI != 0 || m.InitiatorSPI != s.spiI || !m.IsResponse() {
		s.Errorf("cookie of %d octets in %+v", len(n.Data), m.Header)
	}
	if s.nut.shard.Len() != 0 {
		s.Error("the node keeps an IKE SA before the cookie has returned")
	}
	return n.Data
}

func withCookie(cookie []byte, payloads []wire.Payload) []wire.Payload {
	return append([]wire.Payload{&wire.Notify{NotifyType: wire.NotifyCookie, Data: cookie}}, payloads...)
}

func TestCookieIsDemanded(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("and recognised", func(t *testing.T) {
			se, payloads := demands(t, s).open()
			se.askInit(payloads)
			se.askInit(withCookie(se.demanded(), payloads))
			se.takeInit()
			o := se.offerChild()
			o.complete(se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)).carries()
		})
		t.Run("and a wrong one counts as none", func(t *testing.T) {
			se, payloads := demands(t, s).open()
			se.askInit(payloads)
			cookie := se.demanded()
			wrong := bytes.Clone(cookie)
			wrong[len(wrong)-1] ^= 1
			se.askInit(withCookie(wrong, payloads))
			if again := se.demanded(); !bytes.Equal(again, cookie) {
				t.Error("another cookie is demanded of the same initiator at the same time")
			}
		})
		t.Run("once for both groups", func(t *testing.T) {
			se, cookie, payloads := otherGroup(demands(t, s, offersIKE(t, group14)))
			se.askInit(withCookie(cookie, payloads))
			se.takeInit()
		})
		t.Run("again of an initiator that forgets it", func(t *testing.T) {
			se, _, payloads := otherGroup(demands(t, s, offersIKE(t, group14)))
			se.askInit(payloads)
			se.askInit(withCookie(se.demanded(), payloads))
			se.takeInit()
		})
	})
}

// otherGroup has the tester begin with a group that the node does not want, and returns the payloads with the right one.
func otherGroup(l *lab) (*session, []byte, []wire.Payload) {
	l.Helper()
	s, payloads := l.open(twoGroups)
	s.askInit(payloads)
	cookie := s.demanded()
	s.askInit(withCookie(cookie, payloads))
	n := l.only(l.receivePlain().Payloads, wire.NotifyInvalidKEPayload)
	if !bytes.Equal(n.Data, []byte{0, 14}) {
		l.Fatalf("the node wants the group %x", n.Data)
	}
	s.ke = l.keyExchange(wire.KEMODP2048)
	return s, cookie, []wire.Payload{payloads[0], &wire.KE{Method: s.ke.Method(), Data: s.ke.Public()}, payloads[2]}
}

// The responder asks for another group in IKE_SA_INIT, with an SPI of its own or without.
func TestInvalidKEInInitResponse(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for name, spi := range map[string]wire.SPI{"without the responder's SPI": 0, "with the responder's SPI": 0x1122334455667788} {
			t.Run(name, func(t *testing.T) {
				l := newLab(t, s, offersIKE(t, twoGroups))
				l.initiate()
				first := l.receiveInit()
				l.askGroup(first, spi, wire.KEMODP2048)
				l.finish(l.retries(first, nil, wire.KEMODP2048), group14)
			})
		}
	})
}

// The node as responder asks for the group that it has chosen.
func TestInvalidKEInInitRequest(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		l := newLab(t, s, offersIKE(t, group14))
		se, payloads := l.open(twoGroups)
		se.askInit(payloads)
		m := l.receivePlain()
		n := l.only(m.Payloads, wire.NotifyInvalidKEPayload)
		if !bytes.Equal(n.Data, []byte{0, 14}) || m.ResponderSPI != 0 || n.Protocol != 0 {
			t.Fatalf("notify %+v in %+v", n, m.Header)
		}
		se.ke = l.keyExchange(wire.KEMODP2048)
		se.askInit([]wire.Payload{payloads[0], &wire.KE{Method: se.ke.Method(), Data: se.ke.Public()}, payloads[2]})
		se.takeInit()
		l.chosen(se.suite, wire.TransformKE, wire.KEMODP2048)
		o := se.offerChild()
		o.complete(se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)).carries()
	})
}
