package user

import (
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// Bounds of what waits for an SA: the first packets of a connection, as a handshake and a DNS query, not its bulk.
const (
	queuePerPolicy = 8
	queuePackets   = 256
	queueOctets    = 1 << 20
	// queueLife is how long a packet waits. Its sender has given up or repeated it by then.
	queueLife = 10 * time.Second
)

// A queue holds packets of trap policies until there is an SA. It belongs to the sending worker.
type queue struct {
	packets []waiting
	octets  int
}

type waiting struct {
	policy dataplane.PolicyID
	since  time.Time
	raw    []byte
}

// put keeps a copy of a packet, if there is room.
func (q *queue) put(id dataplane.PolicyID, raw []byte, since time.Time) bool {
	of := 0
	for i := range q.packets {
		if q.packets[i].policy == id {
			of++
		}
	}
	if of >= queuePerPolicy || len(q.packets) >= queuePackets || q.octets+len(raw) > queueOctets {
		return false
	}
	q.packets = append(q.packets, waiting{id, since, slices.Clone(raw)})
	q.octets += len(raw)
	return true
}

// take empties the queue.
func (q *queue) take() []waiting {
	all := q.packets
	*q = queue{}
	return all
}

// unprotected deals with a packet whose policy has no SA: it waits if the policy is a trap and asks for one, and is
// dropped else. It never leaves in the clear. One that waits already may meet the policy of the child that it has asked
// for before the SA is there: it goes on waiting.
func (t *transmitter) unprotected(p *policy, flow spd.Flow, raw []byte, since time.Time) {
	if !p.spec.Trap && !t.retrying {
		t.drop(esp.ErrNoSA, 1)
		return
	}
	if !t.waiting.put(p.spec.ID, raw, since) {
		t.expire()
		t.drop(esp.ErrNoSA, 1)
	}
	if p.spec.Trap && p.asked[t.worker.index].allow(t.now, flow.Destination) {
		t.b.notices.send(dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: p.spec.ID, Packet: flow})
	}
}

// retry sends on their way what waited: policies or SAs have changed.
func (t *transmitter) retry() {
	t.retrying = true
	defer func() { t.retrying = false }()
	for _, w := range t.waiting.take() {
		if t.now.Sub(w.since) >= queueLife {
			t.drop(esp.ErrNoSA, 1)
			continue
		}
		t.packet(w.raw, w.since)
		t.dispatchIfFull()
	}
}

// expire drops what waited too long.
func (t *transmitter) expire() {
	for _, w := range t.waiting.take() {
		if t.now.Sub(w.since) >= queueLife || !t.waiting.put(w.policy, w.raw, w.since) {
			t.drop(esp.ErrNoSA, 1)
		}
	}
}
