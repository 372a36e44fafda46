package ike

import (
	"culvert/dataplane"
	"culvert/esp"
	"culvert/explain"
	"culvert/wire"
)

// An AggFragConfig is what is configured about AGGFRAG mode (RFC 9347). It is immutable.
type AggFragConfig struct {
	dataplane.AggFrag      // what does not depend on the peer
	Require           bool // no child without it
	NoFragments       bool // we take whole inner packets only
}

// requirements are the flags of a USE_AGGFRAG notification, which say what its sender requires (RFC 9347, Section 6.1.4).
type requirements uint8

// The requirements.
const (
	dontFragment      requirements = 1 << iota // D: it does not reassemble inner packets
	congestionControl                          // C: it is to be told about congestion

	understood = dontFragment | congestionControl
)

// aggFragOf reads the notification. It is left out where nobody may use it: with flags of no known length, or together with
// transport mode (RFC 9347, Section 5.1).
func aggFragOf(payloads []wire.Payload, transport bool) *requirements {
	n, ok := wire.FindNotify(payloads, wire.NotifyUseAGGFRAG)
	if !ok || transport || len(n.Data) != 1 {
		return nil
	}
	r := requirements(n.Data[0])
	return &r
}

func (r requirements) notify() *wire.Notify {
	return &wire.Notify{NotifyType: wire.NotifyUseAGGFRAG, Data: []byte{byte(r)}}
}

// requirements is what we say to the peer. A circuit breaker needs to know about losses as well (RFC 9347, Section 2.4.2.1).
func (c *AggFragConfig) requirements() (r requirements) {
	if c.Sending == dataplane.SendControlled || c.BreakerLoss > 0 {
		r |= congestionControl
	}
	if c.NoFragments {
		r |= dontFragment
	}
	return r
}

// aggFrag is what we ask for, or nil.
func (c *ChildConfig) aggFrag() *requirements {
	if c.AggFrag == nil || c.Mode != esp.Tunnel {
		return nil
	}
	r := c.AggFrag.requirements()
	return &r
}

// useAggFrag puts the child of a deal into AGGFRAG mode if the peer asks for it too, or answers so. The child that it
// replaces, or nil, is not replaced by one without, which would show the traffic (the RFC leaves that open).
func (d *childDeal) useAggFrag(peer *requirements, old *Child) error {
	c := d.config.AggFrag
	switch {
	case c == nil || d.mode != esp.Tunnel:
		return nil
	case peer != nil && *peer&^understood == 0:
		together := c.AggFrag
		together.Reports = (c.requirements()|*peer)&congestionControl != 0
		together.Whole = c.Whole || *peer&dontFragment != 0
		d.aggFrag = &together
		return nil
	case c.Require, old != nil && old.aggFrag != nil:
		return refuse(explain.IKEAggFrag, wire.NotifyNoProposalChosen, "child %q is for IP-TFS and the peer %s", d.config.Name, peer.lack())
	}
	d.unhidden = true
	return nil
}

// lack says why AGGFRAG mode is impossible.
func (r *requirements) lack() string {
	if r == nil {
		return "does not use it"
	}
	return "requires what we do not know of"
}

// acceptAggFrag is the initiator's part: the answer may decline, and say no more than it was asked.
func (d *childDeal) acceptAggFrag(offer, answer *requirements, old *Child) error {
	switch {
	case answer != nil && offer == nil:
		return refuse(explain.IKEAggFrag, 0, "child %q: the peer answers with USE_AGGFRAG, which we have not asked for", d.config.Name)
	case answer != nil && *answer&^understood != 0:
		return refuse(explain.IKEAggFrag, 0, "child %q: the peer requires of IP-TFS what we do not know of (flags %#02x)", d.config.Name, uint8(*answer))
	case offer == nil:
		return nil
	}
	return d.useAggFrag(answer, old)
}

// withPair returns the mode for an SA whose counterpart has an SPI, or nil.
func withPair(a *dataplane.AggFrag, spi uint32) *dataplane.AggFrag {
	if a == nil {
		return nil
	}
	paired := *a
	paired.Pair = spi
	return &paired
}

// breakChild ends a child whose circuit breaker has tripped. It stays down until somebody asks for it (RFC 9347, Section
// 2.4.2.1).
func (sa *SA) breakChild(c *Child) {
	if c == nil {
		return
	}
	a := c.config.AggFrag
	sa.deleteChild(c, refuse(explain.IKECircuitBreaker, 0, "the loss event rate of child %q was %.3g and more for %v: look for congestion on the path",
		c.config.Name, a.BreakerLoss, a.BreakerTime))
	sa.stopSending(c)
}
