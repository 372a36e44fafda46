package ike

import (
	"context"
	"runtime"
	"slices"
	"testing"
)

// A tally counts the allocations of each side of a link.
type tally map[*testNode]int

// handle has a node handle an event with all that follows, its work included.
func (c tally) handle(l *link, at, other *testNode, ev Event) {
	var actions []Action
	c.count(at, func() { actions = at.shard.Handle(l.now, ev) })
	for _, a := range actions {
		switch a := a.(type) {
		case Send:
			for _, d := range a.Datagrams {
				c.handle(l, other, at, MessageReceived{Path: reverse(a.Path), Datagram: d})
			}
		case StartWork:
			var result any
			c.count(at, func() { result = a.Work.Run(context.Background()) })
			c.handle(l, at, other, WorkFinished{SA: a.SA, Work: a.ID, Result: result})
		}
	}
}

func (c tally) count(at *testNode, f func()) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	c[at] += int(after.Mallocs - before.Mallocs)
}

// TestHandshakeAllocations holds what either side allocates for an IKE SA with a child, X25519 and a pre-shared key. The limits
// are about a tenth above what it takes.
func TestHandshakeAllocations(t *testing.T) {
	const handshakes, limitInitiator, limitResponder = 15, 370, 420
	l := newLink(t)
	var initiator, responder []int
	for range handshakes {
		c := tally{}
		c.handle(l, l.a, l.b, initiate(l.a))
		initiator, responder = append(initiator, c[l.a]), append(responder, c[l.b])
	}
	if l.a.shard.Len() != handshakes || l.b.shard.Len() != handshakes {
		t.Fatalf("%d and %d SAs", l.a.shard.Len(), l.b.shard.Len())
	}
	t.Logf("allocations of the initiator %v, of the responder %v", initiator, responder)
	if a, b := slices.Min(initiator), slices.Min(responder); a > limitInitiator || b > limitResponder {
		t.Errorf("%d allocations of the initiator and %d of the responder, want at most %d and %d", a, b, limitInitiator, limitResponder)
	}
}
