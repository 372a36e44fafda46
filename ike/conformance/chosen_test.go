package conformance

import (
	"testing"

	"culvert/suite"
	"culvert/wire"
)

// The node as responder chooses what it can out of what the tester offers, and answers with that alone.

// exactly checks that a selection is the proposal of some words, under a number.
func (l *lab) exactly(sel suite.Selection, number uint8, protocol wire.ProtocolID, words string) {
	l.Helper()
	l.transforms(sel.Proposal, number, protocol, len(sel.Proposal.SPI), words)
}

// connectOver establishes an IKE SA with an offer whose KE payload is of the method of a proposal, and a Child SA.
func (l *lab) connectOver(offer []string, method string) (*session, *child) {
	l.Helper()
	s, payloads := l.openWith(firstMethod(proposals(l, wire.ProtocolIKE, method)), proposals(l, wire.ProtocolIKE, offer...))
	s.askInit(payloads)
	s.takeInit()
	o := s.offerChild()
	answer := s.ask(wire.ExchangeAuth, append(s.proof(), o.payloads()...)...)
	s.verify(answer, wire.PayloadIDr)
	c := o.complete(answer)
	c.carries()
	return s, c
}

func TestChoiceOfTransforms(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, c := range ikeChoices() {
			t.Run("IKE_SA_INIT "+c.name, func(t *testing.T) {
				for _, made := range c.made {
					l := newLab(t, s, offersIKE(t, made))
					se, _ := l.connectOver([]string{c.offer}, made)
					l.exactly(se.suite, 1, wire.ProtocolIKE, made)
				}
			})
			t.Run("rekeying the IKE SA "+c.name, func(t *testing.T) {
				for _, made := range c.made {
					l := newLab(t, s, offersIKE(t, made))
					se, child := l.connectOver([]string{made}, made)
					l.asksRekey(se, child, []string{c.offer}, made, 1)
				}
			})
		}
		for _, c := range espChoices() {
			t.Run("IKE_AUTH "+c.name, func(t *testing.T) {
				for _, made := range c.made {
					l := newLab(t, s, offersESP(t, made))
					_, child := l.connected(c.offer)
					l.exactly(child.suite, 1, wire.ProtocolESP, made)
					child.carries()
				}
			})
			t.Run("rekeying the Child SA "+c.name, func(t *testing.T) {
				for _, made := range c.made {
					l := newLab(t, s, offersESP(t, made))
					_, old := l.connected(made)
					l.asksChild(old, []string{c.offer}, made, 1)
				}
			})
		}
	})
}

// asksRekey has the tester rekey the IKE SA, and checks what was chosen.
func (l *lab) asksRekey(s *session, c *child, offer []string, made string, number uint8) {
	l.Helper()
	o := s.offerRekeyWith(firstMethod(proposals(l, wire.ProtocolIKE, made)), proposals(l, wire.ProtocolIKE, offer...))
	next := o.complete(s.ask(wire.ExchangeCreateChildSA, o.payloads()...))
	l.exactly(next.suite, number, wire.ProtocolIKE, made)
	l.want(s.ask(wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE}))
	next.alive()
	c.carries()
}

// asksChild has the tester rekey the Child SA, and checks what was chosen.
func (l *lab) asksChild(old *child, offer []string, made string, number uint8) {
	l.Helper()
	s := old.session
	o := old.offerRekey(offer...)
	c := o.complete(s.ask(wire.ExchangeCreateChildSA, o.payloads()...))
	l.exactly(c.suite, number, wire.ProtocolESP, made)
	s.deletes(s.ask(wire.ExchangeInformational, old.delete()), old)
	c.carries()
}

// unlikeIKE and unlikeESP are proposals that differ from the common ones in one type of transform.
func unlikeIKE() map[string]string {
	return map[string]string{
		"encryption algorithm": "aes128ctr-sha256-x25519", "pseudorandom function": "aes128-sha256-prfaesxcbc-x25519",
		"integrity algorithm": "aes128-aesxcbc-prfsha256-x25519", "group": group14,
	}
}

func unlikeESP() map[string]string {
	return map[string]string{
		"encryption algorithm": "aes128ctr-sha256", "integrity algorithm": "aes128-aesxcbc", "sequence numbers": "aes128-sha256-esn",
	}
}

// Of two proposals one is not acceptable, be it the first or the second.
func TestChoiceOfProposals(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for name, unlike := range unlikeIKE() {
			t.Run("IKE_SA_INIT unlike "+name, func(t *testing.T) {
				l := newLab(t, s)
				se, _ := l.connectOver([]string{unlike, baseIKE}, baseIKE)
				l.exactly(se.suite, 2, wire.ProtocolIKE, baseIKE)
				l = newLab(t, s)
				se, _ = l.connectOver([]string{baseIKE, unlike}, baseIKE)
				l.exactly(se.suite, 1, wire.ProtocolIKE, baseIKE)
			})
			t.Run("rekeying the IKE SA unlike "+name, func(t *testing.T) {
				l := newLab(t, s)
				se, child := l.connected()
				l.asksRekey(se, child, []string{unlike, baseIKE}, baseIKE, 2)
			})
		}
		for name, unlike := range unlikeESP() {
			t.Run("IKE_AUTH unlike "+name, func(t *testing.T) {
				l := newLab(t, s)
				_, c := l.connected(unlike, baseESP)
				l.exactly(c.suite, 2, wire.ProtocolESP, baseESP)
				c.carries()
				l = newLab(t, s)
				_, c = l.connected(baseESP, unlike)
				l.exactly(c.suite, 1, wire.ProtocolESP, baseESP)
				c.carries()
			})
			t.Run("rekeying the Child SA unlike "+name, func(t *testing.T) {
				l := newLab(t, s)
				_, old := l.connected()
				l.asksChild(old, []string{unlike, baseESP}, baseESP, 2)
			})
		}
	})
}
