package sim

import (
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/ike"
)

// A day of a tunnel with the lifetimes of a gateway: dozens of rekeyings from both sides and by volume, a reauthentication
// every few hours, and not a packet lost.
func TestADay(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{Children: 2, ESP: FastPFS,
		Change: func(c *ike.Connection) {
			c.Lifetime = ike.Lifetime{Rekey: 4 * time.Hour, Jitter: 10 * time.Minute, Hard: 5 * time.Hour}
			c.ReauthTime = 7 * time.Hour
		},
		Child: func(c *ike.ChildConfig) {
			c.Lifetime = ike.Lifetime{Rekey: time.Hour, Jitter: 10 * time.Minute, Hard: 90 * time.Minute}
			c.SoftPackets, c.JitterPackets, c.HardPackets = 2000, 300, 3000
		}})
	l.up(a, b, conn)
	first := l.Ledger.Next()
	l.chatter(a, b, time.Second, 24*time.Hour)
	l.Run(24*time.Hour + time.Minute)
	if s := l.Ledger.Sum(first); s.Delivered != s.Sent || s.Sent < 150000 {
		t.Errorf("packets: %+v", s)
	}
	if n := a.count(ike.NewsChildRekeyed); n < 60 {
		t.Errorf("children were rekeyed %d times", n)
	}
	if n := a.count(ike.NewsRekeyed); n < 3 {
		t.Errorf("the IKE SA was rekeyed %d times", n)
	}
	if n := a.count(ike.NewsEstablished); n != 4 {
		t.Errorf("%d authentications, want 4", n)
	}
	if n := a.count(ike.NewsFailure) + b.count(ike.NewsFailure); n > 0 {
		t.Errorf("%d failures", n)
	}
}

// A responder may demand reauthentication (RFC 4478): the initiator authenticates in time, make before break.
func TestAuthLifetimeIsObeyed(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{Children: 2})
	cb := *b.conns[0]
	cb.AuthLifetime = 10 * time.Minute
	b.Configure(&cb)
	l.up(a, b, conn)
	first := l.Ledger.Next()
	l.chatter(a, b, 100*time.Millisecond, time.Hour)
	l.Run(time.Hour + time.Minute)
	if n := b.count(ike.NewsEstablished); n < 6 || n > 8 {
		t.Errorf("%d authentications in an hour, one for every ten minutes wanted", n)
	}
	if s := l.Ledger.Sum(first); s.Delivered != s.Sent {
		t.Errorf("packets: %+v %q", s, l.Ledger.Refused(first)[:1])
	}
	l.finish(a, b, conn, false)
}

// An SA whose rekeying is not answered with a new one ends at its hard limit, and a new one is made.
func TestHardLimitEndsAChild(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{Child: func(c *ike.ChildConfig) { c.HardPackets = 50 }})
	l.up(a, b, conn)
	l.chatter(a, b, 100*time.Millisecond, time.Minute)
	l.Run(time.Minute)
	if n := a.count(ike.NewsChildDown); n < 3 {
		t.Errorf("%d children ended", n)
	}
	l.Run(10 * time.Second)
	l.finish(a, b, conn, false)
}

// A reload gives living SAs their new terms without ending them.
func TestReloadKeepsTheTunnel(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{Children: 2})
	l.up(a, b, conn)
	first := l.Ledger.Next()
	l.chatter(a, b, 10*time.Millisecond, l.Elapsed()+10*time.Second)
	for range 3 {
		for _, n := range l.Nodes() {
			c := *n.conns[0]
			c.Children = append([]*ike.ChildConfig(nil), c.Children...)
			child := *c.Children[0]
			child.Lifetime.Rekey = 10 * time.Minute
			c.Children[0] = &child
			n.Configure(&c)
			l.Run(3 * time.Second)
		}
	}
	if s := l.Ledger.Sum(first); s.Delivered != s.Sent {
		t.Errorf("packets: %+v", s)
	}
	for _, n := range l.Nodes() {
		if n.count(ike.NewsEstablished) != 1 || n.count(ike.NewsChildUp) != 2 {
			t.Errorf("%s: %d IKE SAs and %d children were made", n.Name, n.count(ike.NewsEstablished), n.count(ike.NewsChildUp))
		}
	}
	l.finish(a, b, conn, false)
}

// A reload comes between the wish for a tunnel and its beginning: the tunnel has the new terms.
func TestReloadOvertakesAnAttempt(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{})
	l.bringUp(a, conn)
	c := *a.conns[0]
	c.DPDDelay = 7 * time.Second
	a.Configure(&c)
	l.Run(time.Second)
	if got := a.Status()[0].Connection; got != &c {
		t.Error("the tunnel has terms that are no longer configured")
	}
	l.finish(a, b, conn, false)
}

// Both ends count the same packets, and the counters of an SA begin anew when it is rekeyed.
func TestCountersOfBothEndsAgree(t *testing.T) {
	const packets = 50
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{})
	l.up(a, b, conn)
	for round := range 2 {
		for range packets {
			l.Ledger.Send(a, b, l.Host(a, 0, false), l.Host(b, 0, false))
			l.Run(time.Millisecond)
		}
		l.Run(time.Second)
		ours, theirs := a.Children(conn)[0], b.Children(conn)[0]
		out, errOut := a.Plane().Query(dataplane.Outbound, ours.OutSPI, ours.Policy)
		in, errIn := b.Plane().Query(dataplane.Inbound, theirs.InSPI, theirs.Policy)
		if errOut != nil || errIn != nil || out.Packets != packets || in.Packets != packets || out.Bytes != in.Bytes || out.Sequence != in.Sequence {
			t.Errorf("round %d: %+v %v at one end, %+v %v at the other", round, out, errOut, in, errIn)
		}
		rekeyChild(a, conn)
		l.Run(time.Second)
	}
	if sent, got := a.Plane().Traffic().Sent, b.Plane().Traffic().Delivered; sent != 2*packets || got != 2*packets {
		t.Errorf("%d packets were sent and %d delivered in all", sent, got)
	}
	l.finish(a, b, conn, false)
}
