package sim

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/spd"
)

func TestEventsHappenInOrder(t *testing.T) {
	l := New(1)
	var order []string
	say := func(what string) func() { return func() { order = append(order, what) } }
	l.After(2*time.Second, say("third"))
	l.After(time.Second, say("first"))
	l.After(time.Second, func() {
		say("second")()
		l.After(0, say("right after"))
	})
	l.After(-time.Hour, say("at once"))
	l.After(time.Minute, say("too late"))
	l.Run(2 * time.Second)
	if want := []string{"at once", "first", "second", "right after", "third"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want %q", order, want)
	}
	if l.Elapsed() != 2*time.Second {
		t.Errorf("%v passed", l.Elapsed())
	}
}

func TestRunUntilStopsAtTheEventOrTheEnd(t *testing.T) {
	l := New(1)
	done := false
	l.After(3*time.Second, func() { done = true })
	if l.RunUntil(time.Second, func() bool { return done }) || l.Elapsed() != time.Second {
		t.Errorf("done after %v", l.Elapsed())
	}
	if !l.RunUntil(time.Minute, func() bool { return done }) || l.Elapsed() != 3*time.Second {
		t.Errorf("not done, or only after %v", l.Elapsed())
	}
}

// throw sends many packets of 100 octets through a line, and returns what comes out, and when.
func throw(w Weather, count int) (out []Packet, after []time.Duration) {
	l := New(7)
	for range count {
		p := Packet{Source: at(addrA, portIKE), Destination: at(addrB, portIKE), Data: make([]byte, 100)}
		l.Network.over(&w, p, func(p Packet) {
			out, after = append(out, p), append(after, l.Elapsed())
		})
	}
	l.Run(time.Hour)
	return out, after
}

func TestWeather(t *testing.T) {
	const count = 2000
	changed := func(p Packet) bool { return !bytes.Equal(p.Data, make([]byte, len(p.Data))) }
	short := func(p Packet) bool { return len(p.Data) < 100 }
	for _, tt := range []struct {
		name     string
		weather  Weather
		arrive   int // of count, about
		affected func(Packet) bool
		many     int // of those that arrive are affected, about
	}{
		{"fair", Weather{}, count, changed, 0},
		{"loss", Weather{Loss: 0.25}, count * 3 / 4, changed, 0},
		{"duplication", Weather{Duplicate: 0.25}, count * 5 / 4, changed, 0},
		{"corruption", Weather{Corrupt: 0.5}, count, changed, count / 2},
		{"truncation", Weather{Truncate: 0.5}, count, short, count / 2},
		{"cut", Weather{Cut: true}, 0, changed, 0},
		{"just small enough", Weather{MTU: 128}, count, short, 0},
		{"too big", Weather{MTU: 127}, 0, short, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, _ := throw(tt.weather, count)
			affected := 0
			for _, p := range out {
				affected += one(tt.affected(p))
			}
			near := func(got, want int) bool { return got >= want-want/10 && got <= want+want/10 }
			if !near(len(out), tt.arrive) || !near(affected, tt.many) {
				t.Errorf("%d arrive, %d of them affected; want %d and %d", len(out), affected, tt.arrive, tt.many)
			}
		})
	}
}

func TestPacketsOvertakeEachOther(t *testing.T) {
	_, after := throw(Weather{Delay: time.Second, Jitter: time.Second, Hold: 0.1, HoldTime: 10 * time.Second}, 1000)
	if first, last := after[0], after[len(after)-1]; first < time.Second || last < 8*time.Second || last > 12*time.Second {
		t.Errorf("the first after %v, the last after %v", first, last)
	}
	if held := len(after) - len(slices.DeleteFunc(slices.Clone(after), func(d time.Duration) bool { return d > 2*time.Second })); held < 50 || held > 150 {
		t.Errorf("%d of 1000 are held back", held)
	}
}

// tap is a host that keeps what it gets.
type tap struct {
	weather Weather
	got     []Packet
}

func (h *tap) arrive(p Packet) { h.got = append(h.got, p) }
func (h *tap) line() *Weather  { return &h.weather }

// natScene is a node behind a NAT, which need not run, and a host outside.
func natScene(t *testing.T) (l *Lab, nat *NAT, inside *Node, outside *tap) {
	t.Helper()
	l = New(1)
	nat, inside, outside = l.NewNAT(addrNAT), l.NewNode("inside", addrInner), &tap{}
	nat.Hide(inside)
	l.Network.attach(addrB, outside)
	return l, nat, inside, outside
}

func TestNATTranslates(t *testing.T) {
	l, nat, _, outside := natScene(t)
	leave := func(port uint16) netip.AddrPort {
		t.Helper()
		before := len(outside.got)
		nat.leave(Packet{Source: at(addrInner, port), Destination: at(addrB, portIKE)})
		l.Run(0)
		if len(outside.got) != before+1 {
			t.Fatal("the packet did not arrive")
		}
		return outside.got[before].Source
	}
	one, two := leave(500), leave(4500)
	if one.Addr() != addrNAT || two.Addr() != addrNAT || one.Port() == two.Port() {
		t.Errorf("sources %v and %v", one, two)
	}
	if again := leave(500); again != one {
		t.Errorf("the mapping %v became %v", one, again)
	}
	nat.Idle = time.Minute
	l.Run(59 * time.Second)
	if again := leave(500); again != one {
		t.Errorf("the mapping %v became %v before its time", one, again)
	}
	l.Run(61 * time.Second)
	if again := leave(500); again == one {
		t.Error("a mapping outlived its time")
	}
	nat.Rebind(addrOther)
	if again := leave(500); again.Addr() != addrOther {
		t.Errorf("source %v after the NAT moved", again)
	}
}

func TestNATLetsInWhatItKnows(t *testing.T) {
	for _, tt := range []struct {
		name    string
		strict  bool
		forward bool
		from    Address
		in      bool
	}{
		{"from the peer", true, false, addrB, true},
		{"from a stranger", true, false, addrOther, false},
		{"from a stranger, open", false, false, addrOther, true},
		{"from a stranger, forwarded", true, true, addrOther, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, nat, inside, outside := natScene(t)
			nat.Strict = tt.strict
			to := at(addrNAT, portIKE)
			if tt.forward {
				nat.Forward(inside)
			} else {
				nat.leave(Packet{Source: at(addrInner, portIKE), Destination: at(addrB, portIKE)})
				l.Run(0)
				to = outside.got[0].Source
			}
			l.NewNode("stranger", addrOther)
			inside.Start()
			l.Network.Send(Packet{Source: at(tt.from, portIKE), Destination: to, Data: make([]byte, 28)})
			l.Run(0)
			if in := inside.core.shards[0].Stats().Dropped[ike.DropMalformed] > 0; in != tt.in {
				t.Errorf("the packet came in: %t", in)
			}
		})
	}
}

func TestNATStopsRawESP(t *testing.T) {
	l, nat, _, outside := natScene(t)
	nat.leave(Packet{Source: at(addrInner, 0), Destination: at(addrB, 0), Transport: dataplane.TransportRaw, Data: make([]byte, 40)})
	l.Run(0)
	if len(outside.got) > 0 {
		t.Error("ESP without ports passed")
	}
}

func TestContentIsToldApart(t *testing.T) {
	message := make([]byte, headerLen)
	for _, tt := range []struct {
		name   string
		packet Packet
		want   kind
		octets int
	}{
		{"IKE", Packet{Destination: at(addrB, 500), Data: message}, kindIKE, headerLen},
		{"IKE behind a marker", Packet{Destination: at(addrB, 4500), Data: append(make([]byte, 4), message...)}, kindIKE, headerLen},
		{"IKE without marker", Packet{Destination: at(addrB, 4500), Data: bytes.Repeat([]byte{1}, 28)}, kindESP, 28},
		{"ESP", Packet{Transport: dataplane.TransportRaw, Data: message}, kindESP, 28},
		{"keepalive", Packet{Destination: at(addrB, 4500), Data: []byte{0xff}}, kindKeepalive, 0},
		{"too short for IKE", Packet{Destination: at(addrB, 500), Data: message[:27]}, kindNone, 0},
		{"too short for anything", Packet{Destination: at(addrB, 4500), Data: message[:3]}, kindNone, 0},
		{"empty", Packet{Destination: at(addrB, 4500)}, kindNone, 0},
	} {
		if got, data := tt.packet.content(); got != tt.want || len(data) != tt.octets {
			t.Errorf("%s: kind %d with %d octets", tt.name, got, len(data))
		}
	}
}

// problem expects that something is noted.
func problem(t *testing.T, l *Lab, what string) {
	t.Helper()
	if all := strings.Join(l.Problems(), "\n"); !strings.Contains(all, what) {
		t.Errorf("%q is not noted; problems: %s", what, all)
	}
}

// What the laboratory is there to see, it sees.
func TestLedgerSees(t *testing.T) {
	scene := func() (l *Lab, a, b *Node, conn string) {
		l = New(1)
		a, b, conn = pair(l, Terms{})
		l.up(a, b, conn)
		return l, a, b, conn
	}
	t.Run("clear text", func(t *testing.T) {
		l, a, _, _ := scene()
		a.send(Packet{Source: at(addrA, 500), Destination: at(addrB, 500), Data: []byte("..." + canary)})
		problem(t, l, "clear text")
	})
	t.Run("a packet that comes twice", func(t *testing.T) {
		l, a, b, _ := scene()
		number := l.Ledger.Send(a, b, l.Host(a, 0, false), l.Host(b, 0, false))
		l.Run(time.Second)
		b.deliver(udp(l.Host(a, 0, false), l.Host(b, 0, false), append([]byte(canary), 0, 0, 0, 0, 0, 0, 0, byte(number))))
		problem(t, l, "for the 2. time")
	})
	t.Run("a packet at somebody else's", func(t *testing.T) {
		l, a, b, _ := scene()
		number := l.Ledger.Send(a, b, l.Host(a, 0, false), l.Host(b, 0, false))
		a.deliver(udp(l.Host(a, 0, false), l.Host(b, 0, false), append([]byte(canary), 0, 0, 0, 0, 0, 0, 0, byte(number))))
		problem(t, l, "which is for b")
	})
	t.Run("a damaged packet", func(t *testing.T) {
		l, a, b, _ := scene()
		pkt := udp(l.Host(a, 0, false), l.Host(b, 0, false), append([]byte(canary), 0, 0, 0, 0, 0, 0, 0, 1))
		pkt[len(pkt)-1] ^= 1
		b.deliver(pkt)
		problem(t, l, "damaged")
	})
	t.Run("a packet that arrives and does not get through", func(t *testing.T) {
		l, a, b, conn := scene()
		b.Handle(b.SPIOf(conn), ike.Close{Abandon: true})
		first := l.Ledger.Send(a, b, l.Host(a, 0, false), l.Host(b, 0, false))
		l.Run(time.Second)
		if refused := l.Ledger.Refused(first); len(refused) != 1 || !strings.Contains(refused[0], esp.ErrUnknownSPI.Error()) {
			t.Errorf("refused: %q", refused)
		}
		if s := l.Ledger.Sum(first); s != (Sum{Sent: 1, Sealed: 1, Arrived: 1}) {
			t.Errorf("sum %+v", s)
		}
	})
}

func TestRestSees(t *testing.T) {
	for _, tt := range []struct {
		name string
		harm func(l *Lab, a, b *Node, conn string)
		want string
	}{
		{"one end alone", func(_ *Lab, _, b *Node, conn string) { b.Handle(b.SPIOf(conn), ike.Close{Abandon: true}) }, "no other end"},
		{"an SPI that is leaked", func(_ *Lab, a, _ *Node, _ string) { a.Plane().AllocateSPI(0) }, "allocated and has no SA"},
		{"an SA that is lost", func(_ *Lab, a, _ *Node, conn string) {
			a.Plane().Remove(dataplane.Inbound, a.Children(conn)[0].InSPI, a.Children(conn)[0].Policy)
		}, "in the data plane"},
		{"a policy that is leaked", func(_ *Lab, a, _ *Node, _ string) {
			inside := []spd.Selector{spd.Host(addrA)}
			a.check(a.Plane().SetPolicy(dataplane.Policy{ID: 99, Action: spd.Protect, Local: inside, Remote: inside}), "sets a policy")
		}, "policies in the data plane"},
		{"an exchange under way", func(_ *Lab, a, _ *Node, conn string) { checkSA(a, conn) }, "requests.pending holds 1"},
		{"news that were not told", func(_ *Lab, a, _ *Node, _ string) { clear(a.core.book.sas) }, "the news did not tell"},
		{"something that is not up", func(l *Lab, a, b *Node, conn string) {
			a.Handle(a.SPIOf(conn), ike.Close{Abandon: true})
			b.Handle(b.SPIOf(conn), ike.Close{Abandon: true})
		}, "it is not up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := New(1)
			a, b, conn := pair(l, Terms{})
			l.up(a, b, conn)
			l.Run(time.Second)
			l.CheckRest()
			if len(l.Problems()) > 0 {
				t.Fatal(l.Problems())
			}
			tt.harm(l, a, b, conn)
			l.CheckRest()
			problem(t, l, tt.want)
			l.CheckEmpty()
			problem(t, l, "is down and")
		})
	}
}

func TestAccountSees(t *testing.T) {
	l := New(1)
	a, b, _ := pair(l, Terms{})
	request := ikePacket(dataplane.Path{Local: at(addrA, 500), Remote: at(addrB, 500)}, make([]byte, 40))
	request.Data[17], request.Data[18] = 0x20, 37
	for range 8 {
		a.core.account.sent(a, dataplane.Path{}, request.Data)
	}
	problem(t, l, "repeats")
	problem(t, l, "for the 8. time")
	b.core.account.repeated-- // as if a datagram was not counted
	before := b.core.account.known(b.core.shards[0])
	if b.core.account.repeated++; b.core.account.known(b.core.shards[0]) != before+1 {
		t.Error("old answers do not count")
	}
}
