package ike

import (
	"bytes"
	"slices"

	"culvert/suite"
	"culvert/wire"
)

// next makes the IKE SA that replaces this one (RFC 7296, Section 2.18). Its Message IDs begin at 0 and its windows at 1; the
// initiator of the exchange is its original initiator (RFC 7296, Section 1.3.2). It has no children yet. The secrets are
// cleared.
func (sa *SA) next(initiator bool, chosen suite.Selection, from keySources, spiI, spiR wire.SPI) (*SA, error) {
	keys, err := sa.rekeyedKeys(chosen, from, spiI, spiR)
	if err != nil {
		return nil, err
	}
	next := &SA{env: sa.env, id: sa.env.NewSAID(), conn: sa.conn, initiator: initiator, spiI: spiI, spiR: spiR, state: StateEstablished, path: sa.path,
		now: sa.now, local: sa.local, remote: sa.remote, proof: sa.proof, peer: sa.peer, fragmentSize: sa.fragmentSize, created: sa.now,
		established: sa.established, lastHeard: sa.now, lastSent: sa.now, stream: streamLife{originator: sa.stream.originator}, assigned: sa.assigned, leases: sa.leases, lifetimes: sa.lifetimes, ifIDs: sa.ifIDs, heritage: sa.heritage}
	next.exchanges.predecessor, next.exchanges.superseded = sa, true // until it inherits
	if err := next.useKeys(chosen, keys); err != nil {
		return nil, err
	}
	sa.bequeath(next)
	if from.ppk != nil {
		next.ppk, next.ppkUse = from.ppk, ppkByCreateChild
	}
	next.forgetAuthKeys()
	sa.emit(Adopt{SA: next})
	sa.within(next, next.armLiveness)
	return next, nil
}

// decide ends our own rekeying with the new IKE SA. When the peer has made one too, the one made with the lowest of the four
// nonces is closed by who made it, and the other one inherits the children (RFC 7296, Section 2.8.2).
func (t *rekeyIKE) decide(sa, next *SA, nonce []byte) {
	if t.outdone(sa, nonce) {
		sa.within(next, next.supersede)
		t.giveWay(sa)
		return
	}
	sa.renounce(t.rivals)
	if rival := t.rival; t.rivalled() {
		sa.within(rival, rival.superseded)
	}
	t.settle(sa, next)
}

// outdone tells whether our exchange, with this lower nonce, has lost against one of the peer's.
func (t *rekeyIKE) outdone(sa *SA, lowest []byte) bool {
	switch {
	case t.rivalled():
		return bytes.Compare(lowest, t.rivalLowest) < 0
	case sa.pending(t.rivals):
		return bytes.Compare(lowest, t.rivals.from.lowest()) < 0
	}
	return false
}

// giveWay ends our rekeying in favour of the peer's. While that is at additional key exchanges nothing is decided yet, but an
// IKE SA that is to be closed is not rekeyed any more.
func (t *rekeyIKE) giveWay(sa *SA) {
	if t.rivalled() {
		t.settle(sa, t.rival)
		return
	}
	t.end(sa)
	if t.close {
		sa.close(t.closeWhy)
	}
}

// rivalled tells whether the peer has made another IKE SA in the place of the same one. It may have closed it again.
func (t *rekeyIKE) rivalled() bool { return t.rival != nil && t.rival.state == StateEstablished }

// supersede deletes an IKE SA of our making that lost a collision.
func (sa *SA) supersede() {
	sa.exchanges.predecessor = nil
	sa.superseded()
	sa.enqueue(&deleteIKE{})
}

// superseded takes an IKE SA for replaced. The peer deletes it; if not, we do.
func (sa *SA) superseded() {
	sa.state, sa.exchanges.superseded = StateRekeyed, true
	sa.timers.stop(timerLiveness, 0)
	sa.timers.set(timerExpire, 0, sa.now.Add(orphanTime))
}

// settle ends our rekeying: the IKE SA that stays inherits everything, and whoever made it deletes the old one (RFC 7296,
// Section 2.8).
func (t *rekeyIKE) settle(sa, stays *SA) {
	t.end(sa)
	sa.inherit(stays)
	if stays != t.rival {
		sa.enqueue(&deleteIKE{})
	}
	if t.close {
		sa.within(stays, func() { stays.close(t.closeWhy) })
	}
}

// inherit gives children, what waits to be done and what was assigned to the IKE SA that replaces this one.
func (sa *SA) inherit(stays *SA) {
	was := sa.detail()
	sa.superseded()
	sa.exchanges.successor = stays
	sa.within(stays, func() {
		stays.exchanges.superseded = false
		stays.children = append(stays.children, sa.children...)
		for _, c := range sa.children {
			sa.confirmChild(c) // or the peer would not have rekeyed (RFC 7296, Section 2.25.1)
			stays.emit(Bind{SA: stays.LocalSPI(), SPI: c.inSPI, Policy: c.policy})
		}
		stays.timers.take(&sa.timers, timerChildRekey, timerChildExpire, timerChildIdle, timerRedirect, timerLinger, timerRaise)
		if sa.pathMTU != nil { // which this one may still have a probe of
			search := *sa.pathMTU
			stays.pathMTU = &search
		}
		stays.probePath()
		stays.tasks = append(stays.tasks, slices.DeleteFunc(sa.waiting(), isRekeyIKE)...)
		stays.assigned, stays.leases, stays.lifetimes = sa.assigned, sa.leases, sa.lifetimes
		stays.armLifetimes()
	})
	sa.children, sa.tasks, sa.exchanges.retries = nil, nil, nil
	sa.countRekeying(stays)
	sa.news(News{Kind: NewsRekeyed, Successor: stays.LocalSPI(), Status: was, NextStatus: stays.detail()})
}
