package user

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

func nullCipher() suite.ESP {
	return suite.ESP{
		ENCR:  wire.Transform{Type: wire.TransformENCR, ID: wire.EncrNull},
		INTEG: wire.Transform{Type: wire.TransformINTEG, ID: wire.IntegHMACSHA256_128},
	}
}

var _ dataplane.Backend = (*Backend)(nil)

func TestSPIsAreUniqueAndLarge(t *testing.T) {
	s := newBench(t)
	seen := make(map[uint32]bool)
	for range 5000 {
		spi, err := s.AllocateSPI(0)
		if err != nil || spi <= 255 || seen[spi] {
			t.Fatalf("SPI %08x, %v, seen %v", spi, err, seen[spi])
		}
		seen[spi] = true
		if len(seen)%2 == 0 {
			s.ReleaseSPI(spi)
			delete(seen, spi)
		}
	}
}

func TestIndexesRestBeforeTheyAreUsedAgain(t *testing.T) {
	s := newBench(t)
	first, _ := s.AllocateSPI(0)
	s.ReleaseSPI(first)
	s.ReleaseSPI(first) // once more does no harm
	for i := range restingIndexes * 3 {
		spi, err := s.AllocateSPI(0)
		if err != nil {
			t.Fatal(err)
		}
		if spi&(maxSAs-1) == first&(maxSAs-1) && i < restingIndexes-1 {
			t.Fatalf("index of %08x was used again after %d others", first, i)
		}
		s.ReleaseSPI(spi)
	}
	if s.sad.next > 2*restingIndexes {
		t.Errorf("%d indexes for one SPI at a time", s.sad.next)
	}
}

func TestSPIsRunOut(t *testing.T) {
	s := newBench(t)
	s.sad.next = maxSAs - 1
	if _, err := s.AllocateSPI(0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AllocateSPI(0); !errors.Is(err, errFull) {
		t.Errorf("got %v, want errFull", err)
	}
	s.rand = bytes.NewReader(nil)
	if _, err := s.AllocateSPI(0); err == nil {
		t.Error("an SPI without randomness")
	}
}

func TestInstallRefuses(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi, _ := s.AllocateSPI(0)
	short := sa(dataplane.Inbound, spi, 1)
	short.EncrKey = short.EncrKey[:3]
	s.install(sa(dataplane.Outbound, 0x1000, 1))
	in := sa(dataplane.Inbound, spi, 1)
	tests := []struct {
		name string
		sa   dataplane.SA
		want error
	}{
		{"an SPI nobody allocated", sa(dataplane.Inbound, spi+1<<20, 1), dataplane.ErrNotAllocated},
		{"an unknown policy", sa(dataplane.Outbound, 0x1001, 9), dataplane.ErrNoPolicy},
		{"keys that do not fit", short, esp.ErrCipher},
		{"nothing", in, nil},
		{"an SPI in use", in, dataplane.ErrNotAllocated},
	}
	for _, tt := range tests {
		if err := s.Install(tt.sa); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	shortOut := sa(dataplane.Outbound, 0x1002, 1)
	shortOut.EncrKey = nil
	if err := s.Install(shortOut); !errors.Is(err, esp.ErrCipher) {
		t.Errorf("outbound keys that do not fit: %v", err)
	}
	s.ReleaseSPI(spi) // refused, as an SA uses it
	if s.sad.find(spi) == nil || !s.sad.spis[spi] {
		t.Error("an SPI in use was released")
	}
}

func TestRemovingWhatIsNotThere(t *testing.T) {
	s := newBench(t)
	for _, d := range []dataplane.Direction{dataplane.Inbound, dataplane.Outbound} {
		if c, err := s.Remove(d, 0x12345678, 1); err != nil || c != (dataplane.Counters{}) {
			t.Errorf("Remove: %+v, %v", c, err)
		}
		if _, err := s.Query(d, 0x12345678, 1); !errors.Is(err, dataplane.ErrNoSA) {
			t.Errorf("Query: %v", err)
		}
	}
	if err := s.RemovePolicy(9); err != nil {
		t.Errorf("RemovePolicy: %v", err)
	}
}

func TestRemoveReturnsTheLastCounters(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, nil)
	s.HandleESP(s.sealed(datagram(1, 10), datagram(2, 10)))
	for _, d := range []dataplane.Direction{dataplane.Inbound, dataplane.Outbound} {
		c, err := s.Remove(d, spi, 1)
		if err != nil || c.Packets != 2 || c.Bytes != 2*38 || c.Sequence != 2 || c.LastUse == 0 {
			t.Errorf("direction %d: %+v, %v", d, c, err)
		}
	}
	if len(s.remotes.hosts) != 0 || len(s.sad.spis) != 0 {
		t.Errorf("left: %d hosts, %d SPIs", len(s.remotes.hosts), len(s.sad.spis))
	}
}

func TestPolicyWithSAsIsNotRemoved(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, nil)
	if err := s.RemovePolicy(1); !errors.Is(err, dataplane.ErrBusy) {
		t.Errorf("got %v, want dataplane.ErrBusy", err)
	}
	s.Remove(dataplane.Outbound, spi, 1)
	if err := s.RemovePolicy(1); err != nil {
		t.Error(err)
	}
}

func TestReqidStaysWhenAPolicyTakesThePlaceOfAnother(t *testing.T) {
	s := newBench(t)
	named := func(p *dataplane.Policy) { p.Name = "office/net" }
	s.protect(1, named)
	s.protect(2, named)
	want := s.ReqID(1)
	if err := s.RemovePolicy(1); err != nil {
		t.Fatal(err)
	}
	if want != 1 || s.ReqID(2) != want || s.ReqID(1) != 0 {
		t.Errorf("reqid %d became %d", want, s.ReqID(2))
	}
}

func TestReplacedPolicyKeepsItsSAs(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	s.protect(1, func(p *dataplane.Policy) { p.Remote = []spd.Selector{spd.Host(ip("10.2.0.1"))} })
	if got := segments(s.sealed(datagram(1, 10))); got != 1 {
		t.Errorf("%d packets were sealed, want 1", got)
	}
}

func TestPolicyThatTheHostRefusesIsNotThere(t *testing.T) {
	s := newBench(t)
	s.plumber.err = errors.New("refused")
	refused := dataplane.Policy{ID: 1, Action: spd.Protect, Local: []spd.Selector{spd.Host(ip("10.1.0.1"))}, Remote: []spd.Selector{spd.Host(ip("10.2.0.1"))}}
	if err := s.SetPolicy(refused); !errors.Is(err, s.plumber.err) {
		t.Errorf("got %v", err)
	}
	if s.known[1] != nil || s.policies.Load().Len() != 0 {
		t.Error("the policy is there")
	}
	s.plumber.err = nil
	s.protect(1, nil)
	s.plumber.err = errors.New("refused")
	if err := s.SetPolicy(refused); err == nil {
		t.Error("no error")
	}
	if got := s.known[1].spec.Name; got != "bench" {
		t.Errorf("policy %q, want the one before", got)
	}
	if err := s.SetPolicy(dataplane.Policy{ID: 2}); !errors.Is(err, spd.ErrSelectors) {
		t.Errorf("policy without selectors: %v", err)
	}
}

func TestCloseIsFinal(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	b := s.sealed(datagram(1, 10))
	go s.tx.run()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("second Close: %v", err)
	}
	s.HandleESP(b)
	s.expect(0, nil)
	s.dropped(nil) // not even looked at
	if !s.device.closed {
		t.Error("the device is open")
	}
	if got := s.Warnings(); len(got) != 1 {
		t.Errorf("warnings %v", got)
	}
}

func TestCloseEndsAFlood(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	s.network.discard, s.device.flood = true, true
	s.device.put(datagram(1, 10))
	go s.tx.run()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestControlWhileTrafficFlows is for the race detector: SAs come and go while both workers are busy.
func TestControlWhileTrafficFlows(t *testing.T) {
	s := newBench(t)
	s.network.discard, s.device.discard = true, true
	s.now = time.Now
	s.protect(1, nil)
	s.loop(1, nil)
	b := s.sealed(datagram(1, 10))
	s.SetNotices(func(dataplane.Notice) {})
	stop := make(chan struct{})
	var workers sync.WaitGroup
	for _, work := range []func(){
		func() { s.device.in = append(s.device.in[:0], superPacket(20000, 1000)); s.run() },
		func() { s.HandleESP(b) },
		func() { s.HandleMTU(ip("192.0.2.2"), 1400); s.Drops() },
	} {
		workers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					work()
				}
			}
		})
	}
	for range 200 {
		spi := s.loop(1, nil)
		s.Update(spi, spi, forth())
		s.Query(dataplane.Inbound, spi, 1)
		s.Query(dataplane.Outbound, spi, 1)
		s.Remove(dataplane.Outbound, spi, 1)
		s.Remove(dataplane.Inbound, spi, 1)
		s.protect(1, nil)
	}
	close(stop)
	workers.Wait()
}

func TestEpochWaitsForTheBatch(t *testing.T) {
	var e epoch
	ran := make(chan bool, 2)
	after(func() { ran <- true }, []*epoch{&e, new(epoch)})
	if !<-ran {
		t.Fatal("not run at once between batches")
	}
	e.enter()
	after(func() { ran <- true }, []*epoch{new(epoch), &e})
	select {
	case <-ran:
		t.Fatal("run in the middle of a batch")
	default:
	}
	e.leave()
	if !<-ran {
		t.Fatal("not run after the batch")
	}
	e.wait()
}
