package ike

import (
	"errors"
	"slices"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// enqueue has a task begun as soon as the request window has room.
func (sa *SA) enqueue(t task) { sa.tasks = append(sa.tasks, t) }

// A heldTask may have to wait although the request window has room; others go before it then.
type heldTask interface {
	task
	ready(sa *SA) bool
}

// advance begins the tasks that the request window has room for.
func (sa *SA) advance() {
	for sa.state != StateClosed && sa.requests.room() {
		i := slices.IndexFunc(sa.tasks, func(t task) bool {
			held, ok := t.(heldTask)
			return !ok || held.ready(sa)
		})
		if i < 0 {
			break
		}
		t := sa.tasks[i]
		sa.tasks = slices.Delete(sa.tasks, i, i+1)
		sa.requests.begun = append(sa.requests.begun, t)
		if !t.begin(sa) {
			sa.requests.withdraw(t)
		}
	}
	if len(sa.tasks) == 0 {
		sa.tasks = nil
	}
}

// request sends the request of a begun task and has it retransmitted until the response comes.
func (sa *SA) request(t task, payloads []wire.Payload) {
	if sa.state == StateClosed {
		return
	}
	id := sa.requests.take(t)
	h := sa.header(t.row().exchange, id, 0)
	datagrams, err := sa.protect(h, payloads)
	if err != nil {
		t.abandoned(sa, err)
		sa.fail(fatal(err))
		return
	}
	r := &pendingRequest{id: id, task: t, header: h, payloads: payloads, datagrams: datagrams}
	sa.dispatch(r, sa.patience(0))
}

// dispatch sends a new request, and again unless its response comes in time.
func (sa *SA) dispatch(r *pendingRequest, wait time.Duration) {
	sa.requests.pending = append(sa.requests.pending, r)
	sa.transmit(r)
	sa.traceSent(r.header, r.payloads, r.datagrams)
	sa.timers.set(timerRetransmit, r.id, sa.now.Add(wait))
	sa.watchMessageID()
}

// failTask ends a begun task that will not send its request.
func (sa *SA) failTask(t task, err error) {
	sa.requests.withdraw(t)
	t.abandoned(sa, err)
	sa.fail(err)
}

// watchMessageID replaces an SA whose Message IDs run out, and closes it when that did not work (RFC 7296, Section 2.2).
func (sa *SA) watchMessageID() {
	switch sa.requests.next {
	case rekeyMessageID:
		sa.childCommand(RekeyIKE{})
	case lastMessageID:
		sa.terminate(refuse(explain.IKEMessageIDs, 0, "all Message IDs of the IKE SA are used"))
	}
}

// errNoAnswer is why the task of an unanswered request is abandoned.
var errNoAnswer = errors.New("no answer")
