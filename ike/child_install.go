package ike

import (
	"math"
	"slices"

	"culvert/dataplane"
	"culvert/secret"
	"culvert/spd"
	"culvert/suite"
)

// A Child SA enters and leaves the data plane in an order that loses no packet (RFC 7296, Section 2.8): the policy, the
// inbound SA, the outbound SA; and out again: the outbound SA, the inbound SA once nothing can be on its way any more, the
// policy with the last SA. A rekeyed child shares the policy of the one that it replaces.

// Priority is what a configured priority is in the data plane: that of children which are up, of bypass and of discard. It
// leaves room below for StandInPriority.
func Priority(configured int) int { return 2*configured + 1 }

// StandInPriority is the priority of what stands for a child while it is down, a trap or block: right below the child's own.
func StandInPriority(configured int) int { return 2 * configured }

// install makes a child of a deal and its keys and puts it into the data plane. It replaces old if that is not nil. The
// outbound SA may be deferred, until the peer is known to be ready for it.
func (sa *SA) install(d childDeal, inSPI uint32, keys suite.ChildKeys, initiator bool, old *Child, deferred bool) *Child {
	c := &Child{config: d.config, id: sa.env.NewChildID(), inSPI: inSPI, outSPI: d.outSPI(), suite: d.selection, mode: d.mode, local: d.local,
		remote: d.remote, initiator: initiator, ppk: d.ppk, aggFrag: d.aggFrag, unhidden: d.unhidden, created: sa.now}
	sa.place(c, d, old)
	sa.children = append(sa.children, c)
	sa.emit(Bind{SA: sa.LocalSPI(), SPI: c.inSPI, Policy: c.policy})
	if old == nil && !c.forResource() {
		sa.setPolicy(c, Priority(c.config.Priority))
	}
	in, out := sa.directions(c, d, keys)
	sa.emit(InstallSA{Child: c.inSPI, SA: in})
	c.receiving = true
	c.deferred = &out
	if !deferred {
		sa.activate(c)
	}
	sa.armChild(c)
	return c
}

// place gives a child its policy: that of the one which it replaces or stands beside, or a new one.
func (sa *SA) place(c *Child, d childDeal, old *Child) {
	switch {
	case old != nil:
		c.policy, c.line, c.perResource, c.resource = old.policy, old.line, old.perResource, old.resource
		c.ask(d.config.Kernel.NumberedAs(old.kernel))
	case d.first != nil:
		c.policy, c.line, c.resource, c.kernel = d.first.policy, c.inSPI, d.resource, d.first.kernel
	default:
		c.policy, c.line, c.perResource = sa.env.NewPolicy(), c.inSPI, d.perResource
		c.ask(sa.numbered(d.config))
	}
}

// ask has the child ask something of the kernel, which is mostly what its configuration does.
func (c *Child) ask(k dataplane.Kernel) {
	c.kernel = &k
	if k == c.config.Kernel {
		c.kernel = &c.config.Kernel
	}
}

// directions makes both SAs of a child. Keys of "I" protect what the initiator of the exchange sends (RFC 7296, Section 2.17).
func (sa *SA) directions(c *Child, d childDeal, keys suite.ChildKeys) (in, out dataplane.SA) {
	soft := sa.softVolume(d.config)
	base := dataplane.SA{Policy: c.policy, Path: sa.espPath(), Mode: c.mode, Transforms: c.transforms(),
		ReplayWindow: d.config.ReplayWindow, Local: c.local, Remote: c.remote, SoftBytes: soft.bytes, HardBytes: d.config.HardBytes,
		SoftPackets: soft.packets, HardPackets: d.config.HardPackets, NoECN: d.config.NoECN, DF: d.config.DF,
		NonFirstFragments: d.fragments, OriginalRemote: d.originalRemote, OriginalLocal: d.originalLocal,
		Resource: c.resource, Kernel: *c.kernel}
	in, out = base, base
	in.Direction, in.SPI = dataplane.Inbound, c.inSPI
	out.Direction, out.SPI = dataplane.Outbound, c.outSPI
	in.CopyDSCP, out.CopyDSCP = d.config.CopyDSCP&DSCPIn != 0, d.config.CopyDSCP&DSCPOut != 0
	in.AggFrag, out.AggFrag = withPair(c.aggFrag, c.outSPI), withPair(c.aggFrag, c.inSPI)
	if !d.noTFC && c.aggFrag == nil {
		out.TFC = d.config.TFC
	}
	if c.aggFrag == nil {
		out.Cover = d.config.Cover
	}
	in.EncrKey, in.IntegKey, out.EncrKey, out.IntegKey = keys.EncrI, keys.IntegI, keys.EncrR, keys.IntegR
	if c.initiator {
		in.EncrKey, in.IntegKey, out.EncrKey, out.IntegKey = keys.EncrR, keys.IntegR, keys.EncrI, keys.IntegI
	}
	return in, out
}

// transforms are those of the child's SAs.
func (c *Child) transforms() suite.ESP {
	e := suite.ESPFromSelection(c.suite)
	if c.config.DraftSHA256 {
		return e.AsDraft()
	}
	return e
}

// setPolicy adds or changes the policy of a child.
func (sa *SA) setPolicy(c *Child, priority int) {
	sa.emit(SetPolicy{Policy: dataplane.Policy{ID: c.policy, Name: sa.conn.Name + "/" + c.config.Name, Action: spd.Protect,
		Local: c.local, Remote: c.remote, Priority: priority, Mode: c.mode, VirtualIPs: sa.assigned.addresses(),
		Peer: sa.path.Remote.Addr().Unmap(), PerResource: c.perResource && sa.env.Resources > 1, ReqID: c.config.ReqID, Kernel: *c.kernel}})
}

// activate begins to send through a child.
func (sa *SA) activate(c *Child) {
	if c == nil || c.deferred == nil || c.redundant {
		return
	}
	out := *c.deferred
	c.deferred, c.sending = nil, true
	sa.emit(InstallSA{Child: c.inSPI, SA: out})
}

// stopSending takes the outbound SA away, after its successor has taken over. The policy of the last child goes below all
// others, where it still keeps clear text in, so that the same traffic finds its way into another IKE SA.
func (sa *SA) stopSending(c *Child) {
	sa.takeOver(c)
	if c.deferred != nil {
		clearKeys(c.deferred)
		c.deferred = nil
	}
	if !c.sending {
		return
	}
	if !sa.sharesPolicy(c) {
		sa.setPolicy(c, math.MinInt32)
	}
	c.sending = false
	sa.emit(RemoveSA{Direction: dataplane.Outbound, SPI: c.outSPI, Policy: c.policy})
}

// stopReceiving takes the inbound SA away.
func (sa *SA) stopReceiving(c *Child) {
	if c.receiving {
		c.receiving = false
		sa.emit(RemoveSA{Direction: dataplane.Inbound, SPI: c.inSPI, Policy: c.policy})
	}
}

// takeOver has the successor of a child send, with its selectors where they differ, unless one of its own successors does.
func (sa *SA) takeOver(c *Child) {
	if sa.state != StateClosed {
		sa.sendWith(c.successor)
	}
}

// sendWith begins to send through a child that the peer is known to have, unless a successor of it is used already.
func (sa *SA) sendWith(c *Child) {
	if c == nil || c.deferred == nil || c.redundant {
		return
	}
	for next := c.successor; next != nil; next = next.successor {
		if next.sending {
			return
		}
	}
	if old := sa.childWhere(func(o *Child) bool { return o.successor == c }); old != nil {
		sa.changePolicy(old, c)
	}
	sa.activate(c)
}

// changePolicy gives the policy of old the selectors of its successor.
func (sa *SA) changePolicy(old, successor *Child) {
	if old.forResource() {
		return // the policy is that of the first
	}
	if !slices.Equal(old.local, successor.local) || !slices.Equal(old.remote, successor.remote) {
		sa.setPolicy(successor, Priority(successor.config.Priority))
	}
}

func clearKeys(out *dataplane.SA) {
	for _, k := range []secret.Bytes{out.EncrKey, out.IntegKey} {
		k.Clear()
	}
}

// sharesPolicy tells whether another child still sends, or will, under the policy.
func (sa *SA) sharesPolicy(c *Child) bool {
	return sa.childWhere(func(o *Child) bool {
		return o != c && o.policy == c.policy && (o.sending || o.deferred != nil && !o.redundant)
	}) != nil
}

// lingerChild ends a child for the peer, but still takes for a while what was on its way (RFC 7296, Section 2.8).
func (sa *SA) lingerChild(c *Child) {
	sa.stopSending(c)
	sa.disarmChild(c)
	c.state = childLingering
	sa.timers.set(timerLinger, c.inSPI, sa.now.Add(lingerTime))
}

// closeChild takes a child out of the data plane and forgets it.
func (sa *SA) closeChild(c *Child) {
	sa.dropChild(c, nil)
}

// dropChild is closeChild; why tells people and the supervisor, who hear of children without successor only. When the child
// replaced another one that is still there, that one counts again.
func (sa *SA) dropChild(c *Child, why *Failure) {
	if sa.childWhere(func(o *Child) bool { return o == c }) == nil {
		return
	}
	info, live := sa.childInfo(c), c.live()
	sa.renounce(sa.pendingFor(c))
	sa.stopSending(c)
	sa.stopReceiving(c)
	back := sa.forgetChild(c)
	switch {
	case live && back != nil:
		sa.childRekeyed(c, back)
	case live:
		sa.endResources(c)
		sa.news(News{Kind: NewsChildDown, Child: &info, Failure: why})
	}
}

func (sa *SA) dropChildren(why *Failure) {
	for len(sa.children) > 0 {
		sa.dropChild(sa.children[0], why)
	}
}

// childRekeyed reports that one child stands for another now.
func (sa *SA) childRekeyed(old, c *Child) {
	for s := range sa.stats {
		s.RekeyedChildren++
	}
	info, former := sa.childInfo(c), sa.childInfo(old)
	sa.news(News{Kind: NewsChildRekeyed, Child: &info, Replaced: old.inSPI, Former: &former})
}

// forgetChild returns the child that the forgotten one had replaced, if it is still in use.
func (sa *SA) forgetChild(c *Child) (back *Child) {
	sa.disarmChild(c)
	sa.confirmChild(c)
	sa.timers.stop(timerLinger, c.inSPI)
	sa.children = slices.DeleteFunc(sa.children, func(o *Child) bool { return o == c })
	for _, o := range sa.children {
		if o.successor != c {
			continue
		}
		o.successor = c.successor
		switch {
		case o.successor != nil:
		case o.state == childRekeyed:
			o.state, back = childInstalled, o
			sa.armChild(o)
		case o.state == childRekeying: // our own exchange goes on
			back = o
		}
	}
	if sa.childWhere(func(o *Child) bool { return o.policy == c.policy }) == nil {
		sa.emit(RemovePolicy{ID: c.policy})
	}
	return back
}

// moveChildren gives the children the path of the IKE SA (RFC 7296, Section 2.23).
func (sa *SA) moveChildren() {
	for _, c := range sa.children {
		switch {
		case c.deferred != nil:
			c.deferred.Path = sa.espPath()
			sa.emit(MoveSA{Inbound: c.inSPI, Path: sa.espPath()})
		case c.sending:
			sa.emit(MoveSA{Inbound: c.inSPI, Outbound: c.outSPI, Path: sa.espPath()})
		}
		if c.live() && !c.forResource() {
			sa.setPolicy(c, Priority(c.config.Priority))
		}
	}
}
