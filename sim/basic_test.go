package sim

import (
	"flag"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"culvert/esp"
	"culvert/ike"
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

// up brings a connection up from a.
func up(t *testing.T, l *Lab, a, b *Node, connection string) {
	t.Helper()
	if err := a.BringUp(connection, ""); err != nil {
		t.Fatal(err)
	}
	want := len(a.conns[0].Children)
	if !l.RunUntil(time.Minute, func() bool { return len(a.Children(connection)) == want && len(b.Children(connection)) == want }) {
		t.Fatalf("%s is not up: %d and %d children", connection, len(a.Children(connection)), len(b.Children(connection)))
	}
}

// exchange sends a packet both ways through every child and sees that it arrives.
func exchange(t *testing.T, l *Lab, a, b *Node, six bool) {
	t.Helper()
	first := l.Ledger.Next()
	for i, c := range a.conns[0].Children {
		x, y := l.ends(a, b, i, six, c.Mode)
		l.Ledger.Send(a, b, x, y)
		l.Ledger.Send(b, a, y, x)
	}
	l.Run(time.Second)
	if s := l.Ledger.Sum(first); s.Delivered != s.Sent {
		t.Errorf("packets: %+v; refused: %v", s, l.Ledger.Refused(first))
	}
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
	up(t, l, a, b, conn)
	exchange(t, l, a, b, false)
	l.Settle()
	l.CheckRest()
	exchange(t, l, a, b, false)
	if err := a.TakeDown(conn, ""); err != nil {
		t.Fatal(err)
	}
	l.Settle()
	l.CheckEmpty()
	if a.Established(conn)+b.Established(conn) != 0 {
		t.Error("still up")
	}
	_ = ike.StartUp
}
