package ike

import (
	"time"

	"culvert/explain"
)

// close deletes the IKE SA and its children (RFC 7296, Section 1.4.1). We stop sending at once; what is on its way to us is
// taken until the peer has answered. An IKE SA that is being rekeyed is closed when it is known which one stays.
func (sa *SA) close(why *Failure) { sa.closeWith(&deleteIKE{why: why}) }

func (sa *SA) closeWith(t *deleteIKE) {
	why := t.why
	switch {
	case !sa.state.authenticated():
		sa.terminate(why)
	case sa.exchanges.rekey != nil:
		sa.exchanges.rekey.close, sa.exchanges.rekey.closeWhy = true, why
	case sa.state != StateClosing:
		sa.withdrawTasks(why)
		sa.renounceAll()
		sa.state = StateClosing
		for _, c := range sa.children {
			sa.stopSending(c)
			sa.disarmChild(c)
		}
		for _, kind := range []timerKind{timerExpire, timerRekey, timerReauth} {
			sa.timers.stop(kind, 0)
		}
		if t.cut {
			sa.dropChildren(why)
		}
		if !t.drain {
			sa.enqueue(t)
			return
		}
		sa.exchanges.draining = t
		sa.timers.set(timerDrain, 0, sa.now.Add(drainTime))
	}
}

// withdrawTasks abandons what waits for the request window or for a better time.
func (sa *SA) withdrawTasks(why *Failure) {
	waiting := sa.waiting()
	for _, r := range sa.exchanges.retries {
		sa.timers.stop(timerRetry, r.id)
	}
	sa.tasks, sa.exchanges.retries = nil, nil
	for _, t := range waiting {
		t.abandoned(sa, abandoning(why))
	}
}

// abandonWork ends exchanges whose response has come but is still being worked on.
func (sa *SA) abandonWork(why *Failure) {
	sa.withdrawTasks(why)
	for len(sa.exchanges.children) > 0 {
		t := sa.exchanges.children[0]
		t.abandoned(sa, abandoning(why))
		sa.ended(t)
	}
	if t := sa.exchanges.rekey; t != nil {
		t.abandoned(sa, abandoning(why))
	}
	sa.forgetFirstChild()
}

// abandoning is why the exchanges of an IKE SA that ends are abandoned.
func abandoning(why *Failure) error {
	if why == nil {
		return errNoAnswer
	}
	return why
}

// separate drops the ties to IKE SAs that replaced this one or were replaced by it.
func (sa *SA) separate() {
	if s := sa.exchanges.successor; s != nil && s.exchanges.predecessor == sa {
		s.exchanges.predecessor = nil
	}
	sa.exchanges.successor, sa.exchanges.predecessor = nil, nil
}

// passOn gives everything to the IKE SA that the peer has made while we were rekeying, for which there is no decision any more
// because this one ends. Whether the peer is there is asked on the new one. An IKE SA that is abandoned leaves none behind.
func (sa *SA) passOn(why *Failure) {
	t := sa.exchanges.rekey
	if t == nil || !t.rivalled() {
		return
	}
	t.settle(sa, t.rival)
	sa.within(t.rival, func() {
		if why == nil {
			t.rival.terminate(nil)
			return
		}
		t.rival.checkLiveness()
	})
}

// closedByPeer answers a request that deletes the IKE SA. Our own rekeying or closing is forgotten (RFC 7296,
// Section 2.25.2), but a rekeying of the peer's that we have answered meanwhile counts (RFC 7296, Section 2.8.2).
func (sa *SA) closedByPeer(in *inbound) {
	sa.reply(in, nil)
	if t := sa.exchanges.rekey; t != nil && t.rivalled() {
		t.settle(sa, t.rival)
	}
	sa.terminate(refuse(explain.IKEPeerDeleted, 0, "the peer closed the IKE SA, %v after it was established",
		sa.now.Sub(sa.established).Round(time.Millisecond)))
}
