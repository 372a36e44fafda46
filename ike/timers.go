package ike

import (
	"slices"
	"time"
)

// timerKind names the timers of an IKE SA.
type timerKind uint8

const (
	timerRetransmit timerKind = iota
	timerHalfOpen             // the peer has to authenticate before this
	timerLiveness
	timerKeepalive
	timerRekey
	timerReauth
	timerExpire // hard lifetime of the IKE SA
	timerChildRekey
	timerChildExpire
	timerChildIdle // nothing may have passed through the child for as long as it may be idle
	timerRetry     // a task that the peer answered with TEMPORARY_FAILURE
	timerLinger    // a replaced or deleted thing is forgotten
	timerDrain     // packets that were on their way have arrived
	timerConfirm   // the peer must know a child that it has asked for
	timerReassembly
	timerFollowUp // the peer has to go on with additional key exchanges
	timerForget   // responses are no longer remembered
	timerStream   // another TCP stream is to be opened
	timerGone     // a closed SA no longer repeats its last response
	timerRedirect // a client that was sent away has to be gone
	timerRaise    // the path may carry larger packets by now
)

// runTimers does what is due.
func (sa *SA) runTimers() {
	for {
		key, ok := sa.timers.takeDue(sa.now)
		if !ok {
			return
		}
		sa.runTimer(key)
	}
}

func (sa *SA) runTimer(key timerKey) {
	switch key.kind {
	case timerRetransmit:
		sa.retransmit(key.id)
	case timerHalfOpen:
		sa.halfOpenExpired()
	case timerLiveness:
		sa.livenessDue()
	case timerKeepalive:
		sa.keepaliveDue()
	case timerStream:
		sa.dial()
	case timerReassembly:
		sa.fragments = nil
	case timerGone:
		sa.in, sa.out, sa.responses.known = nil, nil, nil
	case timerForget:
		sa.responses.forget()
	case timerRedirect:
		sa.redirectExpired()
	case timerRaise:
		sa.raisePath()
	default:
		sa.lifetimeTimer(key)
	}
}

// A timerKey is a timer of an SA; of children and requests there are several, told apart by id.
type timerKey struct {
	kind timerKind
	id   uint32
}

type timer struct {
	key timerKey
	at  time.Time
}

// timers are the pending timers of one SA: few, so a slice. The zero value is ready.
type timers struct{ pending []timer }

// remove takes out the timer at a place; the last one takes the slice with it.
func (t *timers) remove(i int) {
	t.pending = slices.Delete(t.pending, i, i+1)
	if len(t.pending) == 0 {
		t.pending = nil
	}
}

// set arms a timer, replacing one with the same key.
func (t *timers) set(kind timerKind, id uint32, at time.Time) {
	key := timerKey{kind, id}
	for i := range t.pending {
		if t.pending[i].key == key {
			t.pending[i].at = at
			return
		}
	}
	t.pending = append(t.pending, timer{key, at})
}

// stop disarms a timer.
func (t *timers) stop(kind timerKind, id uint32) {
	key := timerKey{kind, id}
	for i := range t.pending {
		if t.pending[i].key == key {
			t.remove(i)
			return
		}
	}
}

// at returns when a timer is due, or the zero time.
func (t *timers) at(kind timerKind, id uint32) time.Time {
	for _, p := range t.pending {
		if p.key == (timerKey{kind, id}) {
			return p.at
		}
	}
	return time.Time{}
}

// take moves all timers of some kinds from another SA.
func (t *timers) take(from *timers, kinds ...timerKind) {
	moves := func(p timer) bool { return slices.Contains(kinds, p.key.kind) }
	for _, p := range from.pending {
		if moves(p) {
			t.set(p.key.kind, p.key.id, p.at)
		}
	}
	from.pending = slices.DeleteFunc(from.pending, moves)
}

// next returns the earliest deadline, or the zero time.
func (t *timers) next() time.Time {
	var min time.Time
	for _, p := range t.pending {
		if min.IsZero() || p.at.Before(min) {
			min = p.at
		}
	}
	return min
}

// takeDue removes the earliest timer that is due and returns it.
func (t *timers) takeDue(now time.Time) (timerKey, bool) {
	best := -1
	for i, p := range t.pending {
		if !p.at.After(now) && (best < 0 || p.at.Before(t.pending[best].at)) {
			best = i
		}
	}
	if best < 0 {
		return timerKey{}, false
	}
	key := t.pending[best].key
	t.remove(best)
	return key, true
}
