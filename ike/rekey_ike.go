package ike

import (
	"encoding/binary"
	"slices"

	"culvert/auth"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// A rekeyIKE is our CREATE_CHILD_SA exchange that replaces the IKE SA (RFC 7296, Sections 1.3.2 and 2.18).
type rekeyIKE struct {
	method      wire.TransformID // what the peer wants instead of our first
	tried       []wire.TransformID
	patience    patience
	rival       *SA        // what the peer has made of the same IKE SA meanwhile (RFC 7296, Section 2.8.2)
	rivalLowest []byte     // the lower nonce of that exchange
	rivals      *pendingSA // what the peer is going to make of it (RFC 9370, Section 2.2.4)
	close       bool       // the IKE SA that stays is to be closed
	closeWhy    *Failure

	spi   wire.SPI
	nonce []byte
	offer []wire.Proposal
	ppks  []auth.PPK // offered
	ours  *suite.KeyExchange

	chosen suite.Selection // with the peer's SPI
	follow *followUp       // the additional key exchanges
}

// startRekeyIKE has the IKE SA replaced, unless that is happening already.
func (sa *SA) startRekeyIKE() {
	if sa.childrenAllowed() && !slices.ContainsFunc(sa.waiting(), isRekeyIKE) {
		sa.enqueue(&rekeyIKE{})
	}
}

func isRekeyIKE(t task) bool {
	_, is := t.(*rekeyIKE)
	return is
}

func (t *rekeyIKE) row() *row { return exchangeRow("CREATE_CHILD_SA rekeying the IKE SA") }

// ready lets exchanges about children end first, and what the peer has begun (RFC 7296, Section 2.25.1).
func (t *rekeyIKE) ready(sa *SA) bool {
	return len(sa.exchanges.children) == 0 && sa.exchanges.answering == 0 && len(sa.exchanges.pending) == 0
}

func (t *rekeyIKE) begin(sa *SA) bool {
	if !sa.childrenAllowed() || sa.undecided() {
		return false
	}
	sa.exchanges.rekey = t
	t.offer = sa.rekeyOffer()
	method := t.method
	if method == wire.KENone {
		method = firstKE(t.offer)
	}
	t.tried = append(t.tried, method)
	sa.start(generateKE{method, sa.env.Rand}, func(result any) error {
		ke := result.(keResult)
		if ke.err == nil {
			t.ours = ke.ours
			ke.err = t.send(sa)
		}
		if ke.err != nil {
			sa.requests.withdraw(t)
			t.failed(sa, ke.err)
		}
		return nil
	})
	return true
}

// rekeyOffer puts what the IKE SA uses now first: some peers take nothing else, or no INVALID_KE_PAYLOAD. The new IKE SA is not
// to be weaker.
func (sa *SA) rekeyOffer() []wire.Proposal {
	offer := suite.NotWeaker(sa.conn.Proposals, sa.suite)
	now := sa.suite.Proposal
	if sa.suite.AllowedBy(offer) {
		same := func(p wire.Proposal) bool { return slices.Equal(p.Transforms, now.Transforms) }
		offer = append([]wire.Proposal{now}, slices.DeleteFunc(slices.Clone(offer), same)...)
	}
	return ikeOffer(offer)
}

func (t *rekeyIKE) send(sa *SA) error {
	nonce, err := sa.newNonce()
	if err != nil {
		return err
	}
	if t.spi == 0 {
		if t.spi, err = sa.env.NewSPI(); err != nil {
			return err
		}
	}
	t.nonce = nonce
	for i := range t.offer {
		t.offer[i].SPI = binary.BigEndian.AppendUint64(nil, uint64(t.spi))
	}
	notifies, fresh, err := sa.offerFreshPPKs(nonce)
	if err != nil {
		return err
	}
	t.ppks = fresh
	sa.request(t, append([]wire.Payload{&wire.SA{Proposals: t.offer}, &wire.Nonce{Data: nonce},
		&wire.KE{Method: t.ours.Method(), Data: t.ours.Public()}}, notifies...))
	return nil
}

func (t *rekeyIKE) abandoned(sa *SA, why error) { t.end(sa) }

// end lets go of what a failed exchange held.
func (t *rekeyIKE) end(sa *SA) {
	if sa.exchanges.rekey == t {
		sa.exchanges.rekey = nil
	}
	t.follow.cancel(sa)
	t.follow = nil
	if t.spi != 0 {
		sa.env.FreeSPI(t.spi)
		t.spi = 0
	}
}

// response takes the answer.
func (t *rekeyIKE) response(sa *SA, in *inbound) error {
	if n, failed := errorOf(in.payloads); failed {
		t.refused(sa, n)
		return nil
	}
	chosen, ke, err := t.judge(in)
	var ppk *auth.PPK
	if err == nil {
		ppk, err = sa.agreedPPK(in.payloads, t.ppks)
	}
	if err != nil {
		t.broken(sa, err)
		return nil
	}
	t.chosen = chosen
	nonce, _ := wire.Find[*wire.Nonce](in.payloads)
	s := series{keySources{ni: t.nonce, nr: slices.Clone(nonce.Data), ppk: ppk}, chosen.Additional(), linkOf(in.payloads)}
	sa.finish(in, finishKE{t.ours, ke.Data}, func(ke keResult) {
		if ke.err != nil {
			t.broken(sa, keyExchangeFailure(ke.err))
			return
		}
		s.from.shared = [][]byte{ke.shared}
		t.follow = sa.carryOn(t, s)
	})
	return nil
}

// judge holds the answer against the offer.
func (t *rekeyIKE) judge(in *inbound) (suite.Selection, *wire.KE, error) {
	answer, _ := wire.Find[*wire.SA](in.payloads)
	ke, _ := wire.Find[*wire.KE](in.payloads)
	if _, err := checkNonce(in.payloads, t.nonce); err != nil {
		return suite.Selection{}, nil, err
	}
	chosen := suite.Selection{Proposal: answer.Proposals[0]}
	if len(answer.Proposals) != 1 || rekeySPI(chosen.Proposal) == 0 {
		return chosen, nil, refuse(explain.IKEBadProposal, 0, "the peer rekeys the IKE SA without a single proposal with its SPI")
	}
	if err := suite.CheckAccepted(t.offer, chosen.Proposal); err != nil {
		return chosen, nil, &Failure{Code: explain.IKEBadProposal, Err: err}
	}
	if method := methodOf(chosen); method != t.ours.Method() || ke.Method != method {
		return chosen, nil, refuse(explain.IKEKeyExchange, 0, "the peer selects key exchange %s and sends %s", keName(method), keName(ke.Method))
	}
	return chosen, ke, checkLink(linkOf(in.payloads), len(chosen.Additional()))
}

// rekeySPI returns the IKE SPI of a proposal, 0 when there is none.
func rekeySPI(p wire.Proposal) wire.SPI {
	if p.Protocol != wire.ProtocolIKE || len(p.SPI) != 8 {
		return 0
	}
	return wire.SPI(binary.BigEndian.Uint64(p.SPI))
}

// opponent is the peer's exchange about the same IKE SA, while that is under way.
func (t *rekeyIKE) opponent() *pendingSA { return t.rivals }

// goesOn ends an exchange whose IKE SA is to be closed. The peer has made nothing yet.
func (t *rekeyIKE) goesOn(sa *SA) bool {
	if !t.close || t.rivalled() {
		return true
	}
	t.end(sa)
	sa.close(t.closeWhy)
	return false
}

// exchanged makes the new IKE SA.
func (t *rekeyIKE) exchanged(sa *SA, from keySources) {
	lowest := from.lowest()
	next, err := sa.next(true, t.chosen, from, t.spi, rekeySPI(t.chosen.Proposal))
	if err != nil {
		t.broken(sa, err)
		return
	}
	t.spi = 0
	t.decide(sa, next, lowest)
}

// refused handles an error notify in the answer. The peer that answers TEMPORARY_FAILURE may have been faster: then its own
// rekeying counts (RFC 7296, Section 2.8.2).
func (t *rekeyIKE) refused(sa *SA, n *wire.Notify) {
	switch {
	case t.rivalled() || sa.pending(t.rivals):
		t.giveWay(sa)
	case n.NotifyType == wire.NotifyInvalidKEPayload && !t.close:
		t.retryMethod(sa, n)
	case n.NotifyType == wire.NotifyTemporaryFailure && !t.close:
		t.end(sa)
		sa.retryIn(t, &t.patience)
	case n.NotifyType == wire.NotifyStateNotFound && !t.close:
		t.end(sa)
		sa.startOver(t, &t.patience)
	case n.NotifyType == wire.NotifyNoAdditionalSAs:
		sa.askReauth() // the only way to new keys that is left (RFC 7296, Section 2.8)
		t.failed(sa, refuse(explain.IKENoAdditionalSAs, n.NotifyType, "the peer does not rekey the IKE SA"))
	case n.NotifyType == wire.NotifyNoProposalChosen:
		t.failed(sa, refuse(explain.IKENoProposal, n.NotifyType, "the peer accepts none of %s to rekey the IKE SA", proposalStrings(t.offer)))
	default:
		t.failed(sa, refuse(explain.IKEPeerRefused, n.NotifyType, "the peer refuses to rekey the IKE SA"))
	}
}

// retryMethod repeats the request with the key exchange that the peer wants (RFC 7296, Section 1.3).
func (t *rekeyIKE) retryMethod(sa *SA, n *wire.Notify) {
	method, err := methodFrom(n, t.offer, t.tried)
	if err != nil {
		t.failed(sa, err)
		return
	}
	t.method = method
	t.end(sa)
	sa.enqueue(t)
}

// failed reports why the IKE SA was not rekeyed. When the peer has rekeyed it meanwhile it was; otherwise it is tried again
// until its lifetime ends.
func (t *rekeyIKE) failed(sa *SA, why error) {
	sa.fail(why)
	if t.rivalled() {
		t.settle(sa, t.rival)
		return
	}
	t.end(sa)
	if t.close {
		sa.close(t.closeWhy)
		return
	}
	sa.timers.set(timerRekey, 0, sa.now.Add(rekeyRetry))
}

// broken handles an answer that we cannot use: the peer has given everything to an IKE SA that we do not have, so the only
// way to a common state is a new one (RFC 7296, Section 2.21.3).
func (t *rekeyIKE) broken(sa *SA, why error) {
	if t.rivalled() {
		t.failed(sa, why)
		return
	}
	t.end(sa)
	sa.close(asFailure(why))
}
