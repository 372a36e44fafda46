package ike

import (
	"culvert/esp"
	"culvert/explain"
	"culvert/wire"
)

// respondNewChild answers a request for a new child (RFC 7296, Section 1.3.1).
func (sa *SA) respondNewChild(in *inbound) error {
	if err := sa.mayCreate(false); err != nil {
		return err
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
	method := methodOf(d.selection)
	if method == wire.KENone {
		return sa.answerChild(in, m, d, old, keResult{})
	}
	sa.answer(in, respondKE{method, m.ke.Data, sa.env.Rand}, func(ke keResult) error {
		return sa.answerChild(in, m, d, old, ke)
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

// answerChild derives the keys, installs the child and answers. Both directions of a new child are used at once; one that
// replaces another receives at once and sends later (RFC 7296, Section 2.8). Time may have passed since the request came.
func (sa *SA) answerChild(in *inbound, m childMessage, d childDeal, old *Child, ke keResult) error {
	if old != nil && !sa.has(old) {
		n, _ := wire.FindNotify(in.payloads, wire.NotifyRekeySA)
		return childNotFound(n)
	}
	if sa.state != StateEstablished || old != nil && old.state == childDeleting {
		return temporary("the peer asks for a Child SA of what we are about to delete")
	}
	nonce, err := sa.newNonce()
	if err != nil {
		return err
	}
	c, err := sa.respondWith(m, d, old, ke.shared, m.nonce, nonce)
	if err != nil {
		return err
	}
	answer := sa.childAnswer(d, c.inSPI)
	answer.nonce = nonce
	if m.ke != nil && methodOf(d.selection) != wire.KENone {
		answer.ke = &wire.KE{Method: m.ke.Method, Data: ke.public}
	}
	sa.reply(in, answer.payloads())
	sa.awaitConfirmation(c, in.MessageID)
	sa.reportAnswered(old, c)
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

// confirmChild lets our own exchanges about a child begin.
func (sa *SA) confirmChild(c *Child) {
	c.unconfirmed = false
	sa.timers.stop(timerConfirm, c.inSPI)
}

// respondWith allocates our SPI and installs the child as responder.
func (sa *SA) respondWith(m childMessage, d childDeal, old *Child, shared, ni, nr []byte) (*Child, error) {
	spi, err := sa.env.SPIs.AllocateSPI()
	if err != nil {
		return nil, &Failure{Code: explain.IKEDataPlane, Notify: wire.NotifyTemporaryFailure, Err: err}
	}
	keys, err := sa.childKeys(d, shared, ni, nr)
	if err != nil {
		sa.env.SPIs.ReleaseSPI(spi)
		return nil, err
	}
	c := sa.install(d, spi, keys, false, old, old != nil)
	c.lowest = lower(ni, nr)
	return c, nil
}

// childAnswer is the responder's part.
func (sa *SA) childAnswer(d childDeal, spi uint32) childMessage {
	chosen := d.selection.Proposal
	chosen.SPI = spiOctets(spi)
	return childMessage{proposals: []wire.Proposal{chosen}, tsi: d.remote, tsr: d.local, transport: d.mode == esp.Transport,
		fragments: d.fragments, moreTS: d.moreTS}
}

func (sa *SA) reportAnswered(old, c *Child) {
	if old != nil {
		sa.replaced(old, c)
		return
	}
	sa.childUp(c)
}
