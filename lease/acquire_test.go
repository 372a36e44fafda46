package lease

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"
)

func ten() []Range { return []Range{span("10.0.0.1", "10.0.0.10")} }

// TestReauthenticationKeepsTheAddress: a client that connects anew before it lets the old IKE SA go asks for the address
// that it has; the end of the old one does not take it away.
func TestReauthenticationKeepsTheAddress(t *testing.T) {
	p := newPool(t, Config{Ranges: ten()})
	had := acquire(t, p, "carol")
	if got := acquire(t, p, "carol", had); got != had {
		t.Fatalf("got %v, had %v", got, had)
	}
	p.Release(start(), "carol", had)
	if l := p.Leases(); len(l) != 1 || !l[0].Online {
		t.Errorf("leases %v", l)
	}
	if got := acquire(t, p, "dave", had); got == had {
		t.Errorf("dave got %v of carol", got)
	}
	p.Release(start(), "carol", had)
	if l := p.Leases(); l[0].Online {
		t.Errorf("leases %v", l)
	}
}

// TestTakeover: a client that was cut off and connects again, while the old connection still seems to live.
func TestTakeover(t *testing.T) {
	p := newPool(t, Config{Ranges: ten()})
	had := acquire(t, p, "carol")
	l, err := p.Acquire(start(), Request{Identity: "carol", Want: []netip.Addr{netip.IPv4Unspecified()}, Takeover: true})
	if err != nil || l.Addr != had {
		t.Fatalf("got %v, %v; had %v", l.Addr, err, had)
	}
	p.Release(start(), "carol", had)
	if online, _ := p.Counts(); online != 1 {
		t.Errorf("%d online", online)
	}
	other, err := p.Acquire(start(), Request{Identity: "dave", Takeover: true})
	if err != nil || other.Addr == had {
		t.Errorf("dave got %v, %v", other.Addr, err)
	}
}

func TestTheLatestOfSeveralComesBack(t *testing.T) {
	p := newPool(t, Config{Ranges: ten()})
	a, b, c := acquire(t, p, "carol"), acquire(t, p, "carol"), acquire(t, p, "carol")
	for i, addr := range []netip.Addr{a, c, b} {
		p.Release(start().Add(time.Duration(i)*time.Hour), "carol", addr)
	}
	if got := acquire(t, p, "carol"); got != b {
		t.Errorf("got %v, %v was used last", got, b)
	}
	if got := acquire(t, p, "carol", a); got != a {
		t.Errorf("got %v, wished for %v", got, a)
	}
	if got := acquire(t, p, "carol"); got != c {
		t.Errorf("got %v, %v is left", got, c)
	}
}

func TestStaticAddressIsShared(t *testing.T) {
	p := newPool(t, Config{Ranges: ten(), Static: map[string]netip.Addr{"carol": ip("10.0.0.5")}})
	for range 2 {
		if got := acquire(t, p, "carol", ip("10.0.0.7")); got != ip("10.0.0.5") {
			t.Errorf("got %v", got)
		}
	}
	p.Release(start(), "carol", ip("10.0.0.5"))
	if online, _ := p.Counts(); online != 1 {
		t.Errorf("%d online, one connection is left", online)
	}
	p.Release(start(), "carol", ip("10.0.0.5"))
	p.Release(start(), "carol", ip("10.0.0.5"))
	if online, offline := p.Counts(); online != 0 || offline != 1 {
		t.Errorf("%d online, %d offline", online, offline)
	}
	for i := range 9 {
		if got := acquire(t, p, fmt.Sprint(i), ip("10.0.0.5")); got == ip("10.0.0.5") {
			t.Errorf("%d got the static address", i)
		}
	}
	if _, err := p.Acquire(start(), Request{Identity: "last"}); !errors.Is(err, ErrExhausted) {
		t.Errorf("got %v", err)
	}
}

// TestBound: identities that come and go do not make a large pool grow without end.
func TestBound(t *testing.T) {
	p := newPool(t, Config{Ranges: []Range{span("fd00::", "fd00::ffff:ffff:ffff:ffff")}, MaxLeases: 3})
	for i := range 100 {
		identity := fmt.Sprint(i)
		p.Release(start(), identity, acquire(t, p, identity, ip(fmt.Sprintf("fd00::1:%d", i))))
	}
	if l := p.Leases(); len(l) != 3 {
		t.Errorf("%d leases", len(l))
	}
	for i := range 3 {
		acquire(t, p, fmt.Sprint("online", i))
	}
	if _, err := p.Acquire(start(), Request{Identity: "fourth"}); !errors.Is(err, ErrExhausted) {
		t.Errorf("got %v", err)
	}
}

func TestRangesInTurn(t *testing.T) {
	p := newPool(t, Config{Ranges: []Range{span("10.0.0.1", "10.0.0.2"), span("10.9.0.1", "10.9.0.1"), span("255.255.255.255", "255.255.255.255")}})
	for i, want := range []string{"10.0.0.1", "10.0.0.2", "10.9.0.1", "255.255.255.255"} {
		if got := acquire(t, p, fmt.Sprint(i)); got != ip(want) {
			t.Errorf("%d got %v, want %s", i, got, want)
		}
	}
	if _, err := p.Acquire(start(), Request{Identity: "x"}); !errors.Is(err, ErrExhausted) {
		t.Errorf("got %v", err)
	}
}

func TestSize(t *testing.T) {
	for _, tt := range []struct {
		ranges, exclude []Range
		want            string
	}{
		{ten(), nil, "10"},
		{ten(), []Range{span("10.0.0.3", "10.0.0.4"), span("10.0.0.4", "10.0.0.5"), span("10.0.0.10", "10.0.0.99")}, "6"},
		{[]Range{span("10.0.0.1", "10.0.0.10"), span("10.0.0.5", "10.0.0.20")}, nil, "20"},
		{[]Range{span("10.0.0.1", "10.0.0.10"), span("10.0.0.5", "10.0.0.6")}, nil, "10"},
		{ten(), []Range{span("10.0.0.1", "10.0.0.10")}, "0"},
		{[]Range{span("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")}, nil, "340282366920938463463374607431768211456"},
	} {
		if got := newPool(t, Config{Ranges: tt.ranges, Exclude: tt.exclude}).Size().String(); got != tt.want {
			t.Errorf("%v without %v: %s, want %s", tt.ranges, tt.exclude, got, tt.want)
		}
	}
}

func TestReconfigure(t *testing.T) {
	p := newPool(t, Config{Ranges: ten(), Static: map[string]netip.Addr{"former": ip("10.0.0.9")}})
	online, outside := acquire(t, p, "carol", ip("10.0.0.2")), acquire(t, p, "dave", ip("10.0.0.8"))
	gone := acquire(t, p, "erin", ip("10.0.0.7"))
	kept := acquire(t, p, "frank", ip("10.0.0.3"))
	former := acquire(t, p, "former")
	p.Release(start(), "erin", gone)
	p.Release(start().Add(time.Hour), "frank", kept)
	p.Release(start(), "former", former)

	if err := p.Reconfigure(Config{}); err == nil {
		t.Error("a pool without addresses was accepted")
	}
	err := p.Reconfigure(Config{Ranges: []Range{span("10.0.0.1", "10.0.0.4"), span("10.0.0.9", "10.0.0.9")},
		Static: map[string]netip.Addr{"new": ip("10.0.0.2")}})
	if err != nil {
		t.Fatal(err)
	}
	if n, offline := p.Counts(); n != 2 || offline != 2 {
		t.Errorf("%d online, %d offline: %v", n, offline, p.Leases())
	}
	again := acquire(t, p, "dave", outside)
	if again == outside {
		t.Errorf("%v is not in the pool any more", again)
	}
	p.Release(start(), "dave", again)
	if got := acquire(t, p, "new"); got == online {
		t.Errorf("%v is carol's as long as she is online", got)
	}
	p.Release(start(), "carol", online)
	p.Release(start(), "dave", outside)
	if got := acquire(t, p, "new"); got != ip("10.0.0.2") {
		t.Errorf("got %v", got)
	}
	if got := acquire(t, p, "grace"); got != former {
		t.Errorf("grace got %v, %v was offline longest", got, former)
	}
	if got := acquire(t, p, "frank"); got != kept {
		t.Errorf("frank got %v, had %v", got, kept)
	}
}

// TestRandom does many things in many orders, and holds the pool against a simple account of who has what.
func TestRandom(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		p := newPool(t, Config{Ranges: []Range{span("10.0.0.1", "10.0.0.8")}, Exclude: []Range{span("10.0.0.4", "10.0.0.4")},
			Static: map[string]netip.Addr{"0": ip("10.0.0.1")}, MaxLeases: 6})
		users := map[netip.Addr]map[string]int{}
		now := start()
		for range 300 {
			now = now.Add(time.Second)
			identity, addr := fmt.Sprint(r.IntN(6)), netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(10))})
			if r.IntN(2) == 0 {
				p.Release(now, identity, addr)
				if users[addr][identity] > 0 {
					users[addr][identity]--
				}
			} else if l, err := p.Acquire(now, Request{Identity: identity, Want: []netip.Addr{addr}, Takeover: r.IntN(4) == 0}); err == nil {
				if users[l.Addr] == nil {
					users[l.Addr] = map[string]int{}
				}
				users[l.Addr][identity]++
			}
			holdAgainst(t, seed, p, users)
		}
	}
}

// holdAgainst compares a pool with who uses which address.
func holdAgainst(t *testing.T, seed uint64, p *Pool, users map[netip.Addr]map[string]int) {
	t.Helper()
	online := map[netip.Addr]string{}
	for _, l := range p.Leases() {
		if l.Online {
			online[l.Addr] = l.Identity
		}
		if l.Addr == ip("10.0.0.4") || (l.Addr == ip("10.0.0.1")) != (l.Identity == "0" && l.Static) {
			t.Fatalf("seed %d: %+v", seed, l)
		}
	}
	for addr, by := range users {
		for identity, n := range by {
			if n > 0 != (online[addr] == identity) {
				t.Fatalf("seed %d: %v is used by %v, the pool says %q", seed, addr, by, online[addr])
			}
		}
	}
	if n, offline := p.Counts(); n != len(online) || n+offline > 6+1 || p.offline.Len() > offline {
		t.Fatalf("seed %d: %d online, %d offline, %d in the list", seed, n, offline, p.offline.Len())
	}
}

func TestConcurrentUse(t *testing.T) {
	p := newPool(t, Config{Ranges: []Range{span("10.0.0.1", "10.0.3.255")}})
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for range 50 {
				l, err := p.Acquire(start(), Request{Identity: fmt.Sprint(i)})
				if err != nil {
					t.Error(err)
				}
				p.Leases()
				p.Release(start(), l.Identity, l.Addr)
			}
		})
	}
	all.Wait()
	if online, offline := p.Counts(); online != 0 || offline != 16 {
		t.Errorf("%d online, %d offline", online, offline)
	}
}
