package supervisor

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
)

func TestStartActions(t *testing.T) {
	for start, want := range map[ike.StartAction]struct{ attempts, traps int }{
		ike.StartNone: {0, 0}, ike.StartTrap: {0, 1}, ike.StartUp: {1, 0},
	} {
		b := newBench(t, connection(child("net", start)))
		traps := 0
		for _, p := range take[SetPolicy](b) {
			if p.Policy.Trap {
				traps++
			}
		}
		if n := len(take[Initiate](b)); n != want.attempts || traps != want.traps {
			t.Errorf("start action %d: %d attempts, %d traps", start, n, traps)
		}
	}
}

func TestAllWantedChildrenAreAskedForAtOnce(t *testing.T) {
	b := newBench(t, connection(child("one", ike.StartUp), child("two", ike.StartNone), child("three", ike.StartUp)))
	i := one[Initiate](b)
	if len(i.Children) != 2 || i.Children[0].Name != "one" || i.Children[1].Name != "three" || !i.InitialContact || i.Remote.String() != "192.0.2.2:500" {
		t.Errorf("attempt %+v", i)
	}
}

func TestAttemptsBackOffForEver(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	for _, wait := range []time.Duration{1, 2, 4, 8, 10, 10, 10} {
		b.refused()
		before := b.now
		b.elapse(wait*time.Second - 1)
		none[Initiate](b)
		b.elapse(1)
		if got := b.now.Sub(before); got != wait*time.Second {
			t.Errorf("attempt after %v", got)
		}
	}
	b.connect()
	b.elapse(time.Hour)
	none[Initiate](b)
}

func TestAttemptsAreCountedWithoutKeepUp(t *testing.T) {
	c := connection(child("net", ike.StartUp))
	c.Reconnect.KeepUp, c.Reconnect.Tries = false, 3
	b := newBench(t, c)
	for range 3 {
		b.refused()
		b.elapse(time.Minute)
	}
	none[Initiate](b)
	notes := take[Note](b)
	if last := notes[len(notes)-1]; last.Kind != NoteGaveUp || last.Failure == nil {
		t.Errorf("last note %+v", last)
	}
}

func TestAttemptsWithoutEndLastUntilItIsUp(t *testing.T) {
	c := connection(child("net", ike.StartUp))
	c.Reconnect.KeepUp, c.Reconnect.Endless = false, true
	b := newBench(t, c)
	for range 2000 {
		b.refused()
		b.elapse(time.Minute)
	}
	b.end(b.connect(), &ike.Failure{Code: explain.IKEAuthFailed})
	b.elapse(time.Hour)
	none[Initiate](b)
}

func TestNamesAreLookedUpBeforeEachAttempt(t *testing.T) {
	c := connection(child("net", ike.StartUp))
	c.RemoteNames, c.RemoteAddrs, c.RemotePort = []string{"gw.example"}, nil, 4500
	b := newBench(t, c)
	resolve := func(addrs ...string) {
		t.Helper()
		if r := one[Resolve](b); r.Connection != "office" || len(r.Names) != 1 {
			t.Fatalf("look-up %+v", r)
		}
		var found []netip.Addr
		for _, a := range addrs {
			found = append(found, netip.MustParseAddr(a))
		}
		b.do(b.s.Resolved(b.now, "office", found, nil))
	}
	resolve()
	none[Initiate](b) // nothing is known yet
	b.elapse(time.Second)
	for _, step := range []struct{ found, want string }{{"192.0.2.5", "192.0.2.5:4500"}, {"2001:db8::5", "[2001:db8::5]:4500"}} {
		resolve(step.found)
		if got := take[Initiate](b); len(got) != 1 || got[0].Remote.String() != step.want {
			t.Errorf("attempt %+v", got)
		} else {
			b.actions = append(b.actions, got[0])
		}
		b.refused()
		b.elapse(10 * time.Second)
	}
	resolve() // the look-up fails: what was known last is tried
	if i := one[Initiate](b); i.Remote.Addr().String() != "2001:db8::5" {
		t.Errorf("attempt %+v", i)
	}
}

func TestAddressesOfAnotherPeerAreNotTriedForAName(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	b.refused()
	c := connection(child("net", ike.StartUp))
	c.RemoteNames, c.RemoteAddrs = []string{"gw.example"}, nil
	b.configure(c)
	b.elapse(time.Minute)
	take[Resolve](b)
	b.do(b.s.Resolved(b.now, "office", nil, errors.New("no such host")))
	none[Initiate](b)
}

func TestAddressesAreTriedInTurn(t *testing.T) {
	c := connection(child("net", ike.StartUp))
	c.RemoteAddrs = append(c.RemoteAddrs, netip.MustParsePrefix("192.0.2.3/32"), netip.MustParsePrefix("198.51.100.0/24"))
	b := newBench(t, c)
	var tried []string
	for range 3 {
		i := one[Initiate](b)
		tried = append(tried, i.Remote.Addr().String())
		b.actions = append(b.actions, i)
		b.refused()
		b.elapse(10 * time.Second)
	}
	if tried[0] != "192.0.2.2" || tried[1] != "192.0.2.3" || tried[2] != "192.0.2.2" {
		t.Errorf("tried %v", tried)
	}
}

func TestConnectionWithoutAddressFailsWithAReason(t *testing.T) {
	c := connection(child("net", ike.StartUp))
	c.RemoteAddrs, c.Reconnect.KeepUp = nil, false
	b := newBench(t, c)
	none[Initiate](b)
	if n := one[Note](b); n.Kind != NoteGaveUp || n.Failure == nil {
		t.Errorf("note %+v", n)
	}
}

// packet is what meets a trap.
var packet = spd.Flow{Source: netip.MustParseAddr("10.1.0.5"), Destination: netip.MustParseAddr("10.2.0.9"), Protocol: 6, DestinationPort: 80}

// acquire is a packet that meets the trap of the first policy.
func (b *bench) acquire(flow spd.Flow) {
	b.do(b.s.Acquired(b.now, dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: 1, Packet: flow}))
}

func TestPacketBringsTheChildUp(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartTrap)))
	b.acquire(packet)
	b.acquire(packet) // many come before the SA is there
	i := one[Initiate](b)
	if i.Trigger == nil || *i.Trigger != packet || len(i.Children) != 1 {
		t.Errorf("attempt %+v", i)
	}
}

func TestPacketAsksAnIKESAThatIsThere(t *testing.T) {
	c := connection(child("net", ike.StartTrap), child("other", ike.StartUp))
	b := newBench(t, c)
	sa := b.connect()
	b.acquire(packet)
	b.acquire(packet)
	command := one[Command](b)
	ask, ok := command.Event.(ike.CreateChild)
	if !ok || command.SA != sa.SA || ask.Child != c.Children[0] || *ask.Trigger != packet {
		t.Errorf("command %+v", command)
	}
}

func TestPacketOutsideANarrowedChildAsksForAnotherOne(t *testing.T) {
	c := connection(child("net", ike.StartTrap))
	b := newBench(t, c)
	b.acquire(packet)
	i := one[Initiate](b)
	sa := b.newSA(c, i.Ticket)
	b.tell(sa, ike.NewsEstablished)
	pair := &ike.ChildInfo{Name: "net", InSPI: 7, OutSPI: 8, Initiator: true, Local: []spd.Selector{spd.Host(packet.Source)}, Remote: []spd.Selector{spd.Host(packet.Destination)}}
	b.news(ike.News{Kind: ike.NewsChildUp, SA: sa.SA, Connection: c, Child: pair})
	b.acquire(packet)
	none[Command](b)
	another := packet
	another.Destination = netip.MustParseAddr("10.2.0.77")
	b.acquire(another)
	if ask, ok := one[Command](b).Event.(ike.CreateChild); !ok || *ask.Trigger != another {
		t.Errorf("command %+v", ask)
	}
}

func TestNoticesOfOthersAreIgnored(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartTrap)))
	for _, n := range []dataplane.Notice{{Kind: dataplane.NoticeAcquire, Policy: 99}, {Kind: dataplane.NoticeSoftLimit, Policy: 1}} {
		b.do(b.s.Acquired(b.now, n))
	}
	none[Initiate](b)
}

func TestSecondChildIsAskedForAgainWhenItFailed(t *testing.T) {
	c := connection(child("net", ike.StartUp), child("other", ike.StartUp))
	b := newBench(t, c)
	i := one[Initiate](b)
	sa := b.newSA(c, i.Ticket)
	b.tell(sa, ike.NewsEstablished)
	b.childNews(sa, ike.NewsChildUp, "net", 2, nil)
	b.childNews(sa, ike.NewsFailure, "other", 0, deleted)
	none[Command](b)
	b.elapse(time.Second)
	if ask, ok := one[Command](b).Event.(ike.CreateChild); !ok || ask.Child.Name != "other" {
		t.Errorf("command %+v", ask)
	}
}

func TestRekeyedSAIsFollowed(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	sa := b.connect()
	old := sa.SA
	sa.Successor = 0x9999
	b.tell(sa, ike.NewsRekeyed)
	if b.s.Knows(old) || !b.s.Knows(0x9999) || !b.s.IsUp("office", "net") {
		t.Error("the successor is not known")
	}
	b.must(b.s.Rekey(b.now, "office", "", 0, false))
	if got := b.commands(0x9999); len(got) != 1 || got[0] != "RekeyIKE" {
		t.Errorf("commands %v", got)
	}
	sa.SA = 0x9999
	sa.Replaced, sa.Kind = first(ike.News{SA: old}), ike.NewsChildRekeyed
	sa.Child = &ike.ChildInfo{Name: "net", InSPI: 0x777}
	b.news(sa)
	b.must(b.s.Rekey(b.now, "office", "net", 0, true))
	if c := one[Command](b); c.Event != (ike.RekeyChild{SPI: 0x777}) {
		t.Errorf("command %+v", c)
	}
}

func TestAttemptThatNobodyWantsAnyMoreIsEnded(t *testing.T) {
	c := connection(child("net", ike.StartUp))
	b := newBench(t, c)
	i := one[Initiate](b)
	b.must(b.s.Down(b.now, "office", "", 0))
	sa := b.newSA(c, i.Ticket)
	b.tell(sa, ike.NewsConnecting)
	if got := b.commands(sa.SA); len(got) != 1 || got[0] != "Close" {
		t.Errorf("commands %v", got)
	}
}
