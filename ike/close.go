package ike

import (
	"slices"
	"time"

	"culvert/suite"
)

// fail reports what went wrong. A fatal Failure ends the IKE SA.
func (sa *SA) fail(err error) {
	f := asFailure(err)
	if f.Fatal {
		sa.terminate(f)
		return
	}
	sa.news(News{Kind: NewsFailure, Failure: f})
}

// terminate ends the IKE SA at once: children are removed, everything that waits is abandoned, keys are cleared. f is nil
// when the end was asked for.
func (sa *SA) terminate(f *Failure) {
	if sa.state == StateClosed {
		return
	}
	sa.was = sa.detail()
	defer func() { sa.was = nil }()
	sa.passOn(f)
	sa.renounceAll()
	sa.state = StateClosed
	sa.dropChildren(f)
	sa.abandonWork(f)
	sa.abandonAll(f)
	sa.leaveStream()
	sa.separate()
	sa.endConversation()
	if sa.initial != nil {
		sa.initial.ppk.unmixed.Clear()
	}
	sa.timers, sa.work, sa.fragments, sa.initial = timers{}, nil, nil, nil
	sa.linger()
	sa.keys.Clear()
	sa.keys = suite.IKEKeys{}
	if !sa.exchanges.superseded {
		sa.news(News{Kind: NewsClosed, Failure: f})
	}
}

// closedMemory is how long a closed SA repeats its last response.
const closedMemory = 30 * time.Second

// linger has a closed SA stay as long as the peer may have to ask again for our last response, such as the one to its
// Delete, or our refusal (RFC 7296, Section 2.1).
func (sa *SA) linger() {
	answered := func(r response) bool { return r.datagrams != nil && (r.id > 0 || !sa.established.IsZero()) }
	if !slices.ContainsFunc(sa.responses.known, answered) || sa.wake() != nil {
		sa.in, sa.out, sa.responses.known = nil, nil, nil
		return
	}
	sa.timers.set(timerGone, 0, sa.now.Add(closedMemory))
}

// abandonAll tells every task that no answer will come.
func (sa *SA) abandonAll(f *Failure) {
	var why error = errNoAnswer
	if f != nil {
		why = f
	}
	tasks := append(sa.requests.begun, sa.tasks...)
	for _, r := range sa.requests.pending {
		tasks = append(tasks, r.task)
	}
	sa.requests.begun, sa.requests.pending, sa.tasks = nil, nil, nil
	for _, t := range tasks {
		t.abandoned(sa, why)
	}
}
