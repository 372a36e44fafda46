package supervisor

import (
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
)

func TestWhatFollowsAnEnd(t *testing.T) {
	tests := []struct {
		name           string
		start, onClose ike.StartAction
		onDead         ike.StartAction
		keepUp         bool
		why            *ike.Failure
		again, trap    bool
	}{
		{"nothing is configured", ike.StartNone, ike.StartNone, ike.StartNone, false, deleted, false, false},
		{"closed, start", ike.StartNone, ike.StartUp, ike.StartNone, false, deleted, true, false},
		{"closed, trap", ike.StartNone, ike.StartTrap, ike.StartNone, false, deleted, false, true},
		{"dead, restart", ike.StartNone, ike.StartNone, ike.StartUp, false, timeout, true, false},
		{"dead, trap", ike.StartNone, ike.StartNone, ike.StartTrap, false, timeout, false, true},
		{"dead, close action does not count", ike.StartNone, ike.StartUp, ike.StartNone, false, timeout, false, false},
		{"kept up, closed", ike.StartUp, ike.StartNone, ike.StartNone, true, deleted, true, false},
		{"kept up, dead", ike.StartUp, ike.StartNone, ike.StartNone, true, timeout, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := connection(child("net", tt.start))
			c.Children[0].OnClose, c.Children[0].OnDead, c.Reconnect.KeepUp = tt.onClose, tt.onDead, tt.keepUp
			b := newBench(t, c)
			if tt.start == ike.StartNone {
				b.must(b.s.Up(b.now, "office", ""))
			}
			sa := b.connect()
			b.actions = nil
			b.end(sa, tt.why, first(sa))
			b.elapse(time.Minute)
			trap := false
			for _, p := range take[SetPolicy](b) {
				trap = trap || p.Policy.Trap
			}
			if again := len(take[Initiate](b)) > 0; again != tt.again || trap != tt.trap {
				t.Errorf("connects again %t, traps %t", again, trap)
			}
		})
	}
}

func TestClosedChildComesAgainOnTheSameIKESA(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	sa := b.connect()
	b.childNews(sa, ike.NewsChildDown, "net", first(sa), deleted)
	none[Command](b) // the peer may be about to do it
	b.elapse(2 * courtesy)
	if got := b.commands(sa.SA); len(got) != 1 || got[0] != "CreateChild" {
		t.Errorf("commands %v", got)
	}
	none[Initiate](b)
}

func TestDownSticks(t *testing.T) {
	for _, what := range []string{"", "net"} {
		t.Run("of "+what, func(t *testing.T) {
			c := connection(child("net", ike.StartUp))
			c.Children[0].OnClose = ike.StartUp
			b := newBench(t, c)
			sa := b.connect()
			b.must(b.s.Down(b.now, "office", what, 0))
			if what == "" {
				if got := b.commands(sa.SA); len(got) != 1 || got[0] != "Close" {
					t.Fatalf("commands %v", got)
				}
				b.end(sa, nil, first(sa))
			} else {
				if got := b.commands(sa.SA); len(got) != 1 || got[0] != "CloseChild" {
					t.Fatalf("commands %v", got)
				}
				b.childNews(sa, ike.NewsChildDown, "net", first(sa), nil)
			}
			b.acquire(packet)
			b.configure(c)
			b.elapse(time.Hour)
			none[Initiate](b)
			none[Command](b)
			b.must(b.s.Up(b.now, "office", what))
			if what == "" {
				b.connect()
			} else if got := b.commands(sa.SA); len(got) != 1 || got[0] != "CreateChild" {
				t.Errorf("commands %v", got)
			}
		})
	}
}

func TestOneIKESAIsTakenDown(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartNone)))
	one, two := b.accept(b.s.links["office"].conn), b.accept(b.s.links["office"].conn)
	b.must(b.s.Down(b.now, "office", "", two.SA))
	if len(b.commands(one.SA)) != 0 || len(b.commands(two.SA)) != 1 {
		t.Error("the wrong one is closed")
	}
	if _, err := b.s.Down(b.now, "office", "", 0x4711); err == nil {
		t.Error("an unknown SA is taken down")
	}
}

func TestUnknownTargetsAreRefused(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartNone)))
	for _, target := range [][2]string{{"home", ""}, {"office", "cellar"}} {
		if _, err := b.s.Up(b.now, target[0], target[1]); err == nil {
			t.Errorf("up %v", target)
		}
		if _, err := b.s.Down(b.now, target[0], target[1], 0); err == nil {
			t.Errorf("down %v", target)
		}
	}
	for _, what := range []bool{false, true} {
		if _, err := b.s.Rekey(b.now, "office", "", 0, what); err == nil {
			t.Error("rekeyed what is not up")
		}
	}
	if _, err := b.s.Reauth(b.now, "office", 0); err == nil {
		t.Error("authenticated anew what is not up")
	}
}

func TestUpAsksForAnAttemptAtOnce(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	b.refused()
	b.must(b.s.Up(b.now, "office", "")) // a second later it would come by itself
	b.connect()
	if !b.s.IsUp("office", "") || b.s.IsDown("office", "", 0) {
		t.Error("not up")
	}
}

func TestConnectionWithoutChildrenIsKeptUp(t *testing.T) {
	c := connection()
	b := newBench(t, c)
	none[Initiate](b)
	b.must(b.s.Up(b.now, "office", ""))
	sa := b.connect()
	b.end(sa, timeout)
	b.elapse(time.Minute)
	b.connect()
}

func TestReauthenticationIsMakeBeforeBreak(t *testing.T) {
	c := connection(child("net", ike.StartUp), child("other", ike.StartNone))
	b := newBench(t, c)
	old := b.connect()
	assigned := ike.Assignment{Addresses: []netip.Prefix{netip.MustParsePrefix("10.9.0.7/32")}}
	b.news(ike.News{Kind: ike.NewsAssigned, SA: old.SA, Connection: c, Assigned: &assigned})
	b.tell(old, ike.NewsReauth)
	b.tell(old, ike.NewsReauth) // asked again while the attempt is under way
	i := one[Initiate](b)
	if i.InitialContact || len(i.Children) != 1 || i.Children[0].Name != "net" || len(i.VirtualIPs) != 1 || i.VirtualIPs[0].String() != "10.9.0.7" {
		t.Errorf("attempt %+v", i)
	}
	sa := b.newSA(c, i.Ticket)
	b.tell(sa, ike.NewsConnecting)
	b.tell(sa, ike.NewsEstablished)
	if got := b.commands(old.SA); len(got) != 0 {
		t.Errorf("the old SA gets %v before the new one carries the traffic", got)
	}
	b.childNews(sa, ike.NewsChildUp, "net", 0x5000, nil)
	if got := b.commands(old.SA); len(got) != 1 || got[0] != "Close" {
		t.Errorf("the old SA gets %v", got)
	}
	b.end(old, nil, first(old))
	b.elapse(time.Hour)
	none[Initiate](b)
}

// Rules of a packet filter name marks and interfaces that were chosen: they stay.
func TestReauthenticationKeepsNumbers(t *testing.T) {
	c := connection(child("net", ike.StartUp), child("other", ike.StartNone))
	c.Children[0].Kernel.MarkIn = dataplane.Mark{Mask: 0xff, Choice: dataplane.Unique}
	c.Children[1].Kernel.IfIDIn = dataplane.InterfaceID{Number: 5}
	b := newBench(t, c)
	old := b.connect()
	kernel := dataplane.Kernel{MarkIn: dataplane.Mark{Value: 7, Mask: 0xff}, IfIDIn: dataplane.InterfaceID{Number: 8}, IfIDOut: dataplane.InterfaceID{Number: 9}}
	for _, info := range []ike.ChildInfo{{Name: "net", InSPI: 0x7000, Kernel: kernel}, {Name: "other", InSPI: 0x7002, Kernel: c.Children[1].Kernel}} {
		b.news(ike.News{Kind: ike.NewsChildUp, SA: old.SA, Connection: c, Child: &info})
	}
	b.tell(old, ike.NewsReauth)
	h := one[Initiate](b).Heritage
	if h.Children["net"] != kernel || h.Interfaces.In.Number != 8 || len(h.Children) != 2 {
		t.Errorf("got %+v", h)
	}
}

func TestFailedReauthenticationKeepsTheOldSA(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	old := b.connect()
	b.tell(old, ike.NewsReauth)
	b.refused()
	b.elapse(time.Minute)
	if got := b.commands(old.SA); len(got) != 0 {
		t.Errorf("the old SA gets %v", got)
	}
	b.tell(old, ike.NewsReauth)
	one[Initiate](b)
}

func TestSuccessorWithoutChildrenGetsALittleTime(t *testing.T) {
	c := connection(child("net", ike.StartUp))
	b := newBench(t, c)
	old := b.connect()
	b.tell(old, ike.NewsReauth)
	i := one[Initiate](b)
	sa := b.newSA(c, i.Ticket)
	b.tell(sa, ike.NewsEstablished)
	b.elapse(makeRoom - 1)
	if got := b.commands(old.SA); len(got) != 0 {
		t.Errorf("the old SA gets %v", got)
	}
	b.elapse(1)
	if got := b.commands(old.SA); len(got) != 1 {
		t.Errorf("the old SA gets %v", got)
	}
}

// After its circuit breaker has tripped a child waits for an operator (RFC 9347, Section 2.4.2.1).
func TestBrokenChildStaysDown(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	sa := b.connect()
	b.childNews(sa, ike.NewsChildDown, "net", first(sa), failure(explain.IKECircuitBreaker, "loss"))
	b.elapse(time.Hour)
	none[Command](b)
	b.must(b.s.Up(b.now, "office", "net"))
	if got := b.commands(sa.SA); len(got) != 1 || got[0] != "CreateChild" {
		t.Errorf("commands %v", got)
	}
}

// An idle child waits for a packet or a command, whatever is configured for other ends.
func TestIdleChildStaysDown(t *testing.T) {
	c := connection(child("net", ike.StartTrapUp))
	c.Children[0].OnClose, c.Reconnect.KeepUp = ike.StartUp, true
	b := newBench(t, c)
	trap := take[SetPolicy](b)
	sa := b.connect()
	b.childNews(sa, ike.NewsChildDown, "net", first(sa), &ike.Failure{Code: explain.IKEInactive})
	b.elapse(time.Hour)
	none[Command](b)
	none[Initiate](b)
	if len(trap) == 0 {
		t.Fatal("no trap")
	}
	b.do(b.s.Acquired(b.now, dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: trap[0].Policy.ID}))
	if got := b.commands(sa.SA); len(got) != 1 || got[0] != "CreateChild" {
		t.Errorf("a packet leads to %v", got)
	}
}

func TestTrapAndStartTogether(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartTrapUp)))
	if p := take[SetPolicy](b); len(p) == 0 || !p[0].Policy.Trap {
		t.Errorf("policies %+v", p)
	}
	if got := take[Initiate](b); len(got) != 1 {
		t.Errorf("attempts %+v", got)
	}
}

// Whoever ends an IKE SA that is not up yet wants none of what it is for, and not another attempt instead.
func TestAttemptIsTakenDownForGood(t *testing.T) {
	c := connection(child("net", ike.StartUp))
	c.Reconnect.KeepUp = true
	b := newBench(t, c)
	i := one[Initiate](b)
	sa := ike.News{Kind: ike.NewsConnecting, Connection: c, SA: 0xa1, Initiator: true, Ticket: i.Ticket}
	b.do(b.s.News(b.now, sa))
	b.must(b.s.Down(b.now, "office", "", sa.SA))
	if got := b.commands(sa.SA); len(got) != 1 || got[0] != "Close" {
		t.Errorf("commands %v", got)
	}
	sa.Kind = ike.NewsClosed
	b.do(b.s.News(b.now, sa))
	b.elapse(time.Hour)
	none[Initiate](b)
	b.must(b.s.Up(b.now, "office", "net"))
	one[Initiate](b)
}
