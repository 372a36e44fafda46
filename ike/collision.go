package ike

import (
	"encoding/binary"
	"slices"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// Exchanges of both peers may cross (RFC 7296, Section 2.25). What an SA has to know for that is which exchanges about SAs
// are under way, from begin to the end of the work that follows the response:
//
//	request of the peer   while we                        answer
//	rekey child           rekey the child                 as usual, the lowest nonce decides (2.8.1)
//	rekey child           delete the child                TEMPORARY_FAILURE
//	rekey child           know no such child              CHILD_SA_NOT_FOUND
//	delete child          delete the child                as usual, without Delete payload (1.4.1)
//	delete child          rekey the child                 as usual
//	delete child          know no such child              without Delete payload
//	rekey IKE SA          create, rekey, delete a child   TEMPORARY_FAILURE
//	rekey IKE SA          rekey the IKE SA                as usual, the lowest nonce decides (2.8.2)
//	rekey IKE SA          delete the IKE SA               TEMPORARY_FAILURE
//	delete IKE SA         rekey the IKE SA                as usual, our rekeying is forgotten
//	delete IKE SA         delete the IKE SA               as usual, our delete is forgotten
//	create, rekey child   rekey or delete the IKE SA      TEMPORARY_FAILURE
//	delete child          rekey the IKE SA                as usual
//
// An exchange with additional key exchanges is under way until the last of them is over (RFC 9370, Section 2.2.4):
//
//	rekey child           are at key exchanges for it     TEMPORARY_FAILURE
//	rekey IKE SA          are at key exchanges for it     TEMPORARY_FAILURE
//	rekey IKE SA          wait for those of a child       TEMPORARY_FAILURE
type exchanges struct {
	children    []task // our exchanges about children that are under way
	answering   int    // requests for SAs whose answer is being computed
	rekey       *rekeyIKE
	successor   *SA          // this IKE SA was rekeyed
	predecessor *SA          // the IKE SA that this one was made by, until that is gone
	pending     []*pendingSA // of the peer, while additional key exchanges are to come
	retries     []retryLater
	nextPending uint32
	nextRetry   uint32
	replacing   bool       // one of those that are being answered replaces the IKE SA
	superseded  bool       // another IKE SA has taken over: the end of this one is no news
	draining    *deleteIKE // the exchange that ends this IKE SA, which waits for packets on their way
	lastNotice  time.Time  // when the peer was last told about a bad packet
}

// temporary refuses what may be asked for again later (RFC 7296, Section 2.25).
func temporary(format string, args ...any) error {
	return refuse(explain.IKETemporaryFailure, wire.NotifyTemporaryFailure, format, args...)
}

// begun notes that an exchange about a child is under way.
func (sa *SA) begun(t task) { sa.exchanges.children = append(sa.exchanges.children, t) }

// ended notes that it is over.
func (sa *SA) ended(t task) {
	sa.exchanges.children = slices.DeleteFunc(sa.exchanges.children, func(o task) bool { return o == t })
}

// childrenAllowed tells whether an exchange about a child may begin. Once the IKE SA is being rekeyed it waits, for the new
// one (RFC 7296, Section 1.3.2).
func (sa *SA) childrenAllowed() bool {
	return sa.state == StateEstablished && sa.exchanges.rekey == nil && !sa.beingReplaced() && sa.exchanges.successor == nil
}

// beingReplaced tells whether the peer is rekeying the IKE SA.
func (sa *SA) beingReplaced() bool { return sa.exchanges.replacing || sa.pendingIKE() != nil }

// mayCreate tells a peer that wants a Child SA why it cannot have one now.
func (sa *SA) mayCreate(rekey bool) error {
	switch {
	case sa.exchanges.rekey != nil || sa.beingReplaced():
		return temporary("the peer asks for a Child SA while the IKE SA is rekeyed")
	case sa.state != StateEstablished:
		return temporary("the peer asks for a Child SA of an IKE SA that is %v", sa.state)
	case sa.undecided():
		return temporary("the peer asks for a Child SA before it is decided which IKE SA stays")
	case sa.full(rekey):
		return refuse(explain.IKENoAdditionalSAs, wire.NotifyNoAdditionalSAs, "the peer has %d Child SAs, the most that connection %q allows",
			sa.maxChildren(), sa.conn.Name)
	case len(sa.exchanges.pending) >= maxPending:
		return temporary("the peer asks for a Child SA while %d others wait for additional key exchanges", maxPending)
	}
	return nil
}

// mayRekeyIKE tells a peer that wants to rekey the IKE SA why it cannot now.
func (sa *SA) mayRekeyIKE() error {
	switch {
	case sa.state != StateEstablished:
		return temporary("the peer rekeys an IKE SA that is %v", sa.state)
	case len(sa.exchanges.children) > 0 || sa.exchanges.answering > 0:
		return temporary("the peer rekeys the IKE SA while Child SAs of it are created, rekeyed or deleted")
	case len(sa.exchanges.pending) > 0 && sa.pendingIKE() == nil:
		return temporary("the peer rekeys the IKE SA while Child SAs of it wait for additional key exchanges")
	case sa.exchanges.rekey != nil && sa.exchanges.rekey.follow != nil:
		return temporary("the peer rekeys the IKE SA while ours is at additional key exchanges") // RFC 9370, Section 2.2.4
	case sa.exchanges.successor != nil || sa.exchanges.rekey != nil && sa.exchanges.rekey.rival != nil:
		return temporary("the peer rekeys the IKE SA again")
	case sa.undecided():
		return temporary("the peer rekeys an IKE SA before it is decided whether it stays")
	}
	return nil
}

// undecided tells whether this IKE SA was made by the peer while we were rekeying the same one ourselves, and nobody knows
// yet which one stays.
func (sa *SA) undecided() bool {
	p := sa.exchanges.predecessor
	return p != nil && p.exchanges.rekey != nil && p.exchanges.rekey.rival == sa
}

// family finds a child with the peer's SPI, of this IKE SA or of one that it is about to replace or be replaced by: a Delete
// may be on its way while children move (RFC 7296, Section 2.25.2).
func (sa *SA) family(spi uint32) (owner *SA, c *Child) {
	for _, owner := range []*SA{sa, sa.exchanges.predecessor, sa.exchanges.successor} {
		if owner == nil {
			continue
		}
		if c := owner.childOut(spi); c != nil {
			return owner, c
		}
	}
	return nil, nil
}

// within lets another SA of the same shard act during an event of this one.
func (sa *SA) within(other *SA, act func()) {
	if other == sa {
		act()
		return
	}
	other.now = sa.now
	act()
	other.advance()
	sa.actions = append(sa.actions, other.takeActions()...)
	sa.emit(Adopt{SA: other})
}

// A retryLater is an exchange that the peer could not do at the time.
type retryLater struct {
	id   uint32
	task task
}

// Waits after TEMPORARY_FAILURE: not at once, and no longer than several minutes (RFC 7296, Section 2.25).
const (
	firstRetry = 5 * time.Second
	lastRetry  = time.Minute
	giveUp     = 4 * time.Minute
)

// patience counts the TEMPORARY_FAILUREs and STATE_NOT_FOUNDs that an exchange has met.
type patience struct {
	since      time.Time
	tries      int
	startOvers int // after STATE_NOT_FOUND
}

// retryIn has a task begun again after a while. When the peer has been failing for too long, the peers do not agree on
// their state, and the IKE SA is closed (RFC 7296, Section 2.25).
func (sa *SA) retryIn(t task, p *patience) {
	if p.since.IsZero() {
		p.since = sa.now
	}
	if sa.now.Sub(p.since) > giveUp {
		sa.close(refuse(explain.IKETemporaryFailure, wire.NotifyTemporaryFailure,
			"the peer has been answering TEMPORARY_FAILURE for %v", sa.now.Sub(p.since).Round(time.Second)))
		return
	}
	wait := min(firstRetry<<min(p.tries, 8), lastRetry)
	p.tries++
	sa.exchanges.nextRetry++
	sa.exchanges.retries = append(sa.exchanges.retries, retryLater{sa.exchanges.nextRetry, t})
	sa.timers.set(timerRetry, sa.exchanges.nextRetry, sa.now.Add(wait+time.Duration(sa.random(uint64(wait/4)))))
}

// waiting returns the exchanges that wait for the request window or for a better time.
func (sa *SA) waiting() []task {
	list := slices.Clone(sa.tasks)
	for _, r := range sa.exchanges.retries {
		list = append(list, r.task)
	}
	return list
}

// retry begins an exchange again.
func (sa *SA) retry(id uint32) {
	i := slices.IndexFunc(sa.exchanges.retries, func(r retryLater) bool { return r.id == id })
	if i < 0 {
		return
	}
	t := sa.exchanges.retries[i].task
	sa.exchanges.retries = slices.Delete(sa.exchanges.retries, i, i+1)
	sa.enqueue(t)
}

// methodFrom reads the method that the peer wants instead of ours (RFC 7296, Section 1.3): it must be one that we offer and
// have not tried.
func methodFrom(n *wire.Notify, offered []wire.Proposal, tried []wire.TransformID) (wire.TransformID, error) {
	if len(n.Data) != 2 {
		return 0, refuse(explain.IKEKeyExchange, n.NotifyType, "the peer asks for another key exchange with %d octets instead of 2", len(n.Data))
	}
	method := wire.TransformID(binary.BigEndian.Uint16(n.Data))
	if !offersKE(offered, method) || slices.Contains(tried, method) {
		return 0, refuse(explain.IKEKeyExchangeLoop, n.NotifyType, "the peer asks for key exchange %s, which we do not offer or have tried", keName(method))
	}
	return method, nil
}
