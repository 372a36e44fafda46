package sim

import (
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/ike"
)

// overTCP turns a trial into one whose peers talk in streams, and has these break now and then.
func (t *trial) overTCP(transport ike.Transport) {
	before := t.terms.Change
	t.terms.Change = func(c *ike.Connection) {
		before(c)
		c.Transport, c.ForceEncap = transport, false
	}
}

func breakStreams(_ *trial, n *Node) { n.BreakStreams() }

// streamTrial draws a trial over TCP.
func streamTrial(l *Lab) *trial {
	t := &trial{Lab: l}
	r := l.Chance()
	t.busy, t.interval = 30*time.Second+l.upTo(time.Minute), 100*time.Millisecond+l.upTo(1500*time.Millisecond)
	t.terms = t.drawTerms()
	t.a, t.b = t.NewNode("a", t.outside("192.0.2.1", "2001:db8:a::1")), t.NewNode("b", t.outside("198.51.100.2", "2001:db8:b::2"))
	for _, n := range t.nodes {
		t.drawNode(n)
	}
	t.overTCP(pick(t, ike.TransportTCP, ike.TransportTCP, ike.TransportAuto))
	t.conn = t.Marry(t.a, t.b, t.terms)
	for range r.IntN(6) {
		t.After(t.upTo(t.busy), func() { t.happen(breakStreams) })
	}
	return t
}

// Two gateways in TCP streams that break, with all the rest that happens to gateways.
func TestSeedsInStreams(t *testing.T) {
	overSeeds(t, min(seedsOrLess(100), 500), func(l *Lab) { streamTrial(l).run() })
}

// streamPair is two nodes with a child in a stream.
func streamPair(t *testing.T, transport ike.Transport) (*Lab, *Node, *Node) {
	l := New(1)
	a, b := l.NewNode("a", addrA), l.NewNode("b", addrB)
	l.Marry(a, b, Terms{Start: ike.StartNone, Change: func(c *ike.Connection) { c.Transport = transport }})
	a.Start()
	b.Start()
	if err := a.BringUp("a-b", ""); err != nil {
		t.Fatal(err)
	}
	l.Run(time.Second)
	return l, a, b
}

func TestAStreamThatBreaksCostsNoSA(t *testing.T) {
	l, a, b := streamPair(t, ike.TransportTCP)
	before := a.Status()[0]
	for range 5 {
		b.BreakStreams()
		l.Run(30 * time.Second)
	}
	after := a.Status()
	if len(after) != 1 || after[0].LocalSPI != before.LocalSPI || after[0].Path == before.Path {
		t.Fatalf("%+v instead of %+v", after, before)
	}
	if p := b.Status()[0].Path; p.Remote != after[0].Path.Local || p.Transport != dataplane.TransportTCP {
		t.Errorf("b sends along %+v", p)
	}
	l.CheckRest()
	for _, p := range l.Problems() {
		t.Error(p)
	}
	if n := len(l.Network.streams); n != 1 {
		t.Errorf("%d streams", n)
	}
}

// Nothing but streams passes: UDP is tried first, and soon no more.
func TestStreamsWhereUDPIsBlocked(t *testing.T) {
	l := New(1)
	a, b := l.NewNode("a", addrA), l.NewNode("b", addrB)
	l.Network.Intercept = func(Packet, func(Packet)) {}
	l.Marry(a, b, Terms{Change: func(c *ike.Connection) { c.Transport = ike.TransportAuto }})
	a.Start()
	b.Start()
	if err := a.BringUp("a-b", ""); err != nil {
		t.Fatal(err)
	}
	if !l.RunUntil(10*time.Second, func() bool { return a.Established("a-b") == 1 }) {
		t.Fatal("not up within ten seconds")
	}
	b.Restart(time.Second)
	if !l.RunUntil(2*time.Minute, func() bool { return len(b.Children("a-b")) == 1 }) {
		t.Error("not up again")
	}
}
