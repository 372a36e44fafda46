package conformance

import (
	"testing"
	"time"

	"culvert/wire"
)

// Several transforms of a type and several proposals (RFC 7296, Sections 2.7 and 3.3), in every exchange that negotiates.

// A choice is an offer of several transforms, and the proposals that can be made of it.
type choice struct {
	name  string
	offer string
	made  []string
}

func ikeChoices() []choice {
	return []choice{
		{"encryption algorithms", "aes128-aes128ctr-sha256-x25519", []string{"aes128-sha256-x25519", "aes128ctr-sha256-x25519"}},
		{"pseudorandom functions", "aes128-sha256-prfsha256-prfaesxcbc-x25519", []string{"aes128-sha256-x25519", "aes128-sha256-prfaesxcbc-x25519"}},
		{"integrity algorithms", "aes128-sha256-aesxcbc-prfsha256-x25519", []string{"aes128-sha256-x25519", "aes128-aesxcbc-prfsha256-x25519"}},
		{"groups", twoGroups, []string{"aes128-sha256-x25519", group14}},
	}
}

func espChoices() []choice {
	return []choice{
		{"encryption algorithms", "aes128-aes128ctr-sha256", []string{"aes128-sha256", "aes128ctr-sha256"}},
		{"integrity algorithms", "aes128-sha256-aesxcbc", []string{"aes128-sha256", "aes128-aesxcbc"}},
		{"sequence numbers", "aes128-sha256-noesn-esn", []string{"aes128-sha256-noesn", "aes128-sha256-esn"}},
	}
}

// Proposals that differ in everything.
const (
	otherIKE = "aes128ctr-aesxcbc-prfaesxcbc-modp2048"
	otherESP = "aes128ctr-aesxcbc-esn"
)

// The node offers all that is configured, and takes what the tester chooses.
func TestOfferOfSeveralTransforms(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, c := range ikeChoices() {
			t.Run("IKE_SA_INIT "+c.name, func(t *testing.T) {
				for _, made := range c.made {
					l := newLab(t, s, offersIKE(t, c.offer))
					l.initiate()
					first := l.receiveInit()
					l.offers(first.Payloads, wire.ProtocolIKE, 0, c.offer)
					l.finishWith(first, made)
				}
			})
			t.Run("rekeying the IKE SA "+c.name, func(t *testing.T) {
				for _, made := range c.made {
					l := newLab(t, s, offersIKE(t, c.offer), ikeLifetime(30*time.Second, 0))
					l.rekeysIKE(made, c.made[0], []string{c.made[0], c.offer}) // what is in use leads
				}
			})
		}
		for _, c := range espChoices() {
			t.Run("IKE_AUTH "+c.name, func(t *testing.T) {
				for _, made := range c.made {
					l := newLab(t, s, offersESP(t, c.offer))
					l.makesChild(made, []string{c.offer})
				}
			})
			t.Run("rekeying the Child SA "+c.name, func(t *testing.T) {
				for _, made := range c.made {
					l := newLab(t, s, offersESP(t, c.offer), childLifetime(30*time.Second, 0))
					l.rekeysChild(made, c.made[0], []string{c.offer})
				}
			})
		}
	})
}

func TestOfferOfSeveralProposals(t *testing.T) {
	ikeOffer, espOffer := []string{baseIKE, otherIKE}, []string{baseESP, otherESP}
	both(t, func(t *testing.T, s scene) {
		t.Run("IKE_SA_INIT", func(t *testing.T) {
			for _, made := range ikeOffer {
				l := newLab(t, s, offersIKE(t, ikeOffer...))
				l.initiate()
				first := l.receiveInit()
				l.offers(first.Payloads, wire.ProtocolIKE, 0, ikeOffer...)
				l.finishWith(first, made)
			}
		})
		t.Run("rekeying the IKE SA", func(t *testing.T) {
			for _, made := range ikeOffer {
				l := newLab(t, s, offersIKE(t, ikeOffer...), ikeLifetime(30*time.Second, 0))
				l.rekeysIKE(made, baseIKE, ikeOffer)
			}
		})
		t.Run("IKE_AUTH", func(t *testing.T) {
			for _, made := range espOffer {
				l := newLab(t, s, offersESP(t, espOffer...))
				l.makesChild(made, espOffer)
			}
		})
		t.Run("rekeying the Child SA", func(t *testing.T) {
			for _, made := range espOffer {
				l := newLab(t, s, offersESP(t, espOffer...), childLifetime(30*time.Second, 0))
				l.rekeysChild(made, baseESP, espOffer)
			}
		})
	})
}

// offers checks the proposals of an offer.
func (l *lab) offers(payloads []wire.Payload, protocol wire.ProtocolID, spi int, words ...string) {
	l.Helper()
	list := find[*wire.SA](l, payloads).Proposals
	if len(list) != len(words) {
		l.Fatalf("%d proposals, want %d", len(list), len(words))
	}
	for i, p := range list {
		l.transforms(p, uint8(i+1), protocol, spi, words[i])
	}
}

// finishWith accepts a proposal; where that needs another group than the node's, the node is told so first.
func (l *lab) finishWith(request message, made string) {
	l.Helper()
	want := firstMethod(proposals(l, wire.ProtocolIKE, made))
	if find[*wire.KE](l, request.Payloads).Method != want {
		l.askGroup(request, 0, want)
		request = l.receiveInit()
	}
	l.finish(request, made)
}

// makesChild has the node initiate, checks its ESP offer, and has one proposal accepted.
func (l *lab) makesChild(made string, offer []string) {
	l.Helper()
	s, request := l.accepted()
	l.offers(request.Payloads, wire.ProtocolESP, 4, offer...)
	child, c := s.acceptChild(request.Payloads, made)
	s.answer(request, append(s.proof(), child...)...)
	c.carries()
}

// rekeysIKE has the node rekey its IKE SA, checks the offer, and has one proposal accepted.
func (l *lab) rekeysIKE(made, before string, offer []string) {
	l.Helper()
	s, request := l.accepted(before)
	child, c := s.acceptChild(request.Payloads)
	s.answer(request, append(s.proof(), child...)...)
	l.wait(30 * time.Second)
	request = s.request(wire.ExchangeCreateChildSA)
	want := firstMethod(proposals(l, wire.ProtocolIKE, made))
	if find[*wire.KE](l, request.Payloads).Method != want {
		s.answer(request, &wire.Notify{NotifyType: wire.NotifyInvalidKEPayload, Data: []byte{0, byte(want)}})
		request = s.request(wire.ExchangeCreateChildSA)
	}
	l.offers(request.Payloads, wire.ProtocolIKE, 8, offer...)
	answer, next := s.acceptRekey(request, made)
	s.answer(request, answer...)
	s.closes()
	next.alive()
	c.carries()
}

// closes receives the node's Delete of the IKE SA and answers it.
func (s *session) closes() {
	s.Helper()
	request := s.request(wire.ExchangeInformational)
	if d := find[*wire.Delete](s.lab, request.Payloads); d.Protocol != wire.ProtocolIKE || len(d.SPIs) != 0 || len(request.Payloads) != 1 {
		s.Errorf("the node sends %v: %+v", types(request.Payloads), d)
	}
	s.answer(request)
}

// rekeysChild has the node rekey its Child SA, checks the offer, and has one proposal accepted.
func (l *lab) rekeysChild(made, before string, offer []string) {
	l.Helper()
	s, old := l.answered(before)
	l.wait(30 * time.Second)
	request := s.request(wire.ExchangeCreateChildSA)
	l.offers(request.Payloads, wire.ProtocolESP, 4, offer...)
	answer, c := s.acceptChild(request.Payloads, made)
	s.answer(request, answer...)
	s.replaces(old)
	c.carries()
}

// replaces receives the node's Delete of a Child SA and answers it.
func (s *session) replaces(old *child) {
	s.Helper()
	request := s.request(wire.ExchangeInformational)
	s.deletes(request.Payloads, old)
	s.answer(request, old.delete())
}
