package ike

import (
	"net/netip"
	"slices"

	"culvert/esp"
	"culvert/explain"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// offer is the initiator's part for a new child: all that is configured, and first of all the packet that asks for it
// (RFC 7296, Section 2.9). Transport mode is between the ends of the IKE SA (RFC 7296, Section 2.23.1).
func (sa *SA) offer(c *ChildConfig, trigger *spd.Flow) (childMessage, error) {
	m := childMessage{transport: c.Mode == esp.Transport, fragments: c.NonFirstFragments, aggFrag: c.aggFrag(),
		perResource: c.PerResource}
	if m.transport {
		m.tsi, m.tsr = betweenEnds(c.Local, sa.path.Local), betweenEnds(c.Remote, sa.path.Remote)
	} else {
		m.tsi, m.tsr = expand(c.Local, sa.wishedAddrs()), expand(c.Remote, sa.remoteAddrs())
	}
	if len(m.tsi) == 0 || len(m.tsr) == 0 {
		return m, refuse(explain.IKETSUnacceptable, 0, "child %q allows no traffic between %v and %v: correct its selectors",
			c.Name, sa.path.Local.Addr(), sa.path.Remote.Addr())
	}
	if trigger != nil {
		source, destination := triggerSelectors(*trigger)
		m.tsi, m.tsr = slices.Insert(m.tsi, 0, source), slices.Insert(m.tsr, 0, destination)
	}
	return m, nil
}

// offerPair reduces an offer to the packet that asks for it (RFC 7296, Section 2.9: SINGLE_PAIR_REQUIRED).
func (m *childMessage) offerPair(trigger spd.Flow) {
	m.tsi = narrow(m.tsi, []spd.Selector{spd.Host(trigger.Source)})
	m.tsr = narrow(m.tsr, []spd.Selector{spd.Host(trigger.Destination)})
}

// offerAgain is the initiator's part for a child that replaces another: the same traffic (RFC 7296, Section 2.9.2).
func (sa *SA) offerAgain(old *Child) childMessage {
	m := childMessage{tsi: old.local, tsr: old.remote, transport: old.mode == esp.Transport, fragments: old.config.NonFirstFragments,
		aggFrag: sa.childConfig(old.config).aggFrag(), perResource: old.perResource || old.forResource()}
	if m.transport {
		m.tsi, m.tsr = substitute(old.local, sa.path.Local.Addr().Unmap()), substitute(old.remote, sa.path.Remote.Addr().Unmap())
	}
	return m
}

// wishedAddrs is localAddrs, and before virtual addresses are assigned any address of the families that we ask for
// (RFC 7296, Section 2.19).
func (sa *SA) wishedAddrs() []netip.Addr {
	if len(sa.assigned.addresses()) > 0 || len(sa.conn.VirtualIPs) == 0 {
		return sa.localAddrs()
	}
	var out []netip.Addr
	for _, a := range sa.conn.VirtualIPs {
		any := netip.IPv6Unspecified()
		if a.Is4() {
			any = netip.IPv4Unspecified()
		}
		if !slices.Contains(out, any) {
			out = append(out, any)
		}
	}
	return out
}

// accept is what the initiator makes of an answer for a child that is new or replaces old: it must be a part of the offer (RFC 7296, Sections 2.7 and 2.9).
func (sa *SA) accept(c *ChildConfig, offer, m childMessage, old *Child) (childDeal, error) {
	d := childDeal{config: c, noTFC: m.noTFC, fragments: offer.fragments && m.fragments, moreTS: m.moreTS,
		perResource: offer.perResource && m.perResource}
	if len(m.proposals) != 1 {
		return d, refuse(explain.IKEBadProposal, 0, "child %q: peer answers with %d ESP proposals instead of one", c.Name, len(m.proposals))
	}
	if err := suite.CheckAccepted(offer.proposals, m.proposals[0]); err != nil {
		return d, refuse(explain.IKEBadProposal, 0, "child %q: %w", c.Name, err)
	}
	d.selection = suite.Selection{Proposal: m.proposals[0]}
	if m.transport != offer.transport {
		return d, refuse(explain.IKEMode, 0, "child %q: transport mode %t was asked for and %t is the answer: configure one mode on both sides",
			c.Name, offer.transport, m.transport)
	}
	if err := sa.acceptTraffic(&d, offer, m); err != nil {
		return d, err
	}
	if err := d.acceptAggFrag(offer.aggFrag, m.aggFrag, old); err != nil {
		return d, err
	}
	return d, sa.checkSPI(&d)
}

// acceptTraffic takes the selectors of an answer. Where we were given a virtual address they are reduced to it.
func (sa *SA) acceptTraffic(d *childDeal, offer, m childMessage) error {
	if len(sa.conn.VirtualIPs) > 0 && len(sa.assigned.addresses()) == 0 && isDynamic(d.config.Local) {
		return refuse(explain.IKENoAddress, 0, "child %q needs a virtual address and the peer gave none", d.config.Name)
	}
	single := true
	if m.transport {
		d.mode = esp.Transport
		single = sa.transportAnswer(&m, d)
	}
	d.local, d.remote = m.tsi, m.tsr
	subset := spd.Covers(offer.tsi, d.local) && spd.Covers(offer.tsr, d.remote)
	if len(sa.assigned.addresses()) > 0 && isDynamic(d.config.Local) {
		d.local = narrow(d.local, expand(d.config.Local, sa.localAddrs()))
	}
	if single && subset && len(d.local) > 0 && len(d.remote) > 0 {
		return nil
	}
	return refuse(explain.IKETSUnacceptable, 0, "child %q: peer answers with %s === %s, which is no part of our %s === %s", d.config.Name,
		selectorStrings(m.tsi), selectorStrings(m.tsr), selectorStrings(offer.tsi), selectorStrings(offer.tsr))
}

// offerProposals completes an offer with its proposals and, for all but the first child, with nonce and key exchange.
func (m *childMessage) offerProposals(configured []wire.Proposal, spi uint32, nonce []byte, ke *wire.KE) {
	m.proposals = espOffer(configured, spi, nonce != nil)
	m.nonce, m.ke = nonce, ke
}
