package ike

import (
	"culvert/auth"
	"culvert/esp"
	"culvert/explain"
	"culvert/wire"
)

// respondNewChild answers a request for a new child (RFC 7296, Section 1.3.1).
func (sa *SA) respondNewChild(in *inbound) error {
	if err := sa.mayCreate(false); err != nil {
		return tooMany(in, err)
	}
	return sa.respondChild(in, nil)
}

// respondChild answers a request for a child, at once or when the key exchange is computed.
func (sa *SA) respondChild(in *inbound, old *Child) error {
	m := childMessageOf(in.payloads)
	if _, err := checkNonce(in.payloads, nil); err != nil {
		return err
	}
	d, err := sa.negotiate(m, old, true)
	if err != nil {
		return err
	}
	if err := checkKE(d.selection, m.ke); err != nil {
		return err
	}
	ppk, err := sa.acceptFreshPPK(in.payloads, m.nonce)
	if err != nil {
		return err
	}
	p := &promisedChild{deal: d, old: old, ppk: ppk}
	method := methodOf(d.selection)
	if method == wire.KENone {
		return sa.answerChild(in, m, p, keResult{})
	}
	sa.answer(in, respondKE{method, m.ke.Data, sa.env.Rand}, func(ke keResult) error {
		return sa.answerChild(in, m, p, ke)
	})
	return nil
}

// answer has the key exchange of a request computed, and what follows from it answered.
func (sa *SA) answer(in *inbound, w Work, then func(keResult) error) {
	sa.exchanges.answering++
	sa.start(w, func(result any) error {
		sa.exchanges.answering--
		sa.exchanges.replacing = false // the only one, if it was about the IKE SA
		ke := result.(keResult)
		err := ke.err
		if err != nil {
			err = refuse(explain.IKEKeyExchange, wire.NotifyInvalidSyntax, "key exchange with the peer: %w", ke.err)
		} else {
			err = then(ke)
		}
		if err != nil {
			sa.replyError(in, err)
		}
		return nil
	})
}

// answerChild answers when the first key exchange is over, and makes the child unless additional ones follow. Time may have
// passed since the request came.
func (sa *SA) answerChild(in *inbound, m childMessage, p *promisedChild, ke keResult) error {
	if err := sa.stillWanted(in, p.old); err != nil {
		return err
	}
	nonce, err := sa.newNonce()
	if err != nil {
		return err
	}
	if p.spi, err = sa.allocateSPI(p.forResource()); err != nil {
		return err
	}
	from := keySources{ni: m.nonce, nr: nonce, ppk: p.ppk}
	p.deal.ppk = from.ppkName()
	answer := sa.childAnswer(p.deal, p.spi)
	answer.nonce = nonce
	if method := methodOf(p.deal.selection); method != wire.KENone {
		answer.ke, from.shared = &wire.KE{Method: method, Data: ke.public}, [][]byte{ke.shared}
	}
	if methods := p.deal.selection.Additional(); len(methods) > 0 {
		answer.link = sa.promiseChild(p, from, methods).link
		sa.reply(in, append(answer.payloads(), ppkAnswer(p.ppk)...))
		return nil
	}
	if err := p.make(sa, in, from, append(answer.payloads(), ppkAnswer(p.ppk)...)); err != nil {
		p.release(sa)
		return err
	}
	return nil
}

// stillWanted tells why a child cannot be made although it could when the request came.
func (sa *SA) stillWanted(in *inbound, old *Child) error {
	switch {
	case old != nil && !sa.has(old):
		if n, ok := wire.FindNotify(in.payloads, wire.NotifyRekeySA); ok {
			return childNotFound(n)
		}
		return stateNotFound(nil)
	case sa.state != StateEstablished || old != nil && old.state == childDeleting:
		return temporary("the peer asks for a Child SA of what we are about to delete")
	}
	return nil
}

// A promisedChild is a child that we have agreed to as responder.
type promisedChild struct {
	deal childDeal
	old  *Child    // to be replaced, or nil
	ppk  *auth.PPK // to be mixed in, or nil
	spi  uint32
}

// promiseChild notes a child that is made after additional key exchanges. Our own rekeying of the same child has a rival.
func (sa *SA) promiseChild(p *promisedChild, from keySources, methods []wire.TransformID) *pendingSA {
	pending := sa.promise(p, from, methods)
	if p.old != nil && p.old.rekey != nil {
		p.old.rekey.rivals = pending
	}
	return pending
}

// forResource is the resource that the child will belong to; 0: to all.
func (p *promisedChild) forResource() int {
	if p.old != nil {
		return p.old.resource
	}
	return p.deal.resource
}

func (p *promisedChild) replaces() *Child { return p.old }

func (p *promisedChild) release(sa *SA) { sa.env.SPIs.ReleaseSPI(p.spi) }

// make derives the keys, installs the child and answers. Both directions of a new child are used at once; one that replaces
// another, or takes over the traffic of a single worker, receives at once and sends later (RFC 7296, Section 2.8).
func (p *promisedChild) make(sa *SA, in *inbound, from keySources, answer []wire.Payload) error {
	if err := sa.stillWanted(in, p.old); err != nil {
		return err
	}
	if err := sa.checkSPI(&p.deal); err != nil {
		return err
	}
	if p.deal.first != nil && !p.deal.first.live() {
		return temporary("the peer asks for a Child SA of a single resource beside one that has ended")
	}
	c, err := sa.respondWith(p, from)
	if err != nil {
		return err
	}
	sa.reply(in, answer)
	sa.awaitConfirmation(c, in.MessageID)
	sa.reportAnswered(p.old, c)
	return nil
}

// awaitConfirmation holds our own exchanges about a child back until the peer is known to have it. (A child of IKE_AUTH
// needs no confirmation: before our answer the peer takes no request.)
func (sa *SA) awaitConfirmation(c *Child, id uint32) {
	c.unconfirmed, c.answered = true, id
	sa.timers.set(timerConfirm, c.inSPI, sa.now.Add(responseMemory))
}

// confirmChildren takes note of a request that the peer may only send after it has our answers before the window (RFC 7296,
// Section 2.3).
func (sa *SA) confirmChildren(id uint32) {
	for _, c := range sa.children {
		if c.unconfirmed && id-c.answered >= max(sa.responses.size, 1) && id > c.answered {
			sa.confirmChild(c)
		}
	}
}

// confirmChild lets our own exchanges about a child begin. Until now the traffic of a worker went through the child of all.
func (sa *SA) confirmChild(c *Child) {
	c.unconfirmed = false
	sa.timers.stop(timerConfirm, c.inSPI)
	if c.forResource() && c.live() && c.line == c.inSPI {
		sa.activate(c)
	}
}

// allocateSPI allocates our SPI of a child that the peer asks for.
func (sa *SA) allocateSPI(resource int) (uint32, error) {
	spi, err := sa.env.SPIs.AllocateSPI(resource)
	if err != nil {
		return 0, &Failure{Code: explain.IKEDataPlane, Notify: wire.NotifyTemporaryFailure, Err: err}
	}
	return spi, nil
}

// respondWith installs the child as responder.
func (sa *SA) respondWith(p *promisedChild, from keySources) (*Child, error) {
	lowest := from.lowest()
	keys, err := sa.childKeys(p.deal, from)
	if err != nil {
		return nil, err
	}
	c := sa.install(p.deal, p.spi, keys, false, p.old, p.old != nil || p.deal.first != nil)
	if p.old != nil && p.old.rekey != nil {
		p.old.rekey.rival, p.old.rekey.rivalLowest = c, lowest
	}
	return c, nil
}

// childAnswer is the responder's part.
func (sa *SA) childAnswer(d childDeal, spi uint32) childMessage {
	chosen := d.selection.Proposal
	chosen.SPI = spiOctets(spi)
	answer := childMessage{proposals: []wire.Proposal{chosen}, tsi: d.remote, tsr: d.local, transport: d.mode == esp.Transport,
		fragments: d.fragments, moreTS: d.moreTS, perResource: d.perResource}
	if d.aggFrag != nil {
		answer.aggFrag = d.config.aggFrag()
	}
	return answer
}

func (sa *SA) reportAnswered(old, c *Child) {
	if old != nil {
		sa.replaced(old, c)
		return
	}
	sa.childUp(c)
}
