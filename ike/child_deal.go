package ike

import (
	"cmp"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/explain"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// A childDeal is what both sides of an exchange agreed on for a Child SA, as we see it.
type childDeal struct {
	config        *ChildConfig
	selection     suite.Selection // its SPI is the peer's
	mode          esp.Mode
	local, remote []spd.Selector
	// Transport mode behind a NAT: the addresses before translation (RFC 7296, Section 2.23.1).
	originalLocal, originalRemote netip.Addr
	noTFC                         bool   // the peer takes no TFC padding
	fragments                     bool   // both carry non-first fragments
	moreTS                        bool   // other selectors are possible, in another Child SA
	perResource                   bool   // both make Child SAs of single resources (RFC 9611)
	first                         *Child // that of all resources, if this one is to be of a single resource
	resource                      int    // which that is; 0: of all
	fit                           fit
	aggFrag                       *dataplane.AggFrag // nil: no AGGFRAG mode
	unhidden                      bool               // the peer does without the AGGFRAG mode that is configured
	ppk                           string             // name of the PPK that is mixed in; empty: none
}

// outSPI is the peer's SPI.
func (d *childDeal) outSPI() uint32 { return binary.BigEndian.Uint32(d.selection.Proposal.SPI) }

// negotiate is the responder's part: it finds the child that an offer is for, narrows the traffic and selects algorithms
// (RFC 7296, Sections 2.7 and 2.9). old is the child that is replaced, or nil. Inside IKE_AUTH there is no key exchange.
func (sa *SA) negotiate(m childMessage, old *Child, keyExchange bool) (childDeal, error) {
	if len(m.tsi) == 0 || len(m.tsr) == 0 {
		return childDeal{}, sa.noTraffic(m)
	}
	deals, refused := sa.matches(m, old)
	if len(deals) == 0 {
		return childDeal{}, refused
	}
	for _, d := range deals {
		possible, err := d.config.Proposals, error(nil)
		if old == nil {
			if possible, err = sa.join(&d); err != nil {
				return childDeal{}, err
			}
		}
		selection, err := selectESP(m, possible, keyExchange)
		if err != nil {
			refused = refuse(explain.IKENoProposal, wire.NotifyNoProposalChosen, "child %q: %w", d.config.Name, err)
			continue
		}
		if err := d.useAggFrag(m.aggFrag, cmp.Or(old, d.first)); err != nil {
			refused = err
			continue
		}
		d.selection = selection
		d.moreTS = d.moreTS || moreThan(deals, d)
		return d, sa.checkSPI(&d)
	}
	return childDeal{}, refused
}

// checkSPI refuses a peer's SPI that it uses for another child: a Delete for it would be ambiguous.
func (sa *SA) checkSPI(d *childDeal) error {
	if sa.childOut(d.outSPI()) == nil {
		return nil
	}
	return refuse(explain.IKENoProposal, wire.NotifyNoProposalChosen, "peer offers the SPI %08x, which it uses for another Child SA", d.outSPI())
}

// matches returns what the configured children make of an offer, best first: transport mode where the peer asks for it, then
// by fit, then as configured. Without any it says why not.
func (sa *SA) matches(m childMessage, old *Child) (deals []childDeal, refused error) {
	candidates := sa.conn.Children
	if old != nil {
		candidates = []*ChildConfig{sa.childConfig(old.config)}
	}
	for _, c := range candidates {
		d, err := sa.match(c, m, old)
		switch {
		case err == nil:
			deals = append(deals, d)
		case !errors.Is(err, errNoMatch):
			refused = err
		}
	}
	if len(deals) == 0 && refused == nil {
		refused = sa.noTraffic(m) // tells of every child: not to be made where it is not shown
	}
	slices.SortStableFunc(deals, func(a, b childDeal) int {
		if a.mode != b.mode {
			return int(b.mode) - int(a.mode)
		}
		return int(b.fit) - int(a.fit)
	})
	return deals, refused
}

// errNoMatch says that a child is not for the traffic of an offer.
var errNoMatch = errors.New("other traffic")

// match holds one configured child against an offer. A rekeyed SA is never narrower than the one it replaces, so that one's
// selectors are policy too (RFC 7296, Section 2.9.2).
func (sa *SA) match(c *ChildConfig, m childMessage, old *Child) (childDeal, error) {
	d := childDeal{config: c, mode: c.Mode, noTFC: m.noTFC, fragments: m.fragments && c.NonFirstFragments,
		perResource: m.perResource && c.PerResource}
	tsi, tsr := m.tsi, m.tsr
	if c.Mode == esp.Transport {
		var ok bool
		if tsi, tsr, ok = sa.transportOffer(m, &d); !ok {
			return d, errNoMatch
		}
	}
	local, remote := expand(c.Local, sa.localAddrs()), expand(c.Remote, sa.remoteAddrs())
	if old != nil {
		local, remote = slices.Concat(local, old.local), slices.Concat(remote, old.remote)
	}
	d.fit = fitOf(tsi, tsr, remote, local)
	if d.fit == fitNone {
		return d, errNoMatch
	}
	if old == nil && !inGroup(c.Groups, sa.proof.Groups()) {
		return d, refuse(explain.AuthGroup, wire.NotifyTSUnacceptable, "child %q is for the groups %v; %s has %v", c.Name, c.Groups, sa.remote, sa.proof.Groups())
	}
	if old == nil && sa.lacksLease(c) {
		return d, refuse(explain.IKEAddressRequired, wire.NotifyFailedCPRequired,
			"child %q is for peers with an address of our pools; the peer asked for none", c.Name)
	}
	d.local, d.remote = narrow(tsr, local), narrow(tsi, remote)
	if c.SinglePair && old == nil {
		return d, d.narrowToPair(tsi[0], tsr[0])
	}
	return d, nil
}

// lacksLease tells whether the child needs an address of our pools that the peer does not have (RFC 7296, Section 2.19).
func (sa *SA) lacksLease(c *ChildConfig) bool {
	return len(sa.conn.Pools) > 0 && isDynamic(c.Remote) && len(sa.leases) == 0
}

// narrowToPair narrows to the pair of addresses that the peer's first selectors name (RFC 7296, Section 2.9).
func (d *childDeal) narrowToPair(first, second spd.Selector) error {
	remote, local := []spd.Selector{spd.Host(first.Start)}, []spd.Selector{spd.Host(second.Start)}
	narrowRemote, narrowLocal := narrow(d.remote, remote), narrow(d.local, local)
	if first.Start != first.End || second.Start != second.End || len(narrowRemote) == 0 || len(narrowLocal) == 0 {
		return refuse(explain.IKESinglePair, wire.NotifySinglePairRequired,
			"child %q is for single pairs of addresses; peer asks for %v to %v", d.config.Name, first, second)
	}
	d.moreTS = !spd.Covers(remote, d.remote) || !spd.Covers(local, d.local)
	d.local, d.remote = narrowLocal, narrowRemote
	return nil
}

// moreThan tells whether one of the other deals allows traffic that the chosen one does not.
func moreThan(deals []childDeal, chosen childDeal) bool {
	return slices.ContainsFunc(deals, func(d childDeal) bool {
		return d.mode == chosen.mode && (!spd.Covers(chosen.local, d.local) || !spd.Covers(chosen.remote, d.remote))
	})
}

// noTraffic is the refusal of an offer that no child is for, with both sides' selectors.
func (sa *SA) noTraffic(m childMessage) error {
	ours := ""
	for _, c := range sa.conn.Children {
		ours += " " + c.Name + ": " + selectorStrings(expand(c.Local, sa.localAddrs())) + " === " +
			selectorStrings(expand(c.Remote, sa.remoteAddrs())) + ";"
	}
	return refuse(explain.IKETSUnacceptable, wire.NotifyTSUnacceptable, "peer asks for %s === %s (transport mode %t); connection %q has%s",
		selectorStrings(m.tsr), selectorStrings(m.tsi), m.transport, sa.conn.Name, ours)
}

// selectESP selects the algorithms. The method of the peer's KE payload is taken when it is possible at all, which spares a
// round trip (RFC 7296, Section 1.3).
func selectESP(m childMessage, configured []wire.Proposal, keyExchange bool) (suite.Selection, error) {
	if !keyExchange {
		return suite.Select(m.proposals, configured, suite.SelectOptions{IgnoreKE: true})
	}
	sent := wire.KENone
	if m.ke != nil {
		sent = m.ke.Method
	}
	return selectReady(m.proposals, configured, sent)
}

// selectReady selects a suite whose first key exchange is that of the peer's KE payload, or any if there is none.
func selectReady(offered, configured []wire.Proposal, sent wire.TransformID) (suite.Selection, error) {
	if ready := withMethod(offered, sent); len(ready) > 0 {
		if selection, err := suite.Select(ready, configured, suite.SelectOptions{}); err == nil {
			return selection, nil
		}
	}
	return suite.Select(offered, configured, suite.SelectOptions{})
}

// withMethod keeps of proposals what can be had with one key exchange method; KENone stands for no key exchange.
func withMethod(proposals []wire.Proposal, method wire.TransformID) []wire.Proposal {
	isKE := func(t wire.Transform) bool { return t.Type == wire.TransformKE }
	var out []wire.Proposal
	for _, p := range proposals {
		had := slices.ContainsFunc(p.Transforms, isKE)
		p.Transforms = slices.DeleteFunc(slices.Clone(p.Transforms), func(t wire.Transform) bool { return isKE(t) && t.ID != method })
		if slices.ContainsFunc(p.Transforms, isKE) || !had && method == wire.KENone {
			out = append(out, p)
		}
	}
	return out
}

// methodOf returns the key exchange method of a selection, or KENone.
func methodOf(selection suite.Selection) wire.TransformID {
	t, _ := selection.Get(wire.TransformKE)
	return t.ID
}

// checkKE holds the KE payload of a request against what was selected. A wrong one is answered with the method that we want
// (RFC 7296, Section 1.3).
func checkKE(selection suite.Selection, ke *wire.KE) error {
	method := methodOf(selection)
	if method == wire.KENone || ke != nil && ke.Method == method {
		return nil
	}
	f := refuse(explain.IKEKeyExchange, wire.NotifyInvalidKEPayload, "peer has to repeat its request with key exchange %s", keName(method))
	f.Data = binary.BigEndian.AppendUint16(nil, uint16(method))
	return f
}
