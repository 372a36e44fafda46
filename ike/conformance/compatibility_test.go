package conformance

import (
	"strconv"
	"testing"
	"time"

	"culvert/wire"
)

// Versions and what is to come (RFC 7296, Section 2.5).

// strangers are payload types that we do not understand: reserved, unassigned, not of ours, private.
func strangers() []wire.PayloadType { return []wire.PayloadType{1, 32, 49, 255} }

func strange(kind wire.PayloadType, critical bool) wire.Payload {
	return &wire.Unknown{PayloadType: kind, Critical: critical, Data: []byte{1, 2, 3, 4}}
}

// A payload of an unknown type is skipped.
func TestUnknownPayloadIsIgnored(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, kind := range strangers() {
			t.Run("initiator "+strconv.Itoa(int(kind)), func(t *testing.T) {
				l := newLab(t, s)
				l.initiate()
				se, answer := l.accept(l.receivePlain())
				se.answerInit(append(answer, strange(kind, false)))
				request := se.request(wire.ExchangeAuth)
				child, c := se.acceptChild(request.Payloads)
				se.answer(request, append(append(se.proof(), child...), strange(kind, false))...)
				c.carries()
			})
			t.Run("responder "+strconv.Itoa(int(kind)), func(t *testing.T) {
				l := newLab(t, s)
				se, payloads := l.open()
				se.askInit(append([]wire.Payload{strange(kind, false)}, payloads...))
				se.takeInit()
				o := se.offerChild()
				payloads = append(append(se.proof(), o.payloads()...), strange(kind, false))
				o.complete(se.ask(wire.ExchangeAuth, payloads...)).carries()
			})
		}
	})
}

// A payload of an unknown type that is critical has its message refused.
func TestCriticalPayloadIsRefused(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, kind := range strangers() {
			t.Run("initiator "+strconv.Itoa(int(kind)), func(t *testing.T) {
				l := newLab(t, s)
				l.initiate()
				se, answer := l.accept(l.receivePlain())
				se.answerInit(append(answer, strange(kind, true)))
				l.silent()
				l.wait(time.Second)
				l.receiveInit() // goes on waiting for a better answer, as nothing is authentic (RFC 7296, Section 2.21.1)
			})
			t.Run("responder "+strconv.Itoa(int(kind)), func(t *testing.T) {
				l := newLab(t, s)
				se, payloads := l.open()
				se.askInit(append(payloads, strange(kind, true)))
				n := l.only(l.receivePlain().Payloads, wire.NotifyUnsupportedCriticalPayload)
				if len(n.Data) != 1 || n.Data[0] != byte(kind) {
					t.Errorf("the notify says %x", n.Data)
				}
				l.silent()
				l.gone()
			})
		}
	})
}

const offsetVersion = 17

// A higher minor version is answered with ours.
func TestMinorVersion(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		l := newLab(t, s)
		se, payloads := l.open()
		se.askInit(payloads, func(b []byte) { b[offsetVersion] = 0x21 })
		se.takeInit()
		o := se.offerChild()
		o.complete(se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)).carries()
	})
}

// A higher major version is refused, and told ours.
func TestMajorVersion(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		l := newLab(t, s)
		se, payloads := l.open()
		se.askInit(payloads, func(b []byte) { b[offsetVersion] = 0x30 })
		m := l.receivePlain()
		l.only(m.Payloads, wire.NotifyInvalidMajorVersion)
		if m.Version != 0x20 || !m.IsResponse() || m.InitiatorSPI != se.spiI || m.MessageID != 0 {
			t.Errorf("header %+v", m.Header)
		}
		l.silent()
		l.gone()
	})
}

// The Version flag, by which a sender says that it could do more, is ignored (RFC 7296, Section 3.1).
func TestVersionFlag(t *testing.T) {
	flag := func(b []byte) { b[offsetFlags] |= byte(wire.FlagVersion) }
	both(t, func(t *testing.T, s scene) {
		t.Run("initiator", func(t *testing.T) {
			l := newLab(t, s)
			l.initiate()
			se, answer := l.accept(l.receivePlain())
			se.answerInit(answer, flag)
			request := se.request(wire.ExchangeAuth)
			se.verify(request.Payloads, wire.PayloadIDi)
			child, c := se.acceptChild(request.Payloads)
			h := se.header(wire.ExchangeAuth, 1, wire.FlagResponse|wire.FlagVersion)
			l.deliver(se.seal(h, append(se.proof(), child...)))
			c.carries()
		})
		t.Run("responder", func(t *testing.T) {
			l := newLab(t, s)
			se, payloads := l.open()
			se.askInit(payloads, flag)
			se.takeInit()
			o := se.offerChild()
			l.deliver(se.seal(se.header(wire.ExchangeAuth, 1, wire.FlagVersion), append(se.proof(), o.payloads()...)))
			se.next++
			o.complete(se.response(wire.ExchangeAuth).Payloads).carries()
		})
	})
}

// A request that claims to be a response is none (RFC 7296, Section 3.1).
func TestResponseFlagInARequest(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		l := newLab(t, s)
		se, payloads := l.open()
		se.askInit(payloads, func(b []byte) { b[offsetFlags] |= byte(wire.FlagResponse) })
		l.silent()
		l.gone()
	})
}

// Reserved fields are ignored, in every exchange and both directions.
func TestReservedFields(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("IKE_SA_INIT response", func(t *testing.T) {
			l := newLab(t, s)
			l.initiate()
			se, answer := l.accept(l.receivePlain())
			se.answerInit(answer, dirtyMessage)
			request := se.request(wire.ExchangeAuth)
			se.verify(request.Payloads, wire.PayloadIDi)
			child, c := se.acceptChild(request.Payloads)
			se.answer(request, append(se.proof(), child...)...)
			c.carries()
		})
		t.Run("IKE_SA_INIT request", func(t *testing.T) {
			l := newLab(t, s)
			se, payloads := l.open()
			se.askInit(payloads, dirtyMessage)
			se.takeInit()
			o := se.offerChild()
			answer := se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)
			se.verify(answer, wire.PayloadIDr)
			o.complete(answer).carries()
		})
		t.Run("IKE_AUTH response", func(t *testing.T) {
			l := newLab(t, s)
			se, request := l.accepted()
			child, c := se.acceptChild(request.Payloads)
			se.dirtyAnswer(request, append(se.dirtyProof(), child...)...)
			se.alive()
			c.carries()
		})
		t.Run("IKE_AUTH request", func(t *testing.T) {
			l := newLab(t, s)
			se := l.opened()
			o := se.offerChild()
			answer := se.dirtyAsk(wire.ExchangeAuth, append(se.dirtyProof(), o.payloads()...)...)
			se.verify(answer, wire.PayloadIDr)
			o.complete(answer).carries()
		})
		t.Run("CREATE_CHILD_SA response", func(t *testing.T) {
			l := newLab(t, s, childLifetime(30*time.Second, 0))
			se, _ := l.answered()
			l.wait(30 * time.Second)
			request := se.request(wire.ExchangeCreateChildSA)
			child, c := se.acceptChild(request.Payloads)
			se.dirtyAnswer(request, child...)
			c.carries()
		})
		t.Run("CREATE_CHILD_SA request", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			o := c.offerRekey()
			o.complete(se.dirtyAsk(wire.ExchangeCreateChildSA, o.payloads()...)).ping()
		})
		t.Run("INFORMATIONAL response", func(t *testing.T) {
			l := newLab(t, s, livenessAfter(30*time.Second))
			se, c := l.answered()
			l.wait(30 * time.Second)
			se.dirtyAnswer(se.request(wire.ExchangeInformational))
			l.wait(20 * time.Second)
			l.silent()
			c.carries()
		})
		t.Run("INFORMATIONAL request", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			l.want(se.dirtyAsk(wire.ExchangeInformational))
			se.deletes(se.dirtyAsk(wire.ExchangeInformational, c.delete()), c)
		})
	})
}

// dirtyProof is the proof of a tester whose ID payload has its reserved field set, which AUTH covers as it was sent (RFC 7296,
// Section 2.15).
func (s *session) dirtyProof() []wire.Payload {
	s.Helper()
	payloads := s.proof()
	id := payloads[0].(*wire.Identification)
	body := wire.AppendPayload(nil, id)
	copy(body[1:4], []byte{0xff, 0xff, 0xff})
	payloads[1].(*wire.Auth).Data = s.mac([]byte(sharedKey), id.Payload, body)
	return payloads
}

// A notify of an unknown type changes nothing (RFC 7296, Section 3.10.1); in a response, one of an error is a failure.
func TestUnknownNotify(t *testing.T) {
	const unknownError, unknownStatus = 16383, 65535
	both(t, func(t *testing.T, s scene) {
		t.Run("of an error to the initiator", func(t *testing.T) {
			l := newLab(t, s)
			l.initiate()
			se, answer := l.accept(l.receivePlain())
			se.answerInit(append(answer, &wire.Notify{NotifyType: unknownError}))
			l.silent()
		})
		t.Run("of a status to the initiator", func(t *testing.T) {
			l := newLab(t, s)
			l.initiate()
			se, answer := l.accept(l.receivePlain())
			se.answerInit(append(answer, &wire.Notify{NotifyType: unknownStatus}))
			se.verify(se.request(wire.ExchangeAuth).Payloads, wire.PayloadIDi)
		})
		for name, notify := range map[string]wire.NotifyType{"of an error to the responder": unknownError, "of a status to the responder": unknownStatus} {
			t.Run(name, func(t *testing.T) {
				l := newLab(t, s)
				se, payloads := l.open()
				se.askInit(append(payloads, &wire.Notify{NotifyType: notify}))
				se.takeInit()
				o := se.offerChild()
				o.notifies = append(o.notifies, &wire.Notify{NotifyType: notify})
				o.complete(se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)).carries()
			})
		}
	})
}
