package ike

import (
	"encoding/binary"
	"slices"

	"culvert/auth"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// respondRekeyIKE answers a request to replace the IKE SA (RFC 7296, Sections 1.3.2, 2.8.2 and 2.25.2).
func (sa *SA) respondRekeyIKE(in *inbound) error {
	if err := sa.mayRekeyIKE(); err != nil {
		return err
	}
	offer, _ := wire.Find[*wire.SA](in.payloads)
	ke, _ := wire.Find[*wire.KE](in.payloads)
	nonce, err := checkNonce(in.payloads, nil)
	if err != nil {
		return err
	}
	chosen, err := sa.selectRekey(offer.Proposals, ke)
	if err != nil {
		return err
	}
	ppk, err := sa.acceptFreshPPK(in.payloads, nonce)
	if err != nil {
		return err
	}
	p := &promisedIKE{chosen: chosen, ppk: ppk}
	sa.exchanges.replacing = true
	sa.answer(in, respondKE{ke.Method, ke.Data, sa.env.Rand}, func(result keResult) error {
		return sa.answerRekeyIKE(in, p, nonce, result)
	})
	return nil
}

// selectRekey selects the algorithms of the new IKE SA. A key exchange is a must (RFC 7296, Section 2.18).
func (sa *SA) selectRekey(offered []wire.Proposal, ke *wire.KE) (suite.Selection, error) {
	var usable []wire.Proposal
	for _, p := range offered {
		if rekeySPI(p) != 0 {
			usable = append(usable, p)
		}
	}
	configured := suite.NotWeaker(sa.conn.Proposals, sa.suite)
	chosen, err := selectReady(usable, configured, ke.Method)
	switch {
	case err != nil && selectable(usable, sa.conn.Proposals):
		return chosen, refuse(explain.IKEWeakerRekey, wire.NotifyNoProposalChosen, "the peer rekeys the IKE SA with less than it has, %s: %w",
			suite.FormatProposal(sa.suite.Proposal), err)
	case err != nil:
		return chosen, refuse(explain.IKENoProposal, wire.NotifyNoProposalChosen, "the peer rekeys the IKE SA: %w", err)
	case methodOf(chosen) == wire.KENone:
		return chosen, refuse(explain.IKENoProposal, wire.NotifyNoProposalChosen, "the peer rekeys the IKE SA without key exchange")
	}
	return chosen, checkKE(chosen, ke)
}

// selectable tells whether a suite could be chosen.
func selectable(offered, configured []wire.Proposal) bool {
	_, err := suite.Select(offered, configured, suite.SelectOptions{})
	return err == nil
}

// answerRekeyIKE answers when the first key exchange is over, and makes the new IKE SA unless additional ones follow.
func (sa *SA) answerRekeyIKE(in *inbound, p *promisedIKE, ni []byte, ke keResult) error {
	if sa.state != StateEstablished {
		return temporary("the peer rekeys an IKE SA that is %v", sa.state)
	}
	nonce, err := sa.newNonce()
	if err != nil {
		return err
	}
	if p.spi, err = sa.env.NewSPI(); err != nil {
		return err
	}
	accepted := p.chosen.Proposal
	accepted.SPI = binary.BigEndian.AppendUint64(nil, uint64(p.spi))
	answer := append([]wire.Payload{&wire.SA{Proposals: []wire.Proposal{accepted}}, &wire.Nonce{Data: nonce},
		&wire.KE{Method: methodOf(p.chosen), Data: ke.public}}, ppkAnswer(p.ppk)...)
	from := keySources{ni: slices.Clone(ni), nr: nonce, shared: [][]byte{ke.shared}, ppk: p.ppk}
	if methods := p.chosen.Additional(); len(methods) > 0 {
		sa.reply(in, append(answer, linkNotify(sa.promiseIKE(p, from, methods).link)))
		return nil
	}
	if err := p.make(sa, in, from, answer); err != nil {
		p.release(sa)
		return err
	}
	return nil
}

// A promisedIKE is a new IKE SA that we have agreed to as responder.
type promisedIKE struct {
	chosen suite.Selection // with the peer's SPI
	ppk    *auth.PPK       // to be mixed in, or nil
	spi    wire.SPI
}

// promiseIKE notes an IKE SA that is made after additional key exchanges. Our own rekeying has a rival.
func (sa *SA) promiseIKE(p *promisedIKE, from keySources, methods []wire.TransformID) *pendingSA {
	pending := sa.promise(p, from, methods)
	if t := sa.exchanges.rekey; t != nil {
		t.rivals = pending
	}
	return pending
}

func (p *promisedIKE) replaces() *Child { return nil }

func (p *promisedIKE) release(sa *SA) { sa.env.FreeSPI(p.spi) }

// make makes the new IKE SA and answers. While our own rekeying is under way it is not decided which one stays.
func (p *promisedIKE) make(sa *SA, in *inbound, from keySources, answer []wire.Payload) error {
	if sa.state != StateEstablished {
		return temporary("the peer rekeys an IKE SA that is %v", sa.state)
	}
	lowest := from.lowest()
	next, err := sa.next(false, p.chosen, from, rekeySPI(p.chosen.Proposal), p.spi)
	if err != nil {
		return err
	}
	sa.reply(in, answer)
	if t := sa.exchanges.rekey; t != nil {
		t.rival, t.rivalLowest = next, lowest
		return nil
	}
	sa.inherit(next)
	return nil
}
