package sim

import (
	"flag"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"culvert/esp"
)

var verbose = flag.Bool("sim.trace", false, "draw what happens in every test that looks at one laboratory")

// newLab returns a laboratory that is drawn when the test fails.
func newLab(t *testing.T, seed uint64) *Lab {
	t.Helper()
	l := New(seed)
	var drawing strings.Builder
	if *verbose {
		l.TraceTo(os.Stdout)
	} else {
		l.TraceTo(&drawing)
	}
	t.Cleanup(func() {
		for _, p := range l.Problems() {
			t.Error(p)
		}
		if t.Failed() {
			t.Logf("seed %d\n%s", seed, drawing.String())
		}
	})
	return l
}

// retell runs something in a laboratory. When it goes wrong the same is run again, and drawn.
func retell(t *testing.T, seed uint64, what string, run func(*Lab)) {
	t.Helper()
	l := New(seed)
	run(l)
	if len(l.Problems()) == 0 {
		return
	}
	var drawing strings.Builder
	again := New(seed)
	again.TraceTo(&drawing)
	run(again)
	t.Fatalf("%s:\n%s\n%s", what, strings.Join(l.Problems(), "\n"), drawing.String())
}

var (
	addrA = netip.MustParseAddr("192.0.2.1")
	addrB = netip.MustParseAddr("198.51.100.2")
)

// pair returns two nodes that are configured for each other and run, 20 ms apart.
func pair(l *Lab, t Terms) (a, b *Node, connection string) {
	a, b = l.NewNode("a", addrA), l.NewNode("b", addrB)
	for _, n := range l.Nodes() {
		n.Up.Delay, n.Down.Delay = 5*time.Millisecond, 5*time.Millisecond
	}
	connection = l.Marry(a, b, t)
	a.Start()
	b.Start()
	return a, b, connection
}

// bringUp brings a connection up from a node, and down from it; a refusal is a problem.
func (l *Lab) bringUp(n *Node, connection string) {
	if err := n.BringUp(connection, ""); err != nil {
		l.Problem("%s does not bring %s up: %v", n.Name, connection, err)
	}
}

func (l *Lab) takeDown(n *Node, connection string) {
	if err := n.TakeDown(connection, ""); err != nil {
		l.Problem("%s does not take %s down: %v", n.Name, connection, err)
	}
}

// up brings a connection up from a, and waits until it is.
func (l *Lab) up(a, b *Node, connection string) {
	l.bringUp(a, connection)
	want := len(a.conns[0].Children)
	if !l.RunUntil(time.Minute, func() bool { return len(a.Children(connection)) == want && len(b.Children(connection)) == want }) {
		l.Problem("%s is not up: %d and %d children", connection, len(a.Children(connection)), len(b.Children(connection)))
	}
}

// probe sends a packet both ways through every child and sees that it arrives.
func (l *Lab) probe(a, b *Node, six bool) {
	first := l.Ledger.Next()
	for i, c := range a.conns[0].Children {
		x, y := l.ends(a, b, i, six, c.Mode)
		l.Ledger.Send(a, b, x, y)
		l.Ledger.Send(b, a, y, x)
	}
	l.Run(time.Second)
	if s := l.Ledger.Sum(first); s.Delivered != s.Sent {
		l.Problem("probes: %+v; refused: %q", s, l.Ledger.Refused(first))
	}
}

// finish lets the laboratory settle and looks at it: up, down, and empty.
func (l *Lab) finish(a, b *Node, connection string, six bool) {
	l.Settle()
	l.CheckRest()
	l.probe(a, b, six)
	l.takeDown(a, connection)
	l.takeDown(b, connection)
	l.Settle()
	l.CheckEmpty()
}

// ends are the hosts that a child carries packets between.
func (l *Lab) ends(a, b *Node, child int, six bool, mode esp.Mode) (x, y netip.AddrPort) {
	if mode == esp.Transport {
		return at(a.addrs[0], 4000), at(b.Addr(a.addrs[0]), 4000)
	}
	return l.Host(a, child, six), l.Host(b, child, six)
}

func TestTunnelComesUpCarriesAndGoes(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{Children: 2})
	l.up(a, b, conn)
	l.probe(a, b, false)
	l.finish(a, b, conn, false)
	if a.Established(conn)+b.Established(conn) != 0 {
		t.Error("still up")
	}
}
