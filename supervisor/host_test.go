package supervisor

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/spd"
)

// anyHost is a connection in transport mode with whatever host a packet is for.
func anyHost() *ike.Connection {
	c := child("net", ike.StartTrap)
	c.Mode, c.Local, c.Remote, c.Block = esp.Transport, []spd.Selector{{EndPort: 65535}}, []spd.Selector{{EndPort: 65535}}, true
	conn := connection(c)
	conn.RemoteAddrs, conn.Reconnect.KeepUp = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, false
	return conn
}

// trapped is a bench with the policy of the trap.
func trapped(t *testing.T) (*bench, dataplane.Policy) {
	t.Helper()
	b := newBench(t, anyHost())
	return b, one[SetPolicy](b).Policy
}

// packet meets the trap.
func (b *bench) packet(trap dataplane.Policy, to string) {
	flow := spd.Flow{Source: netip.MustParseAddr("192.0.2.1"), Destination: netip.MustParseAddr(to), Protocol: 6, SourcePort: 4000, DestinationPort: 22}
	b.do(b.s.Acquired(b.now, dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: trap.ID, Packet: flow}))
}

// up carries an attempt with a host to its end.
func (b *bench) up(i Initiate) ike.News {
	sa := b.newSA(i.Connection, i.Ticket)
	sa.Path.Local, sa.Path.Remote, sa.Peer = netip.AddrPortFrom(i.Local, 500), i.Remote, i.Remote.Addr().String()
	b.tell(sa, ike.NewsConnecting)
	b.tell(sa, ike.NewsEstablished)
	sa.Child = &ike.ChildInfo{Name: "net", InSPI: uint32(sa.SA), Initiator: true, Local: []spd.Selector{spd.Host(netip.MustParseAddr("192.0.2.1"))}, Remote: []spd.Selector{spd.Host(i.Remote.Addr())}}
	b.tell(sa, ike.NewsChildUp)
	sa.Child = nil
	return sa
}

func TestPacketsSayWithWhomToConnect(t *testing.T) {
	b, trap := trapped(t)
	if !trap.Trap || len(trap.Remote) != 1 || trap.Remote[0] != spd.Prefix(netip.MustParsePrefix("192.0.2.0/24")) {
		t.Fatalf("the trap is %+v", trap)
	}
	none[Initiate](b)
	b.packet(trap, "192.0.2.7")
	first := one[Initiate](b)
	if first.Remote.String() != "192.0.2.7:500" || first.Local.String() != "192.0.2.1" || first.Trigger == nil || first.Trigger.DestinationPort != 22 || len(first.Children) != 1 || !first.InitialContact {
		t.Errorf("attempt %+v", first)
	}
	b.packet(trap, "192.0.2.7")
	none[Initiate](b)
	b.packet(trap, "192.0.2.8")
	second := one[Initiate](b)
	one, two := b.up(first), b.up(second)
	b.packet(trap, "192.0.2.7")
	b.packet(trap, "192.0.2.8")
	none[Initiate](b)
	none[Command](b)
	b.end(one, deleted)
	b.packet(trap, "192.0.2.7")
	if i := take[Initiate](b); len(i) != 1 || i[0].Remote.Addr().String() != "192.0.2.7" || b.s.Len() != 1 || !b.s.Knows(two.SA) {
		t.Errorf("after the end of one: %+v, %d SAs", i, b.s.Len())
	}
}

func TestHostsBeyondTheConnectionAreLeftAlone(t *testing.T) {
	b, trap := trapped(t)
	b.packet(trap, "198.51.100.7")
	none[Initiate](b)
}

func TestHostThatFailsRestsAndOthersGoOn(t *testing.T) {
	b, trap := trapped(t)
	b.packet(trap, "192.0.2.7")
	b.refused()
	b.packet(trap, "192.0.2.7")
	none[Initiate](b)
	b.packet(trap, "192.0.2.8")
	b.up(one[Initiate](b))
	b.elapse(time.Second)
	none[Initiate](b) // nobody asks by itself
	b.packet(trap, "192.0.2.7")
	one[Initiate](b)
}

func TestAttemptsWithHostsAreBounded(t *testing.T) {
	b, trap := trapped(t)
	conn := anyHost()
	conn.RemoteAddrs = nil
	b.configure(conn)
	take[SetPolicy](b)
	at := netip.MustParseAddr("10.0.0.1")
	for range 2 * maxHosts {
		b.packet(trap, at.String())
		at = at.Next()
	}
	if n := len(take[Initiate](b)); n != maxHosts {
		t.Errorf("%d attempts", n)
	}
}

// Attempts that fail at once are not begun as fast as packets come.
func TestFailuresWithHostsAreBounded(t *testing.T) {
	b, trap := trapped(t)
	conn := anyHost()
	conn.RemoteAddrs = nil
	b.configure(conn)
	take[SetPolicy](b)
	at, begun := netip.MustParseAddr("10.0.0.1"), 0
	for range 2 * maxResting {
		b.packet(trap, at.String())
		for _, i := range take[Initiate](b) {
			begun++
			b.s.hostFailed(b.s.links["office"], b.s.links["office"].attemptOf(i.Ticket), nil)
		}
		at = at.Next()
	}
	if begun != maxResting {
		t.Errorf("%d attempts", begun)
	}
	b.elapse(2 * hostRest)
	b.packet(trap, "10.9.9.9")
	one[Initiate](b)
}

func TestGroupsOfHostsAreNoPeers(t *testing.T) {
	b, trap := trapped(t)
	conn := anyHost()
	conn.RemoteAddrs = nil
	b.configure(conn)
	take[SetPolicy](b)
	for _, to := range []string{"224.0.0.251", "255.255.255.255", "127.0.0.1", "0.0.0.0", "ff02::fb", "::1"} {
		b.packet(trap, to)
		none[Initiate](b)
	}
	if !b.s.BetweenHosts(trap.ID) || b.s.BetweenHosts(trap.ID+100) {
		t.Error("the trap is not between hosts, or another one is")
	}
}

func TestDownEndsAttemptsWithHosts(t *testing.T) {
	b, trap := trapped(t)
	b.packet(trap, "192.0.2.7")
	i := one[Initiate](b)
	sa := b.newSA(i.Connection, i.Ticket)
	b.tell(sa, ike.NewsConnecting)
	b.must(b.s.Down(b.now, "office", "", 0))
	if got := b.commands(sa.SA); len(got) != 1 || got[0] != "Close" {
		t.Errorf("commands %v", got)
	}
	b.packet(trap, "192.0.2.8")
	none[Initiate](b)
}

func TestHostsAreAuthenticatedAnewWhereTheyAre(t *testing.T) {
	b, trap := trapped(t)
	b.packet(trap, "192.0.2.7")
	sa := b.up(one[Initiate](b))
	b.tell(sa, ike.NewsReauth)
	if i := one[Initiate](b); i.Remote.String() != "192.0.2.7:500" {
		t.Errorf("with %v", i.Remote)
	}
}

// Both hosts have a packet for the other at the same time.
func TestOurAttemptGivesWayToTheIKESAOfTheSameHost(t *testing.T) {
	b, trap := trapped(t)
	b.packet(trap, "192.0.2.7")
	b.packet(trap, "192.0.2.8")
	attempts := take[Initiate](b)
	spis := map[string]ike.News{}
	for _, i := range attempts {
		sa := b.newSA(i.Connection, i.Ticket)
		b.tell(sa, ike.NewsConnecting)
		spis[i.Remote.Addr().String()] = sa
	}
	theirs := b.newSA(attempts[0].Connection, 0)
	theirs.Path.Local = netip.MustParseAddrPort("192.0.2.1:500")
	theirs.Path.Remote = netip.MustParseAddrPort("192.0.2.7:500")
	b.tell(theirs, ike.NewsEstablished)
	if got := b.commands(spis["192.0.2.7"].SA); !slices.Equal(got, []string{"NotAlone", "Withdraw"}) {
		t.Errorf("commands %v", got)
	}
	if got := b.commands(spis["192.0.2.8"].SA); len(got) != 0 {
		t.Errorf("to the other host: %v", got)
	}
}
