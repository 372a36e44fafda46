package ike

import (
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/ike/plpmtu"
)

// narrowPath drops packets of more than mtu octets that must not be fragmented, from a, and returns how to begin a search.
func narrowPath(t *testing.T, mtu int, change func(a, b *Connection)) (n *testNet, a, b *testNode, search func(dataplane.PathMTU)) {
	n, a, b = connected(t, change)
	n.refuse = func(s Send, datagram []byte) bool { return s.DontFragment && len(datagram)+ipv4Headers > mtu }
	return n, a, b, func(p dataplane.PathMTU) {
		n.do(a, Command{SA: a.only(t).LocalSPI(), Event: Noticed{Notice: dataplane.Notice{Kind: dataplane.NoticePath, PathMTU: p}}})
	}
}

// published are the sizes that the data plane was told, in their order.
func (n *testNode) published() (list []int) {
	for _, a := range n.actions {
		if set, ok := a.(SetPathMTU); ok && (len(list) == 0 || list[len(list)-1] != set.MTU) {
			list = append(list, set.MTU)
		}
	}
	return list
}

func last(list []int) int {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1]
}

func TestPathIsSearchedWithRequestsOfItsSize(t *testing.T) {
	for _, tt := range []struct {
		name   string
		mtu    int
		change func(a, b *Connection)
	}{
		{"as wide as the link", 1500, nil},
		{"narrower", 1400, nil},
		{"narrower, and the peer knows no fragments of IKE", 1400, func(a, b *Connection) { b.Fragmentation = FragmentNo }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, a, _, search := narrowPath(t, tt.mtu, tt.change)
			search(dataplane.PathMTU{Link: 1500})
			n.elapse(time.Minute)
			if got := last(a.published()); got > tt.mtu || got < tt.mtu-16 {
				t.Errorf("found %v, want %d", a.published(), tt.mtu)
			}
			if len(a.of(NewsClosed)) != 0 || a.only(t).pathMTU.State() != plpmtu.SearchComplete {
				t.Errorf("state %v", a.only(t).pathMTU.State())
			}
		})
	}
}

func TestPathThatTakesNoFragmentsAtAllKeepsTheSA(t *testing.T) {
	n, a, _, search := narrowPath(t, 1400, nil)
	n.refuse = func(s Send, datagram []byte) bool { return len(datagram)+ipv4Headers > 1400 || len(s.Datagrams) > 1 }
	search(dataplane.PathMTU{Link: 1500})
	n.elapse(5 * time.Minute)
	if got := last(a.published()); len(a.of(NewsClosed)) != 0 || got > 1400 || got < 1384 {
		t.Errorf("found %v; closed %d times", a.published(), len(a.of(NewsClosed)))
	}
}

// No router cuts packets of IPv6, and one that says nothing is found out as soon as over IPv4.
func TestNarrowPathIsFoundAsSoonOverIPv6(t *testing.T) {
	for name, hosts := range map[string][2]netip.Addr{
		"IPv4": {addrA, addrB}, "IPv6": {netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")},
	} {
		a := &testNode{name: "a", addr: hosts[0], env: &Env{Connections: NewConnections(pskConnection(t, "a.example", "b.example"))}}
		b := &testNode{name: "b", addr: hosts[1], env: &Env{Connections: NewConnections(pskConnection(t, "b.example", "a.example"))}}
		n := newTestNet(t, a, b)
		ev := initiate(a)
		ev.Path = pathBetween(hosts[0], hosts[1])
		n.do(a, ev)
		n.refuse = func(s Send, datagram []byte) bool {
			return (s.DontFragment || hosts[0].Is6()) && a.only(t).packetSize(len(datagram)) > 1400
		}
		n.do(a, Command{SA: a.only(t).LocalSPI(), Event: Noticed{Notice: dataplane.Notice{Kind: dataplane.NoticePath, PathMTU: dataplane.PathMTU{Link: 1500}}}})
		n.elapse(4 * time.Second)
		if got := last(a.published()); got > 1400 || got < 1384 {
			t.Errorf("%s: found %v by then", name, a.published())
		}
	}
}

func TestLivenessCheckConfirmsThePath(t *testing.T) {
	n, a, _, search := narrowPath(t, 1500, func(a, b *Connection) { a.DPDDelay = 30 * time.Second })
	search(dataplane.PathMTU{Link: 1500})
	n.elapse(time.Second)
	n.refuse = func(s Send, datagram []byte) bool { return s.DontFragment && len(datagram)+ipv4Headers > 1300 }
	n.elapse(time.Minute)
	if got := last(a.published()); got > 1300 || got < 1284 {
		t.Errorf("the black hole leaves %v", a.published())
	}
}

// Whoever is dead is so as early with probes as without.
func TestProbesOfThePathDoNotDelayTheNoticeOfADeadPeer(t *testing.T) {
	for name, off := range map[string]bool{"probed": false, "not probed": true} {
		n, a, _, search := narrowPath(t, 1500, func(a, b *Connection) {
			a.DPDDelay, a.NoPathProbes = 30*time.Second, off
			a.Retransmit = Retransmit{Timeout: time.Second, Base: 1, Tries: 2}
		})
		search(dataplane.PathMTU{Link: 1500})
		n.elapse(10 * time.Second)
		heard := a.only(t).lastHeard
		n.refuse = func(Send, []byte) bool { return true }
		n.elapse(time.Minute)
		closed := a.of(NewsClosed)
		if want := heard.Add(33 * time.Second); len(closed) != 1 || closed[0].Time.Before(want) || closed[0].Time.After(want.Add(100*time.Millisecond)) {
			t.Errorf("%s: %+v, want it closed %v after the last sign of life", name, closed, want.Sub(heard))
		}
	}
}

func TestProbeThatIsUnderWayGivesWayToALivenessCheck(t *testing.T) {
	n, a, _, search := narrowPath(t, 1500, func(a, b *Connection) {
		a.DPDDelay = 500 * time.Millisecond
		a.Retransmit = Retransmit{Timeout: time.Second, Base: 1, Tries: 2}
	})
	n.refuse = func(Send, []byte) bool { return true }
	dead := n.now
	search(dataplane.PathMTU{Link: 1500})
	n.elapse(time.Minute)
	closed := a.of(NewsClosed)
	if most := dead.Add(4100 * time.Millisecond); len(closed) != 1 || closed[0].Time.After(most) {
		t.Errorf("got %+v, want it closed by %v", closed, most)
	}
}

func TestOutageDoesNotNarrowThePath(t *testing.T) {
	n, a, _, search := narrowPath(t, 1500, func(a, b *Connection) { a.DPDDelay = 30 * time.Second })
	search(dataplane.PathMTU{Link: 1500})
	n.elapse(time.Second)
	want := last(a.published())
	n.refuse = func(Send, []byte) bool { return true }
	n.elapse(45 * time.Second)
	n.refuse = nil
	n.elapse(time.Minute)
	if got := last(a.published()); got != want || len(a.of(NewsClosed)) != 0 {
		t.Errorf("after an outage %v, want %d", a.published(), want)
	}
}

func TestLieAboutThePathIsProbedOnly(t *testing.T) {
	n, a, _, search := narrowPath(t, 1500, nil)
	search(dataplane.PathMTU{Link: 1500})
	n.elapse(time.Second)
	want := last(a.published())
	search(dataplane.PathMTU{Link: 1500, TooBig: 600})
	n.elapse(time.Minute)
	if got := last(a.published()); got != want {
		t.Errorf("%v, want %d", a.published(), want)
	}
}

func TestProbesCanBeSwitchedOff(t *testing.T) {
	n, a, _, search := narrowPath(t, 1400, func(a, b *Connection) { a.NoPathProbes = true })
	search(dataplane.PathMTU{Link: 1500})
	n.elapse(time.Minute)
	if len(a.published()) != 0 {
		t.Errorf("probed: %v", a.published())
	}
	n, a, _, search = narrowPath(t, 1400, func(a, b *Connection) { a.DPDDelay = 30 * time.Second })
	search(dataplane.PathMTU{Link: 1500})
	n.elapse(20 * time.Second)
	off := *a.only(t).conn
	off.NoPathProbes = true
	a.only(t).conn, a.actions = &off, nil // as a new configuration has it
	n.elapse(time.Hour)
	for _, action := range a.actions {
		if s, ok := action.(Send); ok && s.DontFragment {
			t.Fatal("probed after it was switched off")
		}
	}
}
