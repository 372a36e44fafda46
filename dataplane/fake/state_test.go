package fake

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"

	"culvert/dataplane"
	"culvert/spd"
)

func TestNothingIsLeftBehind(t *testing.T) {
	n := newTunnel(t)
	toB, toA := n.up(t)
	if err := errors.Join(n.a.Check(), n.b.Check()); err != nil {
		t.Errorf("while up: %v", err)
	}
	if got, want := n.a.Census(), (Census{SPIs: 1, Inbound: 1, Outbound: 1, Policies: 1}); got != want {
		t.Errorf("while up: %+v", got)
	}
	for _, s := range []*side{n.a, n.b} {
		in, out := toA, toB
		if s == n.b {
			in, out = toB, toA
		}
		for range 2 { // the second time there is nothing to remove
			if _, err := s.Remove(dataplane.Outbound, out, child); err != nil {
				t.Error(err)
			}
			if _, err := s.Remove(dataplane.Inbound, in, child); err != nil {
				t.Error(err)
			}
			if err := s.RemovePolicy(child); err != nil {
				t.Error(err)
			}
		}
		if got := s.Census(); got != (Census{}) || s.Check() != nil {
			t.Errorf("left behind: %+v, %v", got, s.Check())
		}
	}
}

func TestCheckFindsWhatIsLeftBehind(t *testing.T) {
	n := newTunnel(t)
	if _, err := n.a.AllocateSPI(0); err != nil {
		t.Fatal(err)
	}
	spi := install(t, n.b, n.a, plain)
	wantInCheck(t, n.a, "is allocated and has no SA", fmt.Sprintf("(office/net): inbound SAs [%08x], outbound SAs []", spi))
	if err := n.a.RemovePolicy(child); err != nil {
		t.Fatal(err)
	}
	wantInCheck(t, n.a, fmt.Sprintf("inbound SA %08x: its policy 7 is gone", spi))
	wantInCheck(t, n.b, "inbound SAs [], outbound SAs [")
}

func wantInCheck(t testing.TB, s *side, texts ...string) {
	t.Helper()
	err := s.Check()
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want %q", err, text)
		}
	}
}

func TestChildrenAreInOrder(t *testing.T) {
	n := newTunnel(t)
	var toB, toA []uint32
	for range 3 {
		b, a := n.up(t)
		toB, toA = append(toB, b), append(toA, a)
	}
	other := policyOf(true)
	other.ID = 3
	if err := n.a.SetPolicy(other); err != nil {
		t.Fatal(err)
	}
	children := n.a.Children()
	if len(children) != 2 || children[0].Policy.ID != 3 || children[1].Policy.ID != child {
		t.Fatalf("children %+v", children)
	}
	got := children[1]
	if fmt.Sprint(got.Outbound) != fmt.Sprint(toB) || len(got.Inbound) != 3 || got.Inbound[0] > got.Inbound[1] || got.Inbound[1] > got.Inbound[2] {
		t.Errorf("outbound %x, inbound %x, want %x and %x", got.Outbound, got.Inbound, toB, toA)
	}
}

func TestErrorsOfTheBackend(t *testing.T) {
	n := newTunnel(t)
	toB, toA := n.up(t)
	outbound := dataplane.SA{Direction: dataplane.Outbound, SPI: 1000, Policy: child, Transforms: gcm(), EncrKey: key(1)}
	inbound := outbound
	inbound.Direction = dataplane.Inbound
	change := func(sa dataplane.SA, f func(*dataplane.SA)) dataplane.SA { f(&sa); return sa }
	fresh, _ := n.a.AllocateSPI(0)
	tests := []struct {
		name string
		err  error
		want error // nil: any
	}{
		{"SPI never allocated", n.a.Install(inbound), dataplane.ErrNotAllocated},
		{"SPI in use", n.a.Install(change(inbound, func(sa *dataplane.SA) { sa.SPI = toA })), dataplane.ErrNotAllocated},
		{"no policy", n.a.Install(change(outbound, func(sa *dataplane.SA) { sa.Policy = 99 })), dataplane.ErrNoPolicy},
		{"wrong key length", n.a.Install(change(outbound, func(sa *dataplane.SA) { sa.EncrKey = nil })), nil},
		{"wrong key length inbound", n.a.Install(change(inbound, func(sa *dataplane.SA) { sa.SPI, sa.EncrKey = fresh, nil })), nil},
		{"update of no inbound SA", n.a.Update(1, toB, dataplane.Path{}), dataplane.ErrNoSA},
		{"update of no outbound SA", n.a.Update(toA, 1, dataplane.Path{}), dataplane.ErrNoSA},
		{"policy with SAs", n.a.RemovePolicy(child), dataplane.ErrBusy},
		{"policy without selectors", n.a.SetPolicy(dataplane.Policy{ID: 5}), spd.ErrSelectors},
		{"query of no inbound SA", second(n.a.Query(dataplane.Inbound, 1, child)), dataplane.ErrNoSA},
		{"query of no outbound SA", second(n.a.Query(dataplane.Outbound, 1, child)), dataplane.ErrNoSA},
		{"query of no policy", second(n.a.Query(dataplane.Outbound, toB, 99)), dataplane.ErrNoSA},
	}
	for _, tt := range tests {
		if tt.err == nil || tt.want != nil && !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, tt.err, tt.want)
		}
	}
}

func second(_ dataplane.Counters, err error) error { return err }

func TestSPIsAreUniqueAndNotReserved(t *testing.T) {
	// Randomness that repeats itself, and gives reserved SPIs at first.
	source := bytes.NewReader([]byte{0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1})
	b := New(source, epoch, Hooks{})
	first, err := b.AllocateSPI(0)
	if err != nil || first != 256 {
		t.Errorf("first %d, %v", first, err)
	}
	next, err := b.AllocateSPI(0)
	if err != nil || next != 257 {
		t.Errorf("second %d, %v", next, err)
	}
	if _, err := b.AllocateSPI(0); err == nil {
		t.Error("an SPI without randomness")
	}
	b.ReleaseSPI(first)
	b.ReleaseSPI(12345)
	if got := b.Census(); got != (Census{SPIs: 1}) {
		t.Errorf("census %+v", got)
	}
	same := New(zero{}, epoch, Hooks{})
	if _, err := same.AllocateSPI(0); err == nil {
		t.Error("a reserved SPI is allocated")
	}
}

// zero is randomness that is none.
type zero struct{}

func (zero) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestReleaseDoesNotTakeAnSAAway(t *testing.T) {
	n := newTunnel(t)
	spi := install(t, n.a, n.b, plain)
	n.b.ReleaseSPI(spi)
	wantDrop(t, n.a.Inject(aToB()), 0)
	if len(n.b.delivered) != 1 {
		t.Error("the SA is gone")
	}
}

func TestReplacedPolicyKeepsItsSAs(t *testing.T) {
	n := newTunnel(t)
	n.up(t)
	p := policyOf(true)
	p.Priority = 9
	if err := n.a.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	wantDrop(t, n.a.Inject(aToB()), 0)
	if c := n.a.Children(); len(c) != 1 || c[0].Policy.Priority != 9 || len(c[0].Outbound) != 1 {
		t.Errorf("children %+v", c)
	}
}

func TestCloseEmptiesAndClears(t *testing.T) {
	n := newTunnel(t)
	k := key(1)
	install(t, n.a, n.b, plain)
	if err := n.a.Install(dataplane.SA{Direction: dataplane.Outbound, SPI: 999, Policy: child, Transforms: gcm(), EncrKey: k}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.a.AllocateSPI(0); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(n.a.Close(), n.b.Close()); err != nil {
		t.Fatal(err)
	}
	if n.a.Census() != (Census{}) || n.b.Census() != (Census{}) || !bytes.Equal(k, make([]byte, 20)) {
		t.Errorf("left: %+v, %+v, key %x", n.a.Census(), n.b.Census(), k)
	}
}

func TestHooksMayBeNil(t *testing.T) {
	b := New(rand.NewChaCha8([32]byte{3}), epoch, Hooks{})
	p := policyOf(true)
	if err := b.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	if err := b.Install(dataplane.SA{Direction: dataplane.Outbound, SPI: 999, Policy: child, Transforms: gcm(), EncrKey: key(1)}); err != nil {
		t.Fatal(err)
	}
	wantDrop(t, b.Inject(aToB()), 0)
	p.ID, p.Priority, p.Action = 8, 1, spd.Bypass
	if err := b.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	wantDrop(t, b.Inject(aToB()), 0)
	wantDrop(t, b.ReceiveClear(bToA()), 0)
}

func TestBackendIsSafeForConcurrentUse(t *testing.T) {
	n := newTunnel(t)
	n.up(t)
	n.a.hooks.Send = func(path dataplane.Path, pkt []byte) { n.b.Receive(path, pkt) }
	n.b.hooks.Deliver = nil
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				n.a.Inject(aToB())
				spi, err := n.a.AllocateSPI(0)
				if err != nil {
					t.Error(err)
				}
				n.a.ReleaseSPI(spi)
				n.b.Check()
				n.b.Census()
				n.a.Drops()
			}
		})
	}
	all.Wait()
	if got := n.b.Traffic(); got.Delivered+got.Dropped != 200 || n.a.Census().SPIs != 1 {
		t.Errorf("traffic %+v, census %+v", got, n.a.Census())
	}
}

// TestManySAs holds the memory of idle SAs down: simulations run 100 000 IKE SAs, each with such a pair at either end.
func TestManySAs(t *testing.T) {
	const pairs = 20_000
	b := New(rand.NewChaCha8([32]byte{4}), epoch, Hooks{})
	local := network(1)
	before := heap()
	for n := range pairs {
		host := netip.AddrFrom4([4]byte{100, byte(n >> 16), byte(n >> 8), byte(n)})
		p := dataplane.Policy{ID: dataplane.PolicyID(n + 1), Action: spd.Protect, Local: local, Remote: []spd.Selector{spd.Host(host)}}
		if err := b.SetPolicy(p); err != nil {
			t.Fatal(err)
		}
		spi, err := b.AllocateSPI(0)
		if err != nil {
			t.Fatal(err)
		}
		sa := dataplane.SA{Direction: dataplane.Inbound, SPI: spi, Policy: p.ID, Transforms: gcm(), EncrKey: key(spi), ReplayWindow: 1024, Local: p.Local, Remote: p.Remote}
		errIn := b.Install(sa)
		sa.Direction, sa.EncrKey = dataplane.Outbound, key(spi)
		if err := errors.Join(errIn, b.Install(sa)); err != nil {
			t.Fatal(err)
		}
	}
	each := (heap() - before) / pairs
	t.Logf("%d octets for an idle pair of SAs with its policy", each)
	if each > 4096 {
		t.Errorf("%d octets for an idle pair of SAs", each)
	}
	runtime.KeepAlive(b)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkTunnel(b *testing.B) {
	n := newTunnel(b)
	n.up(b)
	n.a.hooks.Send = func(path dataplane.Path, pkt []byte) { n.b.Receive(path, pkt) }
	n.b.hooks.Deliver = nil
	pkt := aToB()
	b.ReportAllocs()
	for b.Loop() {
		if err := n.a.Inject(pkt); err != nil {
			b.Fatal(err)
		}
	}
}

func TestFirstPacketIsToldOnce(t *testing.T) {
	n := newTunnel(t)
	spi := install(t, n.a, n.b, plain)
	for range 3 {
		wantDrop(t, n.a.Inject(aToB()), 0)
	}
	if len(n.b.first) != 1 || n.b.first[0] != spi {
		t.Errorf("told %x, want %x once", n.b.first, spi)
	}
}
