package ike

import (
	"culvert/explain"
	"culvert/wire"
)

// A deleteChild is our INFORMATIONAL exchange that deletes a child (RFC 7296, Section 1.4.1): of ours, or one that the peer
// has made in an exchange whose result we cannot use.
type deleteChild struct {
	spi    uint32
	unused bool // only the SPI was allocated
	child  *Child
	why    *Failure // of a child without successor, for people; nil: it was asked for
}

func (t *deleteChild) row() *row { return exchangeRow("INFORMATIONAL") }

// ready holds the exchange back while the IKE SA is being replaced, or the peer may not know the child yet.
func (t *deleteChild) ready(sa *SA) bool {
	return sa.childrenAllowed() && (t.child == nil || !t.child.unconfirmed)
}

func (t *deleteChild) begin(sa *SA) bool {
	if t.child != nil {
		if !sa.has(t.child) {
			return false
		}
		t.child.deleteSent = true
	}
	sa.begun(t)
	sa.request(t, []wire.Payload{&wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{t.spi}}})
	return true
}

// response closes our side. What the peer says about its own is of no interest: both directions are gone.
func (t *deleteChild) response(sa *SA, in *inbound) error {
	t.end(sa)
	if c := t.child; c != nil && sa.has(c) {
		sa.finishChild(c, t.why)
	}
	return nil
}

func (t *deleteChild) abandoned(sa *SA, why error) { t.end(sa) }

func (t *deleteChild) end(sa *SA) {
	sa.ended(t)
	if t.unused {
		sa.env.SPIs.ReleaseSPI(t.spi)
		t.unused = false
	}
}

// deleteChild has a child deleted. One that is being rekeyed is deleted when that is over.
func (sa *SA) deleteChild(c *Child, why *Failure) {
	switch {
	case c.state == childLingering || c.state == childDeleting:
	case c.rekey != nil:
		c.rekey.unwanted, c.rekey.why = true, why
	default:
		sa.renounce(sa.pendingFor(c))
		c.state = childDeleting
		sa.disarmChild(c)
		sa.enqueue(&deleteChild{spi: c.inSPI, child: c, why: why})
		sa.deletingResources(c)
	}
}

// finishChild ends a child that is deleted on both sides. One whose traffic goes on through another still takes what is on
// its way.
func (sa *SA) finishChild(c *Child, why *Failure) {
	switch {
	case !c.live():
		sa.lingerChild(c)
	case c.forResource() && sa.firstOf(c) != nil:
		info := sa.childInfo(c)
		sa.lingerChild(c)
		sa.news(News{Kind: NewsChildDown, Child: &info, Failure: why})
	default:
		sa.dropChild(c, why)
	}
}

// deletedByPeer handles a Delete payload and returns our answer to it: the SPIs of the other halves (RFC 7296,
// Section 1.4.1). When both delete the same child at a time, the answer leaves it out: the outbound SA goes now, the
// inbound SA with the answer to our own request.
func (sa *SA) deletedByPeer(d *wire.Delete) []wire.Payload {
	answer := &wire.Delete{Protocol: d.Protocol}
	for _, spi := range d.SPIs {
		sa.renounce(sa.pendingOut(spi))
		owner, c := sa.family(spi)
		switch {
		case c == nil || d.Protocol != wire.ProtocolESP:
		case c.deleteSent:
			owner.stopSending(c)
		default:
			answer.SPIs = append(answer.SPIs, c.inSPI)
			sa.within(owner, func() { owner.childDeleted(c) })
		}
	}
	if len(answer.SPIs) == 0 {
		return nil
	}
	return []wire.Payload{answer}
}

// childDeleted ends a child that the peer deletes. Our rekeying of it goes on, and finds out how it ends.
func (sa *SA) childDeleted(c *Child) {
	if first := sa.firstOf(c); first != nil {
		sa.restResources(first)
	}
	sa.renounce(sa.pendingFor(c))
	sa.finishChild(c, refuse(explain.IKEPeerDeleted, 0, "the peer deleted child %q", c.config.Name))
}
