package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"culvert/ike"
)

// crew is a pair of nodes with so many workers each, and one more Child SA for each worker with traffic (RFC 9611).
func crew(l *Lab, mine, yours int, t Terms) (a, b *Node, connection string) {
	a, b = l.NewNode("a", addrA), l.NewNode("b", addrB)
	a.Workers, b.Workers = mine, yours
	for _, n := range l.Nodes() {
		n.Up.Delay, n.Down.Delay = 5*time.Millisecond, 5*time.Millisecond
	}
	change := t.Child
	t.Child = func(c *ike.ChildConfig) {
		c.PerResource = true
		if change != nil {
			change(c)
		}
	}
	connection = l.Marry(a, b, t)
	a.Start()
	b.Start()
	return a, b, connection
}

// bustle sends packets of so many flows in both directions, again and again.
func (l *Lab) bustle(a, b *Node, flows int, interval, until time.Duration) {
	if l.Elapsed() > until {
		return
	}
	x, y := l.Host(a, 0, false).Addr(), l.Host(b, 0, false).Addr()
	for i := range flows {
		port := uint16(4000 + i)
		l.Ledger.Send(a, b, netip.AddrPortFrom(x, port), netip.AddrPortFrom(y, port))
		l.Ledger.Send(b, a, netip.AddrPortFrom(y, port), netip.AddrPortFrom(x, port))
	}
	l.After(interval, func() { l.bustle(a, b, flows, interval, until) })
}

// workersServed are the workers of a node that have a Child SA of their own.
func workersServed(n *Node, connection string) map[int]int {
	served := map[int]int{}
	for _, c := range n.Children(connection) {
		if c.Resource > 0 {
			served[c.Resource]++
		}
	}
	return served
}

func TestEveryWorkerWithTrafficGetsAChild(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := crew(l, 4, 4, Terms{})
	l.up(a, b, conn)
	first := l.Ledger.Next()
	l.bustle(a, b, 4, 20*time.Millisecond, 20*time.Second)
	l.Run(25 * time.Second)
	for _, n := range []*Node{a, b} {
		if got := workersServed(n, conn); len(got) != 4 {
			t.Errorf("%s has Child SAs for the workers %v, want all of four", n.Name, got)
		}
	}
	if s := l.Ledger.Sum(first); s.Delivered != s.Sent {
		t.Errorf("packets: %+v", s)
	}
	l.finish(a, b, conn, false)
}

func TestIdleWorkersGetNoChild(t *testing.T) {
	l := newLab(t, 2)
	a, b, conn := crew(l, 4, 4, Terms{})
	l.up(a, b, conn)
	l.bustle(a, b, 1, 20*time.Millisecond, 5*time.Second) // one flow: one worker of each
	l.Run(10 * time.Second)
	if got := workersServed(a, conn); len(got) == 0 || len(got) > 2 {
		t.Errorf("Child SAs of the workers %v for one flow in each direction", got)
	}
	l.finish(a, b, conn, false)
}

func TestWorkersOfUnlikeNumber(t *testing.T) {
	l := newLab(t, 3)
	a, b, conn := crew(l, 8, 2, Terms{ESP: FastPFS})
	l.up(a, b, conn)
	first := l.Ledger.Next()
	l.bustle(a, b, 16, 20*time.Millisecond, 20*time.Second)
	l.Run(25 * time.Second)
	if got := workersServed(a, conn); len(got) != 8 {
		t.Errorf("a has Child SAs for the workers %v, want all of eight", got)
	}
	if got := workersServed(b, conn); len(got) != 2 || got[1] > got[2]+1 || got[2] > got[1]+1 {
		t.Errorf("b spreads the Child SAs over its workers as %v", got)
	}
	if s := l.Ledger.Sum(first); s.Delivered != s.Sent {
		t.Errorf("packets: %+v", s)
	}
	l.finish(a, b, conn, false)
}

func TestAPeerWithoutResourcesGetsOneChild(t *testing.T) {
	l := newLab(t, 4)
	a, b, conn := crew(l, 4, 4, Terms{})
	alone := *b.conns[0]
	child := *alone.Children[0]
	child.PerResource = false
	alone.Children = []*ike.ChildConfig{&child}
	b.Configure(&alone)
	l.up(a, b, conn)
	l.bustle(a, b, 4, 20*time.Millisecond, 5*time.Second)
	l.Run(10 * time.Second)
	if got := len(a.Children(conn)); got != 1 {
		t.Errorf("%d children with a peer that makes no others", got)
	}
	l.finish(a, b, conn, false)
}

// Rekeyings from both sides, by time and volume, leave every worker its Child SA; and when the first is closed all go.
func TestChildrenOfWorkersLiveAsOthersDo(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			l := newLab(t, seed)
			a, b, conn := crew(l, 3, 3, Terms{ESP: FastPFS,
				Change: func(c *ike.Connection) {
					c.Lifetime = ike.Lifetime{Rekey: 4 * time.Minute, Jitter: time.Minute, Hard: 10 * time.Minute}
				},
				Child: func(c *ike.ChildConfig) {
					c.SoftPackets, c.JitterPackets = 240, 40 // a minute
				}})
			l.up(a, b, conn)
			for _, n := range l.Nodes() {
				n.Up.Jitter = 20 * time.Millisecond
			}
			l.bustle(a, b, 6, 250*time.Millisecond, 20*time.Minute)
			l.Run(20*time.Minute + time.Second)
			if got := workersServed(a, conn); len(got) != 3 {
				t.Errorf("a has Child SAs for the workers %v, want all of three", got)
			}
			if n := a.count(ike.NewsChildRekeyed); n < 40 {
				t.Errorf("only %d rekeyings", n)
			}
			l.finish(a, b, conn, false)
		})
	}
}

// What the network does to the messages leaves nothing behind either.
func TestChildrenOfWorkersInBadWeather(t *testing.T) {
	for seed := range uint64(40) {
		l := newLab(t, seed)
		a, b, conn := crew(l, 3, 2, Terms{Child: func(c *ike.ChildConfig) {
			c.SoftPackets, c.JitterPackets = 60, 20 // a minute
		}})
		l.up(a, b, conn)
		for _, n := range l.Nodes() {
			n.Up.Loss, n.Up.Duplicate, n.Up.Jitter = 0.1, 0.1, 300*time.Millisecond
		}
		l.bustle(a, b, 4, 500*time.Millisecond, 5*time.Minute)
		l.Run(5*time.Minute + time.Second)
		l.finish(a, b, conn, false)
	}
}
