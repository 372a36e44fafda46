package ike

import (
	"culvert/explain"
	"culvert/wire"
)

// The first child is made inside IKE_AUTH (RFC 7296, Section 1.2), with the nonces of IKE_SA_INIT and without a key exchange
// of its own. When it fails the IKE SA lives on.

// firstChild is what the initiator has asked for.
type firstChild struct {
	spi   uint32
	offer childMessage
}

// firstChildRequest returns the payloads for the IKE_AUTH request. A child that cannot be asked for is reported and left out.
func (sa *SA) firstChildRequest(c *ChildConfig) []wire.Payload {
	offer, err := sa.offer(c, sa.initial.trigger)
	if err == nil {
		sa.initial.first.spi, err = sa.env.SPIs.AllocateSPI(0)
	}
	if err != nil {
		sa.childFailed(c, err)
		return nil
	}
	offer.offerProposals(c.Proposals, sa.initial.first.spi, nil, nil)
	sa.initial.first.offer = offer
	payloads := offer.payloads()
	if cp := sa.configRequest(); cp != nil {
		payloads = append([]wire.Payload{cp}, payloads...) // before the SA payload (RFC 7296, Section 2.19)
	}
	return payloads
}

// childFailed reports a child that does not come up.
func (sa *SA) childFailed(c *ChildConfig, why error) {
	sa.news(News{Kind: NewsFailure, Child: &ChildInfo{Name: c.Name}, Failure: asFailure(why)})
}

// firstChildRespond answers as responder to what the initiator has asked for in its first IKE_AUTH request. install is called after the answer is sent.
func (sa *SA) firstChildRespond(in *inbound, asked []wire.Payload) (payloads []wire.Payload, install func()) {
	m := childMessageOf(asked)
	d, err := sa.negotiate(m, nil, false)
	if err == nil {
		var c *Child
		if c, err = sa.firstChildMake(d); err == nil {
			return sa.childAnswer(d, c.inSPI).payloads(), func() { sa.childUp(c) }
		}
	}
	f := asFailure(err)
	sa.fail(f)
	return []wire.Payload{errorNotify(in, f)}, func() {}
}

func (sa *SA) firstChildMake(d childDeal) (*Child, error) {
	spi, err := sa.allocateSPI(0)
	if err != nil {
		return nil, err
	}
	p := &promisedChild{deal: d, spi: spi}
	c, err := sa.respondWith(p, keySources{ni: sa.initial.nonceI, nr: sa.initial.nonceR})
	if err != nil {
		p.release(sa)
	}
	return c, err
}

// firstChildInstall takes the answer as initiator. Its error is reported; a child that only the peer has is deleted.
func (sa *SA) firstChildInstall(in *inbound, c *ChildConfig) error {
	first := sa.initial.first
	sa.initial.first = firstChild{}
	if first.spi == 0 {
		return nil
	}
	if n, failed := errorOf(in.payloads); failed {
		sa.env.SPIs.ReleaseSPI(first.spi)
		sa.childFailed(c, sa.refusal(c.Name, n))
		return nil
	}
	m := childMessageOf(in.payloads)
	d, err := sa.accept(c, first.offer, m, nil)
	if err == nil && methodOf(d.selection) != wire.KENone {
		err = refuse(explain.IKEKeyExchange, 0, "child %q: the peer selects a key exchange inside IKE_AUTH", c.Name)
	}
	if err == nil {
		err = sa.firstChildUp(d, first.spi)
	}
	if err != nil {
		sa.enqueue(&deleteChild{spi: first.spi, unused: true})
		sa.childFailed(c, err)
	}
	return nil
}

func (sa *SA) firstChildUp(d childDeal, spi uint32) error {
	keys, err := sa.childKeys(d, keySources{ni: sa.initial.nonceI, nr: sa.initial.nonceR})
	if err != nil {
		return err
	}
	sa.childUp(sa.install(d, spi, keys, true, nil, false))
	return nil
}

// forgetFirstChild gives back what was allocated for a first child that was never answered.
func (sa *SA) forgetFirstChild() {
	if sa.initial != nil && sa.initial.first.spi != 0 {
		sa.env.SPIs.ReleaseSPI(sa.initial.first.spi)
		sa.initial.first = firstChild{}
	}
}
