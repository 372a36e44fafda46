package conformance

import (
	"encoding/binary"

	"culvert/suite"
	"culvert/wire"
)

// The tester's part in the rekeying of an IKE SA (RFC 7296, Sections 1.3.2 and 2.18).

// acceptRekey makes the tester's side of the IKE SA that the node's request asks for, with one of the proposals named, and the
// payloads of the answer.
func (s *session) acceptRekey(request message, words ...string) ([]wire.Payload, *session) {
	s.Helper()
	if len(words) == 0 {
		words = []string{baseIKE}
	}
	offer, ke, nonce := find[*wire.SA](s.lab, request.Payloads), find[*wire.KE](s.lab, request.Payloads), find[*wire.Nonce](s.lab, request.Payloads)
	chosen, err := suite.Select(offer.Proposals, proposals(s, wire.ProtocolIKE, words...), suite.SelectOptions{})
	if err != nil {
		s.Fatalf("the node does not offer what the tester wants: %v", err)
	}
	public, shared, err := suite.RespondKeyExchange(ke.Method, ke.Data, s.rand)
	if err != nil {
		s.Fatal(err)
	}
	next := &session{lab: s.lab, spiI: spiOf(chosen.Proposal), spiR: s.newSPI(), suite: chosen, ni: nonce.Data, nr: s.nonce()}
	next.rekey(s, shared)
	answer := chosen.Proposal
	answer.SPI = binary.BigEndian.AppendUint64(nil, uint64(next.spiR))
	return []wire.Payload{&wire.SA{Proposals: []wire.Proposal{answer}}, &wire.Nonce{Data: next.nr}, &wire.KE{Method: ke.Method, Data: public}}, next
}

func spiOf(p wire.Proposal) wire.SPI { return wire.SPI(binary.BigEndian.Uint64(p.SPI)) }

// rekey derives the keys of the IKE SA from those of the one that it replaces.
func (s *session) rekey(old *session, shared []byte) {
	s.Helper()
	keys, err := suite.RekeyIKEKeys(old.prf().ID(), old.keys.D, s.suite, [][]byte{shared}, s.ni, s.nr, s.spiI, s.spiR)
	if err != nil {
		s.Fatal(err)
	}
	s.use(keys)
}

// An ikeOffer is what the tester asks for a new IKE SA with.
type ikeOffer struct {
	*session  // the old one
	spi       wire.SPI
	proposals []wire.Proposal
	nonce     []byte
	exchange  *suite.KeyExchange
}

// offerRekey makes the offer, with the first group of the first proposal.
func (s *session) offerRekey(words ...string) *ikeOffer {
	s.Helper()
	if len(words) == 0 {
		words = []string{baseIKE}
	}
	list := proposals(s, wire.ProtocolIKE, words...)
	return s.offerRekeyWith(firstMethod(list), list)
}

func (s *session) offerRekeyWith(method wire.TransformID, list []wire.Proposal) *ikeOffer {
	s.Helper()
	o := &ikeOffer{session: s, spi: s.newSPI(), proposals: list, nonce: s.nonce(), exchange: s.keyExchange(method)}
	for i := range o.proposals {
		o.proposals[i].SPI = binary.BigEndian.AppendUint64(nil, uint64(o.spi))
	}
	return o
}

func (o *ikeOffer) payloads() []wire.Payload {
	return []wire.Payload{&wire.SA{Proposals: o.proposals}, &wire.Nonce{Data: o.nonce},
		&wire.KE{Method: o.exchange.Method(), Data: o.exchange.Public()}}
}

// complete takes the answer.
func (o *ikeOffer) complete(answer []wire.Payload) *session {
	o.Helper()
	if _, ok := wire.Find[*wire.SA](answer); !ok {
		o.Fatalf("the node answers %v instead of making an IKE SA; its news: %s", types(answer), o.gazette())
	}
	sa, ke, nonce := find[*wire.SA](o.lab, answer), find[*wire.KE](o.lab, answer), find[*wire.Nonce](o.lab, answer)
	if len(sa.Proposals) != 1 {
		o.Fatalf("%d proposals", len(sa.Proposals))
	}
	if err := suite.CheckAccepted(o.proposals, sa.Proposals[0]); err != nil {
		o.Fatal(err)
	}
	shared, err := o.exchange.Finish(ke.Data)
	if err != nil {
		o.Fatal(err)
	}
	next := &session{lab: o.lab, initiator: true, spiI: o.spi, spiR: spiOf(sa.Proposals[0]), suite: suite.Selection{Proposal: sa.Proposals[0]},
		ni: o.nonce, nr: nonce.Data}
	next.rekey(o.session, shared)
	return next
}
