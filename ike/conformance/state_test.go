package conformance

import (
	"encoding/binary"
	"testing"
	"time"

	"culvert/ike"
	"culvert/wire"
)

// What anybody can send does not end an IKE SA, whatever it says (RFC 7296, Section 2.4). At most the peer is asked for a sign
// of life.
func TestUnprotectedMessages(t *testing.T) {
	notifies := []wire.NotifyType{wire.NotifyInvalidIKESPI, wire.NotifyInvalidSPI, wire.NotifyInvalidSyntax, wire.NotifyAuthenticationFailed,
		wire.NotifyInvalidMajorVersion}
	both(t, func(t *testing.T, s scene) {
		for _, of := range roles() {
			t.Run(of.name, func(t *testing.T) {
				l := newLab(t, s)
				se, c := of.establish(l)
				for _, notify := range notifies {
					for _, flags := range []wire.Flags{0, wire.FlagResponse} {
						l.deliver(se.unprotected(flags, notify, c))
					}
				}
				se.answerLiveness()
				se.alive()
				c.carries()
				l.sends(c)
			})
		}
	})
}

// A role is whether the node is initiator or responder of an IKE SA.
type role struct {
	name      string
	establish func(l *lab) (*session, *child)
}

func roles() []role {
	return []role{
		{"initiator", func(l *lab) (*session, *child) { l.Helper(); return l.answered() }},
		{"responder", func(l *lab) (*session, *child) { l.Helper(); return l.connected() }},
	}
}

// unprotected makes an INFORMATIONAL message without protection.
func (s *session) unprotected(flags wire.Flags, notify wire.NotifyType, c *child) []byte {
	n := &wire.Notify{NotifyType: notify}
	if notify == wire.NotifyInvalidSPI {
		n.Data = binary.BigEndian.AppendUint32(nil, c.in.SPI())
	}
	m := wire.Message{Header: s.header(wire.ExchangeInformational, s.expected, flags), Payloads: []wire.Payload{n}}
	return m.Append(nil)
}

// answerLiveness answers the node's empty request if it has sent one.
func (s *session) answerLiveness() bool {
	s.Helper()
	if len(s.datagrams) == 0 {
		return false
	}
	request := s.request(wire.ExchangeInformational)
	if len(request.Payloads) != 0 {
		s.Errorf("the node sends %v", types(request.Payloads))
	}
	s.answer(request)
	return true
}

func livenessAfter(d time.Duration) change {
	return func(c *ike.Connection) { c.DPDDelay = d }
}

// A silent peer is asked for a sign of life (RFC 7296, Section 2.4).
func TestLiveness(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("is checked when the peer is silent", func(t *testing.T) {
			l := newLab(t, s, livenessAfter(30*time.Second))
			se, c := l.answered()
			l.wait(30*time.Second - time.Millisecond)
			l.silent()
			l.wait(time.Millisecond)
			if !se.answerLiveness() {
				t.Fatal("the node does not ask")
			}
			l.wait(30 * time.Second)
			if !se.answerLiveness() {
				t.Fatal("the node does not ask again")
			}
			c.carries()
		})
		t.Run("unprotected messages are no sign of life", func(t *testing.T) {
			l := newLab(t, s, livenessAfter(30*time.Second))
			se, c := l.answered()
			l.wait(29 * time.Second)
			l.deliver(se.unprotected(0, wire.NotifyInvalidIKESPI, c))
			l.deliver(se.unprotected(wire.FlagResponse, wire.NotifyInvalidIKESPI, c))
			l.silent()
			l.wait(time.Second)
			if !se.answerLiveness() {
				t.Fatal("the node does not ask")
			}
		})
		t.Run("is answered", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			se.alive()
			c.carries()
		})
	})
}

// The end of an IKE SA or Child SA is told by a Delete payload (RFC 7296, Section 1.4.1).
func TestSendingDelete(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("for the IKE SA at the end of its lifetime", func(t *testing.T) {
			l := newLab(t, s, ikeLifetime(0, time.Minute))
			se, _ := l.answered()
			l.wait(time.Minute)
			request := se.request(wire.ExchangeInformational)
			d := find[*wire.Delete](l, request.Payloads)
			if d.Protocol != wire.ProtocolIKE || len(d.SPIs) != 0 || len(request.Payloads) != 1 {
				t.Errorf("the node sends %v: %+v", types(request.Payloads), d)
			}
			se.answer(request)
			l.gone()
			se.dead()
		})
		t.Run("for the Child SA at the end of its lifetime", func(t *testing.T) {
			l := newLab(t, s, childLifetime(0, time.Minute))
			se, c := l.answered()
			l.wait(time.Minute)
			request := se.request(wire.ExchangeInformational)
			se.deletes(request.Payloads, c)
			se.answer(request, c.delete())
			l.sends(nil)
			l.installed(0)
			se.alive()
			c.carriesNothing()
		})
	})
}

// deletes checks that payloads are one Delete, for the node's halves of Child SAs.
func (s *session) deletes(payloads []wire.Payload, want ...*child) {
	s.Helper()
	d := find[*wire.Delete](s.lab, payloads)
	same := d.Protocol == wire.ProtocolESP && len(d.SPIs) == len(want) && len(payloads) == 1
	for i := 0; same && i < len(want); i++ {
		same = d.SPIs[i] == want[i].out.SPI()
	}
	if !same {
		s.Fatalf("payloads %v delete %v %08x", types(payloads), d.Protocol, d.SPIs)
	}
}

// A Delete of the peer's is obeyed, and answered with the other halves (RFC 7296, Section 1.4.1).
func TestReceivingDelete(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("for the IKE SA", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			l.want(se.ask(wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE}))
			l.sends(nil)
			c.carriesNothing()
			l.gone()
			se.dead()
		})
		t.Run("for a Child SA", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			se.deletes(se.ask(wire.ExchangeInformational, c.delete()), c)
			l.sends(nil)
			l.installed(0)
			se.alive()
			c.carriesNothing()
		})
		t.Run("for several Child SAs", func(t *testing.T) {
			l := newLab(t, s)
			se, first := l.connected()
			o := se.offerNew()
			second := o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			both := &wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{first.in.SPI(), second.in.SPI()}}
			se.deletes(se.ask(wire.ExchangeInformational, both), first, second)
			l.sends(nil)
			l.installed(0)
			se.alive()
			first.carriesNothing()
			second.carriesNothing()
		})
	})
}
