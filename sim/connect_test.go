package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"culvert/auth"
	"culvert/esp"
	"culvert/explain"
	"culvert/ike"
	"culvert/secret"
)

// count returns how often a node has told of something.
func (n *Node) count(kind ike.NewsKind) int { return n.tally.News[kind] }

// Both nodes connect at the same time, whatever the offset: one IKE SA stays, and nothing is begun a third time.
func TestBothConnectAtOnce(t *testing.T) {
	for _, work := range []time.Duration{0, 30 * time.Millisecond} {
		for offset := -100 * time.Millisecond; offset <= 100*time.Millisecond; offset += 4 * time.Millisecond {
			retell(t, uint64(offset+time.Second), fmt.Sprintf("work %v, offset %v", work, offset), func(l *Lab) {
				a, b, conn := pair(l, Terms{Children: 2})
				a.WorkTime, b.WorkTime = work, work
				l.After(time.Second, func() { l.bringUp(a, conn) })
				l.After(time.Second+offset, func() { l.bringUp(b, conn) })
				l.Run(10 * time.Second)
				for _, n := range l.Nodes() {
					if up := n.count(ike.NewsEstablished); up > 2 || n.Established(conn) != 1 || len(n.Children(conn)) != 2 {
						l.Problem("%s established %d IKE SAs, %d are up with %d children", n.Name, up, n.Established(conn), len(n.Children(conn)))
					}
				}
				l.finish(a, b, conn, false)
			})
		}
	}
}

// A node that has accepted its peer gives its own attempt up as long as the peer does not know who it is: its claim of an
// initial contact would have the peer forget the good SA.
func TestAttemptIsWithdrawnWhenThePeerHasConnected(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{})
	a.Up.Cut = true // its requests do not come through
	l.bringUp(a, conn)
	l.Run(100 * time.Millisecond)
	a.Up.Cut = false
	l.bringUp(b, conn)
	l.Run(5 * time.Second)
	if a.count(ike.NewsEstablished) != 1 || b.count(ike.NewsEstablished) != 1 {
		t.Errorf("%d and %d IKE SAs were established, want one", a.count(ike.NewsEstablished), b.count(ike.NewsEstablished))
	}
	l.finish(a, b, conn, false)
}

// A cookie that comes twice is followed once.
func TestCookieAnsweredTwiceIsFollowedOnce(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{})
	b.Gateway.HalfOpen.Cookie = -1
	b.Crash()
	b.Start()
	b.Up.Duplicate = 1
	l.up(a, b, conn) // the account notes requests that are repeated too soon
	l.finish(a, b, conn, false)
}

// Until the tunnel is up, and when it is down again, the policy keeps the traffic in and refuses clear text from outside; a
// trap brings it up.
func TestTrapBringsTheTunnelUp(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{Start: ike.StartTrap})
	x, y := l.Host(a, 0, false), l.Host(b, 0, false)
	clear := func() {
		t.Helper()
		if err := b.Plane().ReceiveClear(udp(x, y, []byte(canary))); esp.DropOf(err) != esp.ErrUnprotected {
			t.Errorf("clear text from outside: %v", err)
		}
	}
	clear()
	first := l.Ledger.Send(a, b, x, y)
	l.Run(time.Second)
	if l.Ledger.Delivered(first) {
		t.Error("the packet that asked for the tunnel passed without one")
	}
	if len(b.Children(conn)) != 1 {
		t.Fatalf("the packet brought up %d children", len(b.Children(conn)))
	}
	clear()
	l.probe(a, b, false)
	l.finish(a, b, conn, false)
	clear()
	l.Ledger.Send(a, b, x, y) // taken down by hand: nothing but a hand brings it up
	l.Run(time.Minute)
	if a.Established(conn) != 0 {
		t.Error("a packet brought up what was taken down by hand")
	}
}

// An attempt that fails is made again, later and later, and the peer's name is looked up each time.
func TestNameIsLookedUpAgain(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{Change: func(c *ike.Connection) { c.LocalAddrs = nil }})
	change := *a.conns[0]
	change.RemoteAddrs, change.RemoteNames = nil, []string{"b.example"}
	a.Configure(&change)
	peer := *b.conns[0]
	peer.RemoteAddrs = nil
	b.Configure(&peer)
	l.bringUp(a, conn)
	l.Run(5 * time.Second)
	if a.Established(conn) != 0 {
		t.Fatal("connected to a name without address")
	}
	l.Names["b.example"] = []Address{addrB}
	l.Run(time.Minute)
	l.probe(a, b, false)
	moved := netip.MustParseAddr("198.51.100.77")
	b.Crash()
	b.Readdress(addrB, moved)
	b.Start()
	l.Names["b.example"] = []Address{moved}
	l.Run(3 * time.Minute)
	l.probe(a, b, false)
	l.finish(a, b, conn, false)
}

// A connection that cannot be is tried as often as configured, and ends with a reason.
func TestHopelessAttemptEndsWithAReason(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(a, b *ike.Connection)
		code   explain.Code
	}{
		{"nobody answers", func(a, _ *ike.Connection) {
			a.RemoteAddrs = []netip.Prefix{netip.MustParsePrefix("192.0.2.99/32")}
		}, explain.IKETimeout},
		{"no algorithm in common", func(a, _ *ike.Connection) {
			a.Proposals[0] = proposal(1, "aes256gcm16-prfsha384-ecp384", "")
		}, explain.IKENoProposal},
		{"another key", func(a, _ *ike.Connection) {
			a.LocalAuth[0].Secrets = auth.NewSecrets(auth.Secret{PSK: secret.Bytes("something else of good length")})
		}, explain.IKEAuthPeerRejected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, 1)
			a, b, conn := pair(l, Terms{Change: func(c *ike.Connection) { c.Reconnect = ike.Reconnect{Tries: 2, Delay: time.Second} }})
			ca, cb := *a.conns[0], *b.conns[0]
			tt.change(&ca, &cb)
			a.Configure(&ca)
			b.Configure(&cb)
			l.bringUp(a, conn)
			l.Settle()
			status := a.core.supervisor.Status()[0]
			if status.Wanted || status.Failure == nil || status.Failure.Code != tt.code {
				t.Errorf("wanted %t, failure %v, want %v", status.Wanted, status.Failure, tt.code)
			}
			if got := a.count(ike.NewsConnecting); got != 2 {
				t.Errorf("%d attempts, want 2", got)
			}
			l.CheckEmpty()
		})
	}
}

// Two addresses of the same peer are tried in turn.
func TestNextAddressIsTried(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{})
	ca := *a.conns[0]
	ca.RemoteAddrs = []netip.Prefix{netip.MustParsePrefix("192.0.2.99/32"), netip.PrefixFrom(addrB, 32)}
	a.Configure(&ca)
	l.bringUp(a, conn)
	l.Run(2 * time.Minute)
	l.probe(a, b, false)
	l.finish(a, b, conn, false)
}
