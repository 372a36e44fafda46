package ike

import (
	"context"
	"testing"
	"time"

	"culvert/explain"
)

// watched returns gateways of which a checks every 30 s whether b lives.
func watched(t *testing.T) (*testNet, *testNode, *testNode) {
	return connected(t, func(ca, cb *Connection) { ca.DPDDelay = 30 * time.Second })
}

func TestSilentPeerIsAskedForALifeSign(t *testing.T) {
	n, a, b := watched(t)
	before := len(a.messages(NewsMessageSent))
	n.elapse(30*time.Second - 1)
	if len(a.messages(NewsMessageSent)) != before {
		t.Fatal("asked too early")
	}
	n.elapse(1)
	sent := a.messages(NewsMessageSent)
	if got := sent[len(sent)-1]; got != "INFORMATIONAL request 2 [ ]" {
		t.Errorf("sent %q (RFC 7296, Section 2.4)", got)
	}
	n.elapse(90 * time.Second)
	if got := len(a.messages(NewsMessageSent)) - before; got != 4 {
		t.Errorf("%d checks in two minutes", got)
	}
	if len(b.messages(NewsMessageReceived)) != 6 {
		t.Errorf("b received %d messages", len(b.messages(NewsMessageReceived)))
	}
}

func TestAnyMessageIsALifeSign(t *testing.T) {
	n, a, b := watched(t)
	n.elapse(20 * time.Second)
	n.do(b, Command{SA: b.only(t).LocalSPI(), Event: CheckLiveness{}})
	before := len(a.of(NewsMessageSent))
	n.elapse(29 * time.Second)
	if len(a.of(NewsMessageSent)) != before {
		t.Error("asked although the peer was heard less than 30 s ago")
	}
	n.elapse(time.Second)
	if len(a.of(NewsMessageSent)) != before+1 {
		t.Error("not asked 30 s after the last message")
	}
}

func TestTrafficIsALifeSign(t *testing.T) {
	n, a, _ := watched(t)
	heard := n.now
	asked := 0
	a.env.LastInbound = func(children []ChildRef) Work { asked += len(children); return timeWork(heard) }
	sa := a.only(t)
	sa.children = []*Child{{inSPI: 300, policy: 7}}
	before := len(a.of(NewsMessageSent))
	heard = n.now.Add(25 * time.Second)
	n.elapse(54 * time.Second)
	if len(a.of(NewsMessageSent)) != before || asked != 1 {
		t.Errorf("asked the peer although packets came in, or the data plane %d times", asked)
	}
	n.elapse(time.Second)
	if len(a.of(NewsMessageSent)) != before+1 || asked != 2 {
		t.Error("silence of the data plane does not count")
	}
}

// timeWork answers with a time.
type timeWork time.Time

func (w timeWork) Run(context.Context) any { return time.Time(w) }

func TestDeadPeerIsFound(t *testing.T) {
	n, a, _ := watched(t)
	n.tap = func(from, to *testNode, d []byte) [][]byte { return nil }
	n.elapse(30*time.Second + (Retransmit{}).Total() - 1)
	if len(a.of(NewsClosed)) != 0 {
		t.Fatal("given up too early")
	}
	n.elapse(1)
	if f := a.failure(t, NewsClosed); f.Code != explain.IKETimeout {
		t.Errorf("closed with %v", f)
	}
	n.elapse(time.Hour)
	if a.shard.Len() != 0 {
		t.Error("the SA is still there")
	}
}

func TestCheckLivenessDoesNotPileUp(t *testing.T) {
	n, a, _ := connected(t, nil)
	n.tap = func(from, to *testNode, d []byte) [][]byte { return nil }
	before := len(a.messages(NewsMessageSent))
	for range 5 {
		n.do(a, Command{SA: a.only(t).LocalSPI(), Event: CheckLiveness{}})
	}
	if got := len(a.messages(NewsMessageSent)) - before; got != 1 {
		t.Errorf("%d checks under way", got)
	}
	if sa := a.only(t); len(sa.tasks) != 0 {
		t.Errorf("%d checks wait", len(sa.tasks))
	}
}
