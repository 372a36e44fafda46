package user

import (
	"encoding/binary"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"

	"culvert/dataplane"
	"culvert/dataplane/user/offload"
	"culvert/dataplane/user/tun"
	"culvert/spd"
)

// spiOf sends a packet by a worker and returns the SPI under which it leaves, 0 if it does not.
func (s *bench) spiOf(worker int) uint32 {
	s.t.Helper()
	s.device.put(datagram(0, 1))
	for s.workers[worker].tx.step() {
	}
	b := s.network.take()
	if len(b) == 0 {
		return 0
	}
	return binary.BigEndian.Uint32(b[0].Data)
}

func TestWorkersUseSAsOfTheirOwn(t *testing.T) {
	const workers = 3
	s := newBenchOf(t, workers)
	if s.Resources() != workers {
		t.Fatalf("%d resources", s.Resources())
	}
	s.protect(1, nil)
	bound := func(resource int) uint32 { return s.loop(1, func(a *dataplane.SA) { a.Resource = resource }) }
	use := func(want ...uint32) {
		t.Helper()
		for i := range want {
			if got := s.spiOf(i); got != want[i] {
				t.Errorf("worker %d uses %08x, want %08x", i, got, want[i])
			}
		}
	}
	use(0, 0, 0)
	second := bound(2)
	use(second, second, second) // there is no other
	common := bound(0)
	use(common, second, common)
	third := bound(3)
	use(common, second, third)
	rekeyed := bound(2)
	use(common, rekeyed, third)
	s.Remove(dataplane.Outbound, common, 1)
	use(rekeyed, rekeyed, third)
	s.Remove(dataplane.Outbound, rekeyed, 1)
	use(third, second, third)
	s.Remove(dataplane.Outbound, second, 1)
	s.Remove(dataplane.Outbound, third, 1)
	use(0, 0, 0)
}

func TestWorkerAsksForAnSAOfItsOwn(t *testing.T) {
	s := newBenchOf(t, 2)
	s.protect(1, func(p *dataplane.Policy) { p.PerResource = true })
	common := s.loop(1, nil)
	asked := func(worker int) (resources []int) {
		t.Helper()
		if got := s.spiOf(worker); got != common {
			t.Errorf("worker %d uses %08x, want the common %08x", worker, got, common)
		}
		for _, n := range s.noticed(dataplane.NoticeAcquire) {
			if n.Policy != 1 || n.Packet.Destination != ip("10.2.0.1") {
				t.Errorf("notice %+v", n)
			}
			resources = append(resources, n.Resource)
		}
		return resources
	}
	if got := asked(1); !slices.Equal(got, []int{2}) {
		t.Errorf("the second worker asks for %v", got)
	}
	if got := asked(1); len(got) != 0 {
		t.Errorf("it asks again at once, for %v", got)
	}
	if got := asked(0); !slices.Equal(got, []int{1}) {
		t.Errorf("the first worker asks for %v", got)
	}
	s.clock = s.clock.Add(noticeEvery)
	if got := asked(1); !slices.Equal(got, []int{2}) {
		t.Errorf("a second later it asks for %v", got)
	}
	s.clock = s.clock.Add(noticeEvery)
	own := s.loop(1, func(a *dataplane.SA) { a.Resource = 2 })
	if got := s.spiOf(1); got != own {
		t.Errorf("SPI %08x, want its own, %08x", got, own)
	}
	if n := s.noticed(dataplane.NoticeAcquire); len(n) != 0 {
		t.Errorf("it asks for what it has: %+v", n)
	}
}

func TestSPINamesTheWorkerOfItsResource(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 8} {
		s := newBenchOf(t, workers)
		seen, of := make(map[uint32]bool), make([]int, workers)
		for i := range 5000 {
			resource := i % (workers + 1)
			spi, err := s.AllocateSPI(resource)
			if err != nil || seen[spi] || spi <= 255 {
				t.Fatalf("SPI %08x, %v, seen %v", spi, err, seen[spi])
			}
			seen[spi] = true
			worker := int(spi&0xff) % workers
			if steered := spi&dataplane.SteeredSPI != 0; steered != (resource > 0) {
				t.Fatalf("SPI %08x of resource %d", spi, resource)
			}
			if of[worker]++; resource > 0 && worker != resource-1 {
				t.Fatalf("SPI %08x of resource %d comes to worker %d of %d", spi, resource, worker, workers)
			}
			if i%3 == 0 {
				s.ReleaseSPI(spi)
				delete(seen, spi)
			}
		}
		if slices.Min(of) < slices.Max(of)*9/10 {
			t.Errorf("SAs of workers: %v", of)
		}
	}
}

// A spring is a device whose queues give one packet so many times, and then end.
type spring struct {
	fakeDevice
	packet []byte
	left   []int
}

func (d *spring) Read(queue int, b []byte) (int, error) {
	if d.left[queue] == 0 {
		return 0, tun.ErrAgain
	}
	d.left[queue]--
	return copy(b, d.packet), nil
}

func (d *spring) Wait(int) error { return os.ErrClosed }

// A ledger is a network that writes the sequence numbers down in the order in which packets leave.
type ledger struct {
	mu      sync.Mutex
	numbers []uint32
}

func (l *ledger) Sender(int) dataplane.Sender { return l }

func (l *ledger) SendESP(bursts []dataplane.Burst) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range bursts {
		b := bursts[i]
		for p, ok := b.Next(); ok; p, ok = b.Next() {
			l.numbers = append(l.numbers, binary.BigEndian.Uint32(p[4:]))
		}
	}
}

func TestPacketsOfASharedSALeaveInTheOrderOfTheirNumbers(t *testing.T) {
	const workers = 4
	for _, tt := range []struct {
		name           string
		packet         []byte
		times, packets int
	}{
		{"single packets", append(make([]byte, 10), datagram(1, 100)...), 500, 500},
		{"super-packets", superPacket(20000, 1000), 50, 1000},
		{"more than an outbox holds", superPacket(60000, 20), 5, 15000},
	} {
		d := &spring{fakeDevice: fakeDevice{queues: workers}, packet: tt.packet, left: slices.Repeat([]int{tt.times}, workers)}
		l := &ledger{}
		s := &bench{t: t, Backend: newBackend(d, &fakePlumber{}, l)}
		s.protect(1, nil)
		spi := s.loop(1, nil)
		var all sync.WaitGroup
		for _, w := range s.workers {
			all.Go(func() {
				for w.tx.step() {
				}
			})
		}
		all.Wait()
		if want := workers * tt.packets; len(l.numbers) != want {
			t.Errorf("%s: %d packets left, want %d", tt.name, len(l.numbers), want)
		}
		for i, n := range l.numbers {
			if n != uint32(i+1) {
				t.Fatalf("%s: packet %d has number %d", tt.name, i+1, n)
			}
		}
		if c, err := s.Query(dataplane.Outbound, spi, 1); err != nil || c.Packets != uint64(len(l.numbers)) {
			t.Errorf("%s: counters %+v, %v", tt.name, c, err)
		}
	}
}

// Two SAs are shared by two workers, which seal for them in either order: none may wait for the other for ever.
func TestWorkersDoNotBlockOneAnother(t *testing.T) {
	const workers, rounds = 2, 2000
	l := &ledger{}
	s := &bench{t: t, Backend: newBackend(&fakeDevice{queues: workers}, &fakePlumber{}, l)}
	var sas [2]*outbound
	for i := range sas {
		s.protect(dataplane.PolicyID(i+1), nil)
		s.loop(dataplane.PolicyID(i+1), nil)
		sas[i] = s.known[dataplane.PolicyID(i+1)].exit(0)
	}
	var all sync.WaitGroup
	for i, w := range s.workers {
		all.Go(func() {
			for range rounds {
				for j := range sas {
					w.tx.enqueue(sas[(i+j)%2].lane(i), datagram(0, 10))
				}
				w.tx.dispatch()
			}
		})
	}
	all.Wait()
	if len(l.numbers) != workers*rounds*len(sas) {
		t.Errorf("%d packets left", len(l.numbers))
	}
}

// enqueue protects a packet under an SA.
func (t *transmitter) enqueue(sa *lane, p []byte) {
	flow, info, _ := spd.ParseFlow(p)
	var s offload.Segments
	_ = s.Split(offload.Header{}, p)
	t.protect(sa, &s, p, &flow, &info)
}

func TestSAOfAnotherWorkerIsOpenedNevertheless(t *testing.T) {
	s := newBenchOf(t, 2)
	s.protect(1, nil)
	s.loop(1, nil)
	b := s.sealed(datagram(1, 10), datagram(2, 20), datagram(3, 30))
	for i := range b { // of one message each
		s.Backend.HandleESP(i%2, b[i:i+1])
	}
	s.expect(3, func(i int) []byte { return datagram(byte(i+1), 10*(i+1)) })
	s.Backend.HandleESP(7, s.sealed(datagram(4, 10))) // a stream, which belongs to no worker
	s.expect(1, func(int) []byte { return datagram(4, 10) })
	s.dropped(nil)
}

func TestFlowsAreSpreadOverTheQueues(t *testing.T) {
	a, flows := newAffinity(4), make([]int, 4)
	for i := range 400 {
		p := packet4(17, "10.1.0.1", netip.AddrFrom4([4]byte{10, 2, byte(i), byte(i >> 8)}).String(), make([]byte, 8))
		queue := a.queue(p)
		flows[queue]++
		if again := a.queue(p); again != queue {
			t.Errorf("flow %d changes from queue %d to %d", i, queue, again)
		}
	}
	if slices.Min(flows) < 50 {
		t.Errorf("400 flows by queue: %v", flows)
	}
	if queue := newAffinity(1).queue(datagram(1, 1)); queue != 0 {
		t.Errorf("queue %d of one", queue)
	}
}

func TestAnswersGoToTheQueueOfTheirFlow(t *testing.T) {
	s := newBenchOf(t, 4)
	var written []int
	s.device.written = func(queue int) { written = append(written, queue) }
	s.protect(1, nil)
	s.loop(1, nil)
	for queue := range 4 {
		s.device.put(datagram(1, 10))
		for s.workers[queue].tx.step() {
		}
		s.HandleESP(s.network.take())
	}
	if want := []int{0, 1, 2, 3}; !slices.Equal(written, want) {
		t.Errorf("queues %v, want %v", written, want)
	}
}

func TestSeveralWorkersDoNotAllocate(t *testing.T) {
	s := newBenchOf(t, 3)
	s.protect(1, nil)
	s.loop(1, func(a *dataplane.SA) { a.ReplayWindow = 0 })
	packets := [][]byte{superPacket(50000, 1360), append(make([]byte, offload.HeaderLen), datagram(0, 100)...)}
	s.device.in = packets
	s.run()
	bursts := s.network.take()
	var fresh [][]byte
	for _, b := range bursts {
		fresh = append(fresh, slices.Clone(b.Data))
	}
	s.network.discard, s.device.discard = true, true
	for i, w := range s.workers {
		run := func() {
			s.device.in = packets
			for w.tx.step() {
			}
			for i := range bursts {
				copy(bursts[i].Data, fresh[i])
			}
			s.Backend.HandleESP(i, bursts)
		}
		run()
		if n := testing.AllocsPerRun(50, run); n != 0 {
			t.Errorf("worker %d: %v allocations", i, n)
		}
	}
	s.dropped(nil)
}

// TestResourcesShareTheTrafficOfAChild is RFC 9611 on the wire: flows leave through the SA of their worker, and arrive with the
// worker that the SPI names.
func TestResourcesShareTheTrafficOfAChild(t *testing.T) {
	a, b := started(t)
	u := tunnel{id: 1, transforms: aesGCM()}
	u.setPolicies(a, b)
	var children []child
	for resource := range testQueues + 1 {
		u.resource = resource
		children = append(children, u.connect(a, b))
	}
	for range 24 { // flows, by chance of ports over the queues
		if err := transfer(a, b, a.inner4, b.inner4, 64<<10); err != nil {
			t.Fatal(err)
		}
	}
	used := 0
	for i, c := range children {
		var out dataplane.Counters
		waitFor(t, "what was sent", func() bool { // the last packets are on their way
			out, _ = a.backend.Query(dataplane.Outbound, c.b, 1)
			in, err := b.backend.Query(dataplane.Inbound, c.b, 1)
			return err == nil && out.Packets == in.Packets
		})
		if i == 0 && out.Packets > 0 {
			t.Errorf("%d packets went through the common SA", out.Packets)
		}
		if out.Packets > 0 {
			used++
		}
	}
	if used < 2 {
		t.Errorf("traffic of 24 flows used %d SAs of %d", used, testQueues)
	}
}
