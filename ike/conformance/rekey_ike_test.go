package conformance

import (
	"testing"
	"time"

	"culvert/wire"
)

// Rekeying of the IKE SA (RFC 7296, Sections 1.3.2, 2.8 and 2.18).

// ikeRekeyRequested has the node establish an IKE SA and ask for its replacement.
func ikeRekeyRequested(t *testing.T, s scene, changes ...change) (*session, *child, message) {
	t.Helper()
	l := newLab(t, s, append([]change{ikeLifetime(rekeyTime, 0)}, changes...)...)
	se, c := l.answered()
	l.wait(rekeyTime)
	return se, c, se.request(wire.ExchangeCreateChildSA)
}

// ikeRekeyAnswered is ikeRekeyRequested, and the tester agrees. The node's Delete waits to be received.
func ikeRekeyAnswered(t *testing.T, s scene) (*session, *child, *session) {
	t.Helper()
	se, c, request := ikeRekeyRequested(t, s)
	answer, next := se.acceptRekey(request)
	se.answer(request, answer...)
	return se, c, next
}

func TestInitiatorRekeysIKESA(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("request", func(t *testing.T) {
			se, _, request := ikeRekeyRequested(t, s)
			se.want(request.Payloads, "SA", "Nonce", "KE")
			se.offers(request.Payloads, wire.ProtocolIKE, 8, baseIKE)
			if p := find[*wire.SA](se.lab, request.Payloads).Proposals[0]; spiOf(p) == 0 || spiOf(p) == se.spiI {
				t.Errorf("SPI %x", p.SPI)
			}
		})
		t.Run("closes the replaced one", func(t *testing.T) {
			se, c, next := ikeRekeyAnswered(t, s)
			se.closes()
			se.wait(time.Minute / 3)
			next.alive()
			se.dead()
			c.carries()
			se.installed(1)
		})
		t.Run("uses the new one", func(t *testing.T) {
			se, c, next := ikeRekeyAnswered(t, s)
			se.closes()
			next.alive()
			c.session = next
			o := c.offerRekey() // the Child SA belongs to the new one
			o.complete(next.ask(wire.ExchangeCreateChildSA, o.payloads()...)).ping()
		})
		t.Run("still answers on the old one", func(t *testing.T) {
			se, c, next := ikeRekeyAnswered(t, s)
			deletion := se.request(wire.ExchangeInformational)
			se.alive()
			next.alive()
			se.answer(deletion)
			c.carries()
		})
		t.Run("another pseudorandom function", func(t *testing.T) {
			const before, after = baseIKE, "aes128-sha256-prfaesxcbc-x25519"
			l := newLab(t, s, offersIKE(t, before, after), ikeLifetime(rekeyTime, 0))
			se, c := l.answered()
			l.wait(rekeyTime)
			request := se.request(wire.ExchangeCreateChildSA)
			answer, next := se.acceptRekey(request, after)
			se.answer(request, answer...)
			l.chosen(next.suite, wire.TransformPRF, wire.PRFAES128XCBC)
			se.closes()
			next.alive()
			c.carries()
			c.session = next
			o := c.offerRekey()
			o.complete(next.ask(wire.ExchangeCreateChildSA, o.payloads()...)).ping()
		})
		t.Run("at the end of the lifetime it is closed", func(t *testing.T) {
			l := newLab(t, s, ikeLifetime(rekeyTime, 3*rekeyTime/2))
			se, c := l.answered()
			l.wait(rekeyTime)
			se.answer(se.request(wire.ExchangeCreateChildSA), &wire.Notify{NotifyType: wire.NotifyNoProposalChosen})
			se.alive()
			c.carries()
			l.wait(rekeyTime / 2)
			l.sends(nil)
			se.closes()
			l.gone()
			se.dead()
		})
	})
}

func TestResponderRekeysIKESA(t *testing.T) {
	rekeyed := func(t *testing.T, s scene) (*session, *child, *session) {
		t.Helper()
		se, c := newLab(t, s).connected()
		o := se.offerRekey()
		return se, c, o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
	}
	both(t, func(t *testing.T, s scene) {
		t.Run("response", func(t *testing.T) {
			l := newLab(t, s)
			se, _ := l.connected()
			answer := se.ask(wire.ExchangeCreateChildSA, se.offerRekey().payloads()...)
			l.want(answer, "SA", "Nonce", "KE")
			l.offers(answer, wire.ProtocolIKE, 8, baseIKE)
			if p := find[*wire.SA](l, answer).Proposals[0]; spiOf(p) == 0 || spiOf(p) == se.spiR {
				t.Errorf("SPI %x", p.SPI)
			}
		})
		t.Run("answers on the old one", func(t *testing.T) {
			se, c, next := rekeyed(t, s)
			se.alive()
			next.alive()
			se.alive()
			c.carries()
		})
		t.Run("answers on the new one", func(t *testing.T) {
			se, c, next := rekeyed(t, s)
			next.alive()
			c.session = next
			o := c.offerRekey()
			o.complete(next.ask(wire.ExchangeCreateChildSA, o.payloads()...)).ping()
			se.want(se.ask(wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE}))
			next.alive()
		})
		t.Run("closes the replaced one", func(t *testing.T) {
			se, c, next := rekeyed(t, s)
			se.want(se.ask(wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE}))
			se.wait(time.Minute)
			se.dead()
			next.alive()
			c.carries()
			se.installed(1)
		})
		t.Run("another pseudorandom function", func(t *testing.T) {
			const before, after = baseIKE, "aes128-sha256-prfaesxcbc-x25519"
			l := newLab(t, s, offersIKE(t, before, after))
			se, c := l.connected()
			o := se.offerRekey(after)
			next := o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			l.chosen(next.suite, wire.TransformPRF, wire.PRFAES128XCBC)
			next.alive()
			c.carries()
		})
		t.Run("a failed rekeying changes nothing", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			l.only(se.ask(wire.ExchangeCreateChildSA, se.offerRekey("aes256-sha512-x25519").payloads()...), wire.NotifyNoProposalChosen)
			se.alive()
			c.carries()
			o := se.offerRekey()
			o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...)).alive()
		})
	})
}
