package lease

import (
	"errors"
	"net/netip"
	"path/filepath"
	"testing"
	"time"
)

func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func span(first, last string) Range { return Range{ip(first), ip(last)} }

func newPool(t *testing.T, c Config) *Pool {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func acquire(t *testing.T, p *Pool, identity string, want ...netip.Addr) netip.Addr {
	t.Helper()
	l, err := p.Acquire(start(), Request{Identity: identity, Want: want})
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr
}

func TestAddressSurvivesReconnection(t *testing.T) {
	p := newPool(t, Config{Ranges: []Range{span("10.0.0.1", "10.0.0.9")}})
	first := acquire(t, p, "carol")
	acquire(t, p, "dave")
	p.Release(start(), "carol", first)
	if again := acquire(t, p, "carol"); again != first {
		t.Errorf("got %v, had %v", again, first)
	}
}

func TestSecondConnectionGetsAnotherAddress(t *testing.T) {
	p := newPool(t, Config{Ranges: []Range{span("10.0.0.1", "10.0.0.9")}})
	if a, b := acquire(t, p, "carol"), acquire(t, p, "carol"); a == b {
		t.Errorf("both got %v", a)
	}
}

func TestWishIsGrantedWhenFree(t *testing.T) {
	p := newPool(t, Config{Ranges: []Range{span("10.0.0.1", "10.0.0.9")}})
	if got := acquire(t, p, "carol", ip("10.0.0.7")); got != ip("10.0.0.7") {
		t.Errorf("carol got %v", got)
	}
	for _, unfit := range []netip.Addr{ip("10.0.0.7"), ip("10.9.9.9"), netip.IPv4Unspecified()} {
		if got := acquire(t, p, "dave", unfit); got == unfit {
			t.Errorf("dave got %v", got)
		}
	}
}

func TestExhaustedPoolTakesTheOldestOfflineAddress(t *testing.T) {
	p := newPool(t, Config{Ranges: []Range{span("10.0.0.1", "10.0.0.2")}})
	a, b := acquire(t, p, "a"), acquire(t, p, "b")
	if _, err := p.Acquire(start(), Request{Identity: "c"}); !errors.Is(err, ErrExhausted) {
		t.Fatalf("got %v", err)
	}
	p.Release(start(), "b", b)
	p.Release(start(), "a", a)
	if got := acquire(t, p, "c"); got != b {
		t.Errorf("got %v, %v was offline longer", got, b)
	}
	if got := acquire(t, p, "b"); got != a {
		t.Errorf("b got %v", got)
	}
}

func TestStaticAndExcludedAddressesAreKept(t *testing.T) {
	p := newPool(t, Config{
		Ranges: []Range{span("10.0.0.1", "10.0.0.5")}, Exclude: []Range{span("10.0.0.1", "10.0.0.2")},
		Static: map[string]netip.Addr{"carol": ip("10.0.0.3")},
	})
	if got := acquire(t, p, "dave"); got != ip("10.0.0.4") {
		t.Errorf("dave got %v", got)
	}
	if got := acquire(t, p, "carol"); got != ip("10.0.0.3") {
		t.Errorf("carol got %v", got)
	}
	if n := p.Size().Int64(); n != 3 {
		t.Errorf("size %d", n)
	}
}

func TestHugeExclusionIsCrossedAtOnce(t *testing.T) {
	p := newPool(t, Config{Ranges: []Range{span("fd00::", "fd00::ffff:ffff:ffff:ffff")}, Exclude: []Range{span("fd00::", "fd00::ffff:ffff:ffff:fff0")}})
	if got := acquire(t, p, "carol"); got != ip("fd00::ffff:ffff:ffff:fff1") {
		t.Errorf("got %v", got)
	}
}

func TestReleaseByAnotherIdentityIsIgnored(t *testing.T) {
	p := newPool(t, Config{Ranges: []Range{span("10.0.0.1", "10.0.0.1")}})
	a := acquire(t, p, "carol")
	p.Release(start(), "dave", a)
	if _, err := p.Acquire(start(), Request{Identity: "dave"}); !errors.Is(err, ErrExhausted) {
		t.Errorf("got %v", err)
	}
}

func TestPoolRefusesNonsense(t *testing.T) {
	for _, c := range []Config{
		{}, {Ranges: []Range{span("10.0.0.2", "10.0.0.1")}}, {Ranges: []Range{span("10.0.0.1", "fd00::")}}, {Ranges: []Range{{}}},
		{Ranges: []Range{span("10.0.0.1", "10.0.0.2"), span("fd00::1", "fd00::2")}},
		{Ranges: []Range{span("10.0.0.1", "10.0.0.2")}, Exclude: []Range{span("fd00::1", "fd00::2")}},
		{Ranges: []Range{span("10.0.0.1", "10.0.0.2")}, Exclude: []Range{{}}},
		{Ranges: []Range{span("10.0.0.1", "10.0.0.2")}, Static: map[string]netip.Addr{"a": ip("10.0.0.1"), "b": ip("10.0.0.1")}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%v was accepted", c)
		}
	}
}

// What is forgotten is as if it had never been leased; what is in use stays.
func TestForgottenLeaseIsAnybodys(t *testing.T) {
	file, err := OpenFile(filepath.Join(t.TempDir(), "leases"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	config := Config{Name: "p", Ranges: []Range{{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")}}, Store: file}
	p, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got, err := p.Acquire(now, Request{Identity: "carol"})
	if err != nil {
		t.Fatal(err)
	}
	if known, online := p.Forget(got.Addr); !known || !online {
		t.Errorf("in use: %v, %v", known, online)
	}
	p.Release(now, "carol", got.Addr)
	if known, online := p.Forget(got.Addr); !known || online {
		t.Errorf("not in use: %v, %v", known, online)
	}
	if known, _ := p.Forget(got.Addr); known || len(p.Leases()) > 0 {
		t.Errorf("it is still there: %v", p.Leases())
	}
	if left, err := file.Load("p"); len(left) > 0 || err != nil {
		t.Errorf("in the store: %v, %v", left, err)
	}
	if again, err := p.Acquire(now, Request{Identity: "dave"}); err != nil || again.Addr != got.Addr {
		t.Errorf("dave got %v, %v", again, err)
	}
}
