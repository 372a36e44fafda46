package conformance

import (
	"testing"
	"time"

	"culvert/wire"
)

// Both rekey the same SA at a time (RFC 7296, Sections 2.8.1 and 2.8.2). The tester chooses its nonces so that one of the two
// exchanges has the lowest, and loses.

func lowest() []byte { return make([]byte, 32) }

func TestBothRekeyChild(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("the tester's exchange has the lowest nonce", func(t *testing.T) {
			se, old, request := rekeyRequested(t, s)
			se.wanted = lowest()
			o := old.offerRekey()
			loser := o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			answer, winner := se.acceptChild(request.Payloads)
			se.answer(request, answer...)
			se.replaces(old)
			se.deletes(se.ask(wire.ExchangeInformational, loser.delete()), loser)
			se.onlyChild(winner)
		})
		t.Run("the node's exchange has the lowest nonce", func(t *testing.T) {
			se, old, request := rekeyRequested(t, s)
			o := old.offerRekey()
			winner := o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			se.wanted = lowest()
			answer, loser := se.acceptChild(request.Payloads)
			se.answer(request, answer...)
			se.replaces(loser)
			se.deletes(se.ask(wire.ExchangeInformational, old.delete()), old)
			se.onlyChild(winner)
		})
		t.Run("the node's request is lost", func(t *testing.T) {
			se, old, request := rekeyRequested(t, s)
			o := old.offerRekey()
			c := o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			se.deletes(se.ask(wire.ExchangeInformational, old.delete()), old)
			se.wait(time.Second)
			again := se.receive()
			if string(again) != string(request.octets) {
				t.Error("the request is repeated in another way")
			}
			se.answer(request, &wire.Notify{Protocol: wire.ProtocolESP, SPI: old.outSPI(), NotifyType: wire.NotifyChildSANotFound})
			se.silent()
			se.onlyChild(c)
		})
		t.Run("the tester repeats its request", func(t *testing.T) {
			se, old, request := rekeyRequested(t, s)
			o := old.offerRekey()
			octets := se.send(wire.ExchangeCreateChildSA, o.payloads()...)
			winner := o.complete(se.response(wire.ExchangeCreateChildSA).Payloads)
			se.wanted = lowest()
			answer, loser := se.acceptChild(request.Payloads)
			se.deliver(octets)
			se.response(wire.ExchangeCreateChildSA)
			se.answer(request, answer...)
			se.replaces(loser)
			se.deletes(se.ask(wire.ExchangeInformational, old.delete()), old)
			se.onlyChild(winner)
		})
	})
}

// onlyChild checks that a Child SA is the only one in the end, and carries.
func (s *session) onlyChild(c *child) {
	s.Helper()
	c.carries()
	s.wait(rekeyTime / 2)
	s.silent()
	s.installed(1)
	c.carries()
	s.sends(c)
}

func TestBothRekeyIKESA(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("the tester's exchange has the lowest nonce", func(t *testing.T) {
			se, c, request := ikeRekeyRequested(t, s)
			se.wanted = lowest()
			o := se.offerRekey()
			loser := o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			answer, winner := se.acceptRekey(request)
			se.answer(request, answer...)
			se.closes()
			se.want(loser.ask(wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE}))
			winner.onlySA(c)
		})
		t.Run("the node's exchange has the lowest nonce", func(t *testing.T) {
			se, c, request := ikeRekeyRequested(t, s)
			o := se.offerRekey()
			winner := o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			se.wanted = lowest()
			answer, loser := se.acceptRekey(request)
			se.answer(request, answer...)
			loser.closes()
			se.want(se.ask(wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE}))
			winner.onlySA(c)
		})
		t.Run("the node's request is lost", func(t *testing.T) {
			se, c, _ := ikeRekeyRequested(t, s)
			o := se.offerRekey()
			next := o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			se.want(se.ask(wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE}))
			next.onlySA(c)
		})
		t.Run("the tester repeats its request", func(t *testing.T) {
			se, c, request := ikeRekeyRequested(t, s)
			o := se.offerRekey()
			octets := se.send(wire.ExchangeCreateChildSA, o.payloads()...)
			winner := o.complete(se.response(wire.ExchangeCreateChildSA).Payloads)
			se.wanted = lowest()
			answer, loser := se.acceptRekey(request)
			se.deliver(octets)
			se.response(wire.ExchangeCreateChildSA)
			se.answer(request, answer...)
			loser.closes()
			se.want(se.ask(wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE}))
			winner.onlySA(c)
		})
	})
}

// onlySA checks that an IKE SA is the only one in the end, and has the Child SA.
func (s *session) onlySA(c *child) {
	s.Helper()
	s.alive()
	s.wait(3 * rekeyTime / 4)
	s.silent()
	s.installed(1)
	if n := s.nut.shard.Len(); n != 1 {
		s.Errorf("the node has %d IKE SAs", n)
	}
	c.carries()
	s.wait(rekeyTime / 4)
	request := s.request(wire.ExchangeCreateChildSA) // in time it is replaced as well
	answer, next := s.acceptRekey(request)
	s.answer(request, answer...)
	s.closes()
	next.alive()
	c.carries()
}
