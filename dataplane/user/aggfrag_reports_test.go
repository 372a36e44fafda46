package user

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"culvert/dataplane"
	"culvert/esp"
)

func controlled() dataplane.AggFrag {
	how := fixed()
	how.Sending, how.Reports, how.Rate = dataplane.SendControlled, true, 600*8*1000
	return how
}

// carry lets packets travel round for a time, but for every lossy-th; 0 is none.
func (s *bench) carry(p *pump, d time.Duration, lossy int) {
	s.t.Helper()
	sent := 0
	for range d / (10 * time.Millisecond) {
		s.beats(p, 10*time.Millisecond)
		for _, burst := range s.network.take() {
			for pkt, ok := burst.Next(); ok; pkt, ok = burst.Next() {
				if sent++; lossy == 0 || sent%lossy > 0 {
					s.HandleESP([]dataplane.Burst{{Path: burst.Path, Data: pkt}})
				}
			}
		}
	}
}

func TestControlledRateFollowsThePath(t *testing.T) {
	s, p := pumping(t, controlled())
	s.carry(p, 10*time.Second, 0)
	if p.rate != 1000 {
		t.Errorf("%v packets per second without loss, 1000 are allowed", p.rate)
	}
	s.carry(p, 20*time.Second, 10)
	slow := p.rate
	if slow > 300 {
		t.Errorf("%v packets per second with one of ten lost", slow)
	}
	if c := p.traffic(); c.Loss < 0.05 || c.Loss > 0.2 || c.RTT == 0 || c.Rate != slow {
		t.Errorf("%+v", c)
	}
	s.beats(p, time.Minute)
	if p.rate >= slow {
		t.Errorf("%v packets per second without reports, %v before", p.rate, slow)
	}
}

func TestBreakerStopsTheSA(t *testing.T) {
	how := fixed()
	how.Reports, how.BreakerLoss, how.BreakerTime = true, 0.2, 2*time.Second
	s, p := pumping(t, how)
	s.carry(p, 5*time.Second, 0)
	if p.traffic().Tripped {
		t.Fatal("tripped without loss")
	}
	for range 1000 {
		s.clock = s.clock.Add(10 * time.Millisecond)
		if !p.beat(s.clock) {
			break
		}
		for i, b := range s.network.take() {
			if p.out.esp.Sequence()%3 > 0 || i > 0 {
				s.HandleESP([]dataplane.Burst{b})
			}
		}
	}
	if n := s.noticed(dataplane.NoticeBreaker); len(n) != 1 || n[0].SPI != p.out.spi || n[0].Policy != 1 || !p.traffic().Tripped {
		t.Errorf("notices %+v, %+v", n, p.traffic())
	}
	if p.add(datagram(1, 10), s.clock) {
		t.Error("packets are still queued")
	}
}

func asNeeded() dataplane.AggFrag {
	how := fixed()
	how.Sending, how.Rate, how.MaxAggregationTime = dataplane.SendAsNeeded, 0, 5*time.Millisecond
	return how
}

func TestAsNeededAggregates(t *testing.T) {
	s, p := pumping(t, asNeeded())
	if wait, more := p.relieve(s.clock); wait != idle || !more || len(s.network.bursts) != 0 {
		t.Errorf("idle: waits %v, sends %d", wait, len(s.network.bursts))
	}
	for i := range 4 {
		s.device.put(datagram(byte(i), 40))
	}
	s.run()
	if wait, _ := p.relieve(s.clock); wait != 5*time.Millisecond || len(s.network.bursts) != 0 {
		t.Errorf("four small packets: waits %v, sends %d", wait, len(s.network.bursts))
	}
	s.clock = s.clock.Add(5 * time.Millisecond)
	p.relieve(s.clock)
	sent := s.network.bursts
	if len(sent) != 1 || sent[0].Count() != 1 || len(sent[0].Data) > 4*68+60 {
		t.Errorf("%d bursts", len(sent))
	}
	if got := s.receive(); len(got) != 4 {
		t.Errorf("%d packets came", len(got))
	}
	for range 20 {
		s.device.put(datagram(9, 400))
	}
	s.run()
	if wait, _ := p.relieve(s.clock); wait != 5*time.Millisecond {
		t.Errorf("waits %v for the rest", wait)
	}
	s.clock = s.clock.Add(5 * time.Millisecond)
	p.relieve(s.clock)
	if got := s.receive(); len(got) != 20 {
		t.Errorf("%d packets came", len(got))
	}
}

// Whoever receives reports once in a round trip, though it has nothing to send, and not without receiving.
func TestAsNeededReports(t *testing.T) {
	how := asNeeded()
	how.Reports, how.MaxAggregationTime = true, 0
	s, p := pumping(t, how)
	s.device.put(datagram(1, 40))
	s.run()
	p.relieve(s.clock)
	s.receive()
	if wait, _ := p.relieve(s.clock); wait <= 0 || wait > reportEvery || len(s.network.bursts) != 0 {
		t.Errorf("waits %v, sent %d", wait, len(s.network.bursts))
	}
	s.clock = s.clock.Add(reportEvery)
	p.relieve(s.clock)
	if sent := s.network.bursts; len(sent) != 1 || p.count.AllPad != 1 {
		t.Errorf("%d reports, %d of padding", len(sent), p.count.AllPad)
	}
	p.relieve(s.clock.Add(time.Hour))
	if len(s.network.bursts) != 1 {
		t.Error("reports without end")
	}
}

func TestPumpDoesNotAllocate(t *testing.T) {
	for _, how := range []dataplane.AggFrag{fixed(), controlled()} {
		s, p := pumping(t, how)
		s.network.discard = true
		s.beats(p, time.Second)
		pkt := datagram(1, 300)
		if n := testing.AllocsPerRun(500, func() {
			s.clock = s.clock.Add(10 * time.Millisecond)
			p.add(pkt, s.clock)
			p.beat(s.clock)
		}); n != 0 {
			t.Errorf("%v: %v allocations", how.Sending, n)
		}
	}
}

func TestGatheringDoesNotAllocate(t *testing.T) {
	s, p := pumping(t, fixed())
	s.device.discard = true
	const n = 600
	for i := range n {
		p.add(datagram(byte(i), 400), s.clock)
	}
	s.beats(p, n*10*time.Millisecond)
	sent := s.network.take()
	i := 0
	if a := testing.AllocsPerRun(400, func() {
		s.HandleESP(sent[i : i+1])
		i++
	}); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

// quietNetwork counts packets from any goroutine.
type quietNetwork struct {
	mu      sync.Mutex
	packets int
	sizes   map[int]bool
}

func (n *quietNetwork) Sender(int) dataplane.Sender { return n }

func (n *quietNetwork) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.packets
}

func (n *quietNetwork) SendESP(bursts []dataplane.Burst) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, b := range bursts {
		n.packets += b.Count()
		n.sizes[b.Segment] = true
	}
}

func TestRunningPumpEndsWithItsSA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &quietNetwork{sizes: map[int]bool{}}
		s := newBench(t)
		s.Backend.network, s.Backend.now, s.Backend.running = n, time.Now, true
		s.protect(1, nil)
		how := asNeeded()
		how.MaxAggregationTime = 50 * time.Millisecond
		spi := s.loop(1, tfs(how))
		p := s.known[1].outs[0].pump
		synctest.Wait()
		p.add(datagram(1, 40), time.Now())
		time.Sleep(40 * time.Millisecond)
		synctest.Wait()
		if n.count() != 0 {
			t.Error("sent before it was time")
		}
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		if n.count() != 1 {
			t.Errorf("%d packets", n.count())
		}
		if _, err := s.Remove(dataplane.Outbound, spi, 1); err != nil {
			t.Fatal(err)
		}
		<-p.done
	})
}

func TestCoverFillsUp(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, func(sa *dataplane.SA) { sa.Cover, sa.TFC = 10, 300 })
	c := s.known[1].outs[0].cover
	second := func() (packets int, sizes map[int]bool) {
		sizes = map[int]bool{}
		for range 1000 {
			s.clock = s.clock.Add(time.Millisecond)
			if !c.beat(s.clock) {
				t.Fatal("the cover has ended")
			}
		}
		for _, b := range s.network.bursts {
			packets += b.Count()
			sizes[b.Segment] = true
		}
		s.HandleESP(s.network.take())
		return packets, sizes
	}
	if n, sizes := second(); n != 10 || len(sizes) != 1 {
		t.Errorf("%d dummies of sizes %v, want 10 of one", n, sizes)
	}
	for range 7 {
		s.device.put(datagram(1, 100))
	}
	s.run()
	if n, sizes := second(); n < 16 || n > 17 || len(sizes) != 1 {
		t.Errorf("%d packets of sizes %v with traffic", n, sizes)
	}
	if len(s.device.out) != 7 {
		t.Errorf("%d packets came", len(s.device.out))
	}
	if d := s.Drops(); d[esp.ErrDummy] < 19 {
		t.Errorf("%d dummies came", d[esp.ErrDummy])
	}
	if out, _ := s.Query(dataplane.Outbound, spi, 1); out.Sequence < 26 {
		t.Errorf("%+v", out)
	}
}

func TestDummiesOfAnyLength(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, func(sa *dataplane.SA) { sa.Cover = 100 })
	c := s.known[1].outs[0].cover
	for range 100 {
		s.clock = s.clock.Add(10 * time.Millisecond)
		c.beat(s.clock)
	}
	sizes := map[int]bool{}
	for _, b := range s.network.bursts {
		sizes[b.Segment] = true
		if b.Segment > mostDummy+60 {
			t.Errorf("a dummy of %d octets", b.Segment)
		}
	}
	if len(sizes) < 20 {
		t.Errorf("%d sizes", len(sizes))
	}
}
