package recorded

import (
	"encoding/binary"
	"slices"

	"culvert/suite"
	"culvert/wire"
)

// A creation is a CREATE_CHILD_SA exchange, with what follows it.
type creation struct {
	request, response *wire.Message
	sel               suite.Selection
	missing           int // additional key exchanges
}

// create follows a CREATE_CHILD_SA exchange that succeeds.
func (s *sa) create(request, response *wire.Message) {
	answer, ok := wire.Find[*wire.SA](response.Payloads)
	if !ok {
		return
	}
	s.creating = &creation{request: request, response: response, sel: suite.Selection{Proposal: answer.Proposals[0]}}
	s.creating.missing = len(s.creating.sel.Additional())
	if s.creating.missing == 0 {
		s.created()
	}
}

// followup follows an IKE_FOLLOWUP_KE exchange (RFC 9370, Section 2.2.4).
func (s *sa) followup(response *wire.Message) {
	if _, ok := wire.Find[*wire.KE](response.Payloads); !ok || s.creating == nil {
		return
	}
	if s.creating.missing--; s.creating.missing == 0 {
		s.created()
	}
}

// created derives the keys of what was made.
func (s *sa) created() {
	c := s.creating
	s.creating = nil
	ni, nr := nonce(c.request.Payloads), nonce(c.response.Payloads)
	var from secret
	if _, ok := wire.Find[*wire.KE](c.response.Payloads); ok {
		from = s.take(ni, nr)
	}
	if c.sel.Proposal.Protocol == wire.ProtocolIKE {
		s.rekeyed(c, from, ni, nr)
		return
	}
	s.child(c.sel, from, ni, nr)
}

// child derives the keys of a pair of ESP SAs.
func (s *sa) child(sel suite.Selection, from secret, ni, nr []byte) {
	keys, err := suite.DeriveChildKeys(s.prf.ID(), s.keys.D, sel, [][]byte{from.exchanged, from.additional}, ni, nr)
	s.must(err)
	s.derive("seed", slices.Concat(from.exchanged, ni, nr, from.additional))
	s.derive("encryption initiator key", keys.EncrI)
	s.derive("encryption responder key", keys.EncrR)
	s.derive("integrity initiator key", keys.IntegI)
	s.derive("integrity responder key", keys.IntegR)
}

// rekeyed derives the keys of an IKE SA that replaces this one.
func (s *sa) rekeyed(c *creation, from secret, ni, nr []byte) {
	offer, _ := wire.Find[*wire.SA](c.request.Payloads)
	i := slices.IndexFunc(offer.Proposals, func(p wire.Proposal) bool { return p.Number == c.sel.Proposal.Number })
	next := &sa{replay: s.replay, sel: c.sel, ni: ni, nr: nr, spiI: spiOf(offer.Proposals[i]), spiR: spiOf(c.sel.Proposal)}
	var err error
	next.prf, err = suite.NewPRF(next.transform(wire.TransformPRF))
	s.must(err)
	s.derive("nonces", slices.Concat(ni, nr))
	s.derive("SKEYSEED", s.prf.Sum(s.keys.D, from.exchanged, ni, nr, from.additional))
	keys, err := suite.RekeyIKEKeys(s.prf.ID(), s.keys.D, c.sel, [][]byte{from.exchanged, from.additional}, ni, nr, next.spiI, next.spiR)
	s.must(err)
	next.use(keys)
	s.sas = append(s.sas, next)
}

func spiOf(p wire.Proposal) wire.SPI { return wire.SPI(binary.BigEndian.Uint64(p.SPI)) }
