package sim

import (
	"testing"
	"time"

	"culvert/ike"
)

// First messages from everywhere are cheap for the node: beyond a bound they get a cookie and leave nothing behind, no answer is larger
// than its question, and the peer comes through (RFC 7296, Section 2.6).
func TestFloodKeepsNobodyOut(t *testing.T) {
	l := New(1)
	a, b, conn := pair(l, Terms{Change: func(c *ike.Connection) { c.RemoteAddrs = nil }})
	for i := range b.addrs {
		ca := *a.conns[0]
		ca.RemoteAddrs = b.reachable(a)[i : i+1]
		a.Configure(&ca)
	}
	attacker := l.NewAttacker(addrB)
	flood := func(until time.Duration) {
		l.RunUntil(until-l.Elapsed(), func() bool {
			if p, ok := attacker.flood(); ok {
				l.Network.Send(p)
			}
			l.Run(time.Millisecond)
			return false
		})
	}
	in, out := watchStrangers(l, b)
	flood(5 * time.Second)
	half := b.core.shards[0].HalfOpen()
	if half < 10 || half > 64 {
		t.Errorf("%d half-open IKE SAs, want up to 64", half)
	}
	l.bringUp(a, conn)
	flood(10 * time.Second)
	if a.Established(conn) != 1 || len(b.Children(conn)) != 1 {
		t.Errorf("the peer did not come through the flood: %d IKE SAs", a.Established(conn))
	}
	if *out > *in {
		t.Errorf("%d octets of questions got %d octets of answers", *in, *out)
	}
	l.finish(a, b, conn, false)
	for _, p := range l.Problems() {
		t.Error(p)
	}
}

// watchStrangers counts the octets that a node gets from nobody it knows, and sends to them.
func watchStrangers(l *Lab, n *Node) (in, out *int) {
	in, out = new(int), new(int)
	before := l.Network.Intercept
	l.Network.Intercept = func(p Packet, pass func(Packet)) {
		switch {
		case p.Source.Addr() == n.addrs[0] && l.receiver(p) == nil:
			*out += len(p.Data)
		case p.Destination.Addr() == n.addrs[0] && p.Source.Addr() != addrA:
			*in += len(p.Data)
		}
		before(p, pass)
	}
	return in, out
}
