package ike

import (
	"cmp"
	"errors"
	"slices"

	"culvert/auth"
	"culvert/explain"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// A createChild is our CREATE_CHILD_SA exchange for a Child SA: a new one (RFC 7296, Section 1.3.1), or one that replaces
// another (Section 1.3.3).
type createChild struct {
	config      *ChildConfig
	trigger     *spd.Flow        // the packet that asks for it, or nil
	pair        bool             // the peer wants a single pair of addresses
	old         *Child           // to be replaced, or nil
	first       *Child           // beside which one of a single resource is made (RFC 9611), or nil
	resource    int              // that one
	rival       *Child           // what the peer replaced it by meanwhile (RFC 7296, Section 2.8.1)
	rivalLowest []byte           // the lower nonce of the exchange that made the rival
	rivals      *pendingSA       // what the peer is going to replace it by (RFC 9370, Section 2.2.4)
	unwanted    bool             // old is to be deleted as soon as this is over
	why         *Failure         // for people; nil: it was asked for
	method      wire.TransformID // what is tried after the peer refused our first
	tried       []wire.TransformID
	patience    patience

	spi   uint32
	ours  *suite.KeyExchange
	offer childMessage
	ppks  []auth.PPK // offered

	deal   childDeal // when additional key exchanges follow
	follow *followUp // those
}

// errUnwanted says that a child is given up because the one that it replaces is to be closed.
var errUnwanted = errors.New("to be closed")

func (t *createChild) row() *row {
	if t.old != nil {
		return exchangeRow("CREATE_CHILD_SA rekeying a Child SA")
	}
	return exchangeRow("CREATE_CHILD_SA")
}

// ready holds the exchange back while the IKE SA is being replaced, the peer may not know the old child yet, or is replacing it.
func (t *createChild) ready(sa *SA) bool {
	return sa.childrenAllowed() && (t.old == nil || !t.old.unconfirmed && sa.pendingFor(t.old) == nil)
}

func (t *createChild) begin(sa *SA) bool {
	if t.old != nil && (!sa.has(t.old) || t.old.state != childInstalled) {
		return false // it was deleted, or the peer was faster
	}
	if t.first != nil && (!sa.has(t.first) || !sa.lacksResource(t.first, t.resource)) {
		return false
	}
	sa.begun(t)
	if t.old != nil {
		t.config = sa.childConfig(t.config)
		t.old.state, t.old.rekey, t.rival, t.rivals = childRekeying, t, nil, nil
	}
	method := t.method
	if list := t.methods(sa); method == wire.KENone && len(list) > 0 {
		method = list[0]
	}
	if method == wire.KENone {
		t.send(sa, nil)
		return true
	}
	t.tried = append(t.tried, method)
	sa.start(generateKE{method, sa.env.Rand}, func(result any) error {
		ke := result.(keResult)
		if ke.err != nil {
			t.stop(sa, ke.err)
			return nil
		}
		t.ours = ke.ours
		t.send(sa, &wire.KE{Method: method, Data: ke.public})
		return nil
	})
	return true
}

// send sends the request. It may find that there is nothing to ask for any more.
func (t *createChild) send(sa *SA, ke *wire.KE) {
	payloads, err := t.request(sa, ke)
	if err != nil {
		t.stop(sa, err)
		return
	}
	sa.request(t, payloads)
}

// stop ends an exchange that cannot send its request.
func (t *createChild) stop(sa *SA, why error) {
	sa.requests.withdraw(t)
	t.end(sa)
	t.failed(sa, why)
}

func (t *createChild) request(sa *SA, ke *wire.KE) (payloads []wire.Payload, err error) {
	if t.old != nil {
		t.offer = sa.offerAgain(t.old)
		payloads = append(payloads, &wire.Notify{Protocol: wire.ProtocolESP, SPI: spiOctets(t.old.inSPI), NotifyType: wire.NotifyRekeySA})
	} else if t.first != nil {
		t.offer = sa.offerResource(t.first)
	} else if t.offer, err = sa.offer(t.config, t.trigger); err != nil {
		return nil, err
	}
	if t.pair {
		t.offer.offerPair(*t.trigger)
	}
	nonce, err := sa.newNonce()
	if err != nil {
		return nil, err
	}
	if t.spi == 0 {
		if t.spi, err = sa.env.SPIs.AllocateSPI(t.forResource()); err != nil {
			return nil, &Failure{Code: explain.IKEDataPlane, Err: err}
		}
	}
	t.offer.offerProposals(t.proposals(), t.spi, nonce, ke)
	notifies, fresh, err := sa.offerFreshPPKs(nonce)
	t.ppks = fresh
	return slices.Concat(payloads, t.offer.payloads(), notifies), err
}

// abandoned tells that there will be no child, because the IKE SA ends.
func (t *createChild) abandoned(sa *SA, why error) { t.end(sa) }

// end lets go of what a failed exchange held. A child that was to be replaced stays.
func (t *createChild) end(sa *SA) {
	sa.ended(t)
	t.follow.cancel(sa)
	t.follow = nil
	if t.spi != 0 {
		sa.env.SPIs.ReleaseSPI(t.spi)
		t.spi = 0
	}
	if t.old != nil && t.old.rekey == t {
		t.old.rekey = nil
		switch {
		case t.old.state != childRekeying:
		case t.rivalled(sa):
			sa.awaitDelete(t.old)
		default:
			t.old.state = childInstalled
		}
	}
}

// report tells people and the supervisor why there is no child, or why it was not rekeyed. Its SPI is that of the old one.
func (t *createChild) report(sa *SA, why error) {
	info := ChildInfo{Name: t.config.Name}
	if t.old != nil {
		info = sa.childInfo(t.old)
	}
	sa.news(News{Kind: NewsFailure, Child: &info, Failure: asFailure(why)})
}

// response takes the answer. One that we cannot use leaves a Child SA at the peer, which is deleted (RFC 7296,
// Section 2.21).
func (t *createChild) response(sa *SA, in *inbound) error {
	if n, failed := errorOf(in.payloads); failed {
		t.refused(sa, n)
		return nil
	}
	m := childMessageOf(in.payloads)
	d, err := t.judge(sa, in, m)
	if err != nil {
		t.reject(sa, err)
		return nil
	}
	t.deal = d
	from := keySources{ni: t.offer.nonce, nr: m.nonce}
	if from.ppk, err = sa.agreedPPK(in.payloads, t.ppks); err != nil {
		t.reject(sa, err)
		return nil
	}
	t.deal.ppk = from.ppkName()
	if methodOf(d.selection) == wire.KENone {
		t.exchanged(sa, from)
		return nil
	}
	sa.finish(in, finishKE{t.ours, m.ke.Data}, func(ke keResult) {
		if ke.err != nil {
			t.broken(sa, keyExchangeFailure(ke.err))
			return
		}
		from.shared = [][]byte{ke.shared}
		t.follow = sa.carryOn(t, series{from, d.selection.Additional(), m.link})
	})
	return nil
}

// giveWay ends an exchange that the peer's outdoes; there is nothing to delete yet.
func (t *createChild) giveWay(sa *SA) { t.end(sa) }

// opponent is the peer's exchange about the same child, while that is under way.
func (t *createChild) opponent() *pendingSA { return t.rivals }

// goesOn ends an exchange whose child is not wanted any more, or replaces one that is gone. The peer has made nothing yet.
func (t *createChild) goesOn(sa *SA) bool {
	switch {
	case t.unwanted:
		t.end(sa)
		t.failed(sa, errUnwanted)
	case sa.state != StateEstablished || t.old != nil && !sa.has(t.old):
		t.end(sa)
	default:
		return true
	}
	return false
}

// judge holds the answer against the offer.
func (t *createChild) judge(sa *SA, in *inbound, m childMessage) (childDeal, error) {
	d, err := sa.accept(t.config, t.offer, m, cmp.Or(t.old, t.first))
	if err == nil && t.first != nil {
		d.first, d.resource = t.first, t.resource
		err = acceptResource(t.first, &d)
	}
	if err != nil {
		return d, err
	}
	if _, err := checkNonce(in.payloads, t.offer.nonce); err != nil {
		return d, err
	}
	method := methodOf(d.selection)
	if method != wire.KENone && (t.ours == nil || m.ke == nil || method != t.ours.Method() || m.ke.Method != method) {
		return d, refuse(explain.IKEKeyExchange, 0, "child %q: the peer selects key exchange %s without taking part in it", t.config.Name, keName(method))
	}
	return d, checkLink(m.link, len(d.selection.Additional()))
}

// broken gives up a Child SA. A public value that fails its tests ends the IKE SA (RFC 6989, Section 2.5;
// draft-ietf-ipsecme-ikev2-mlkem-08, Section 2.2).
func (t *createChild) broken(sa *SA, why error) {
	var invalid *suite.KeyExchangeError
	if !errors.As(why, &invalid) {
		t.reject(sa, why)
		return
	}
	t.end(sa)
	sa.close(asFailure(why))
}

// reject gives up a Child SA that the peer has made.
func (t *createChild) reject(sa *SA, why error) {
	sa.enqueue(&deleteChild{spi: t.spi, unused: true})
	t.spi = 0 // until the peer has let go of it
	t.end(sa)
	t.failed(sa, why)
}

// failed tells why a rekeying failed for good, and has it tried once more before the child ends, unless that was to be
// deleted anyway.
func (t *createChild) failed(sa *SA, why error) {
	if t.unwanted {
		sa.deleteChild(t.old, t.why)
		return
	}
	if t.first != nil {
		t.resourceFailed(sa, why)
		return
	}
	t.report(sa, why)
	if t.old != nil && sa.has(t.old) && t.old.live() {
		t.old.rekeyFails = true
		sa.timers.set(timerChildRekey, t.old.inSPI, sa.now.Add(rekeyRetry))
	}
}

// exchanged derives the keys (RFC 7296, Section 2.17) and installs the child.
func (t *createChild) exchanged(sa *SA, from keySources) {
	d := t.deal
	keys, err := sa.childKeys(d, from)
	if err != nil {
		t.reject(sa, err)
		return
	}
	if t.unwanted {
		keys.Clear()
		t.reject(sa, errUnwanted)
		return
	}
	spi := t.spi
	t.spi = 0
	t.end(sa)
	if t.old != nil && sa.childWhere(func(c *Child) bool { return c.line == t.old.line }) != nil {
		t.replace(sa, d, spi, keys, from.lowest())
		return
	}
	sa.childUp(sa.install(d, spi, keys, true, nil, false))
}

// childUp reports a new child.
func (sa *SA) childUp(c *Child) {
	info := sa.childInfo(c)
	sa.news(News{Kind: NewsChildUp, Child: &info})
}
