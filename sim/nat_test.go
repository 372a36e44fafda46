package sim

import (
	"net/netip"
	"testing"
	"time"

	"culvert/esp"
	"culvert/ike"
)

var (
	addrNAT   = netip.MustParseAddr("203.0.113.3")
	addrOther = netip.MustParseAddr("203.0.113.4")
	addrInner = netip.MustParseAddr("192.168.1.2")
)

// behindNAT is a pair with a behind a NAT, which only a can bring up.
func behindNAT(l *Lab, t Terms) (a, b *Node, nat *NAT, connection string) {
	nat = l.NewNAT(addrNAT)
	a, b = l.NewNode("a", addrInner), l.NewNode("b", addrB)
	nat.Hide(a)
	for _, n := range l.Nodes() {
		n.Up.Delay, n.Down.Delay = 5*time.Millisecond, 5*time.Millisecond
	}
	connection = l.Marry(a, b, t)
	a.Start()
	b.Start()
	return a, b, nat, connection
}

func noLiveness(c *ike.Connection) { c.DPDDelay = 0 }

// Keepalives hold the mapping open for packets from outside (RFC 7296, Section 2.23; RFC 3948, Section 4).
func TestKeepalivesHoldTheMappingOpen(t *testing.T) {
	for _, tt := range []struct {
		name     string
		interval time.Duration
		reached  bool
	}{{"often enough", 20 * time.Second, true}, {"too seldom", 2 * time.Minute, false}} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, 1)
			a, b, nat, conn := behindNAT(l, Terms{Change: func(c *ike.Connection) { c.DPDDelay, c.Keepalive = 0, tt.interval }})
			nat.Idle = 30 * time.Second
			l.up(a, b, conn)
			l.Run(5*time.Minute + time.Second)
			number := l.Ledger.Send(b, a, l.Host(b, 0, false), l.Host(a, 0, false))
			l.Run(time.Second)
			if l.Ledger.Delivered(number) != tt.reached {
				t.Errorf("the packet from outside arrived: %t", !tt.reached)
			}
			if tt.reached && a.Tally().Keepalive < 10 {
				t.Errorf("%d keepalives in five minutes", a.Tally().Keepalive)
			}
			if b.Tally().Keepalive > 0 {
				t.Error("the node without a NAT sends keepalives")
			}
		})
	}
}

// A NAT that forgets its mappings gives other ports, or another address: an authenticated packet, of IKE or ESP, tells the
// peer (RFC 7296, Section 2.23).
func TestPeerFollowsTheNAT(t *testing.T) {
	for _, tt := range []struct {
		name   string
		public Address
		tell   func(l *Lab, a, b *Node, conn string)
	}{
		{"to another port, told by ESP", addrNAT, sayESP},
		{"to another port, told by IKE", addrNAT, sayIKE},
		{"to another address, told by ESP", addrOther, sayESP},
		{"to another address, told by IKE", addrOther, sayIKE},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, 1)
			a, b, nat, conn := behindNAT(l, Terms{Children: 2, Change: noLiveness})
			l.up(a, b, conn)
			l.probe(a, b, false)
			nat.Rebind(tt.public)
			tt.tell(l, a, b, conn)
			l.Run(time.Second)
			l.probe(a, b, false)
			if got := b.Status()[0].Path.Remote.Addr(); got != tt.public {
				t.Errorf("b believes a at %v, want %v", got, tt.public)
			}
			l.finish(a, b, conn, false)
		})
	}
}

func sayESP(l *Lab, a, b *Node, _ string) {
	l.Ledger.Send(a, b, l.Host(a, 0, false), l.Host(b, 0, false))
}

func sayIKE(_ *Lab, a, _ *Node, conn string) { a.Handle(a.SPIOf(conn), ike.CheckLiveness{}) }

// A peer that is not behind a NAT stays where it is, whatever address its packets seem to come from (RFC 7296,
// Section 2.23).
func TestPeerWithoutNATDoesNotMove(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{Change: func(c *ike.Connection) { c.ForceEncap = false }})
	l.up(a, b, conn)
	before := b.Status()[0].Path
	l.Network.Intercept = func(p Packet, pass func(Packet)) {
		if p.Source.Addr() == addrA {
			p.Source = at(addrOther, p.Source.Port())
		}
		pass(p)
	}
	l.probe(a, b, false)
	if after := b.Status()[0].Path; after != before {
		t.Errorf("b moved from %v to %v", before, after)
	}
	l.Network.Intercept = nil
	l.finish(a, b, conn, false)
}

// Transport mode where the addresses change on the way: traffic selectors and checksums are those of the addresses that each
// side sees (RFC 7296, Section 2.23.1).
func TestTransportModeBehindNATs(t *testing.T) {
	for _, tt := range []struct {
		name         string
		hideA, hideB bool
	}{{"of the initiator", true, false}, {"of the responder", false, true}, {"of both", true, true}, {"of nobody", false, false}} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, 1)
			a, b, conn, seesA, seesB := transportScene(l, tt.hideA, tt.hideB)
			l.up(a, b, conn)
			first := l.Ledger.Next()
			talk := func() {
				l.Ledger.Send(a, b, at(a.addrs[0], 4000), at(seesB, 4000))
				l.Ledger.Send(b, a, at(b.addrs[0], 4000), at(seesA, 4000))
				l.Run(time.Second)
			}
			talk()
			rekeyChild(a, conn)
			talk()
			rekeyChild(b, conn)
			talk()
			if s := l.Ledger.Sum(first); s.Delivered != 6 {
				t.Errorf("packets: %+v %q", s, l.Ledger.Refused(first))
			}
			l.Settle()
			l.CheckRest()
		})
	}
}

// transportScene is a pair with a child in transport mode, either node behind a NAT or not, and the addresses by which they
// know each other.
func transportScene(l *Lab, hideA, hideB bool) (a, b *Node, conn string, seesA, seesB Address) {
	a, b = l.NewNode("a", addrInner), l.NewNode("b", netip.MustParseAddr("192.168.7.7"))
	seesA, seesB = a.addrs[0], b.addrs[0]
	if hideA {
		l.NewNAT(addrNAT).Hide(a)
		seesA = addrNAT
	}
	if hideB {
		nat := l.NewNAT(addrOther)
		nat.Hide(b)
		nat.Forward(b)
		seesB = addrOther
	}
	conn = l.Marry(a, b, Terms{Mode: esp.Transport, Change: func(c *ike.Connection) { c.RemoteAddrs = nil }})
	a.conns[0].RemoteAddrs = []netip.Prefix{netip.PrefixFrom(seesB, 32)}
	a.Start()
	b.Start()
	return a, b, conn, seesA, seesB
}

// A child in transport mode carries packets between the addresses of its ends. When the NAT moves one of them it is rekeyed.
func TestTransportModeFollowsTheNAT(t *testing.T) {
	l := newLab(t, 1)
	a, b, nat, conn := behindNAT(l, Terms{Mode: esp.Transport, Change: noLiveness})
	l.up(a, b, conn)
	nat.Rebind(addrOther)
	sayIKE(l, a, b, conn)
	l.Run(10 * time.Second)
	first := l.Ledger.Next()
	l.Ledger.Send(a, b, at(addrInner, 4000), at(addrB, 4000))
	l.Ledger.Send(b, a, at(addrB, 4000), at(addrOther, 4000))
	l.Run(time.Second)
	if s := l.Ledger.Sum(first); s.Delivered != 2 {
		t.Errorf("packets: %+v %q", s, l.Ledger.Refused(first))
	}
	l.Settle()
	l.CheckRest()
}
