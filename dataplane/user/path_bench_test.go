package user

import (
	"bytes"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/dataplane/user/offload"
	"culvert/suite"
	"culvert/wire"
)

// What follows measures the path of packets by itself, between a device and a network that cost nothing, in processor time
// of the thread: the figures do not depend on what else the machine does. nanoseconds are per packet.

// cpu is the processor time of the thread.
func cpu() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano())
}

// sink is a network that takes everything.
type sink struct{ packets int }

func (s *sink) Sender(int) dataplane.Sender { return s }

func (s *sink) SendESP(bursts []dataplane.Burst) {
	for i := range bursts {
		s.packets += bursts[i].Count()
	}
}

// A load is traffic of one kind.
type load struct {
	name    string
	packet  []byte // with header, as the device gives it
	packets int    // into which it is cut
}

func loads() []load {
	single := func(n int) []byte { return append(make([]byte, offload.HeaderLen), datagram(1, n-28)...) }
	return []load{{"TCP/1400", superPacket(42*1360, 1360), 42}, {"UDP/1400", single(1400), 1}, {"UDP/64", single(64), 1}}
}

// gmac protects without encrypting: what is left when the cipher costs next to nothing.
func gmac() suite.ESP {
	return suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrNullAESGMAC, KeyLength: 128}}
}

func ciphers() map[string]suite.ESP {
	return map[string]suite.ESP{"AES-128-GCM": aesGCM(), "GMAC": gmac()}
}

// each runs a benchmark for every load and cipher.
func each(b *testing.B, run func(b *testing.B, l load, with suite.ESP)) {
	for _, l := range loads() {
		for _, name := range []string{"AES-128-GCM", "GMAC"} {
			b.Run(l.name+"/"+name, func(b *testing.B) { run(b, l, ciphers()[name]) })
		}
	}
}

// paced makes a Backend for one load.
func paced(b testing.TB, workers int, l load, with suite.ESP) (*bench, *spring) {
	d := &spring{fakeDevice: fakeDevice{queues: workers, discard: true}, packet: l.packet, left: make([]int, workers)}
	s := &bench{t: b, Backend: newBackend(d, &fakePlumber{}, &sink{})}
	s.now = time.Now
	for i := range workers {
		s.protect(dataplane.PolicyID(i+1), nil)
		s.loop(dataplane.PolicyID(i+1), func(a *dataplane.SA) { a.Transforms, a.ReplayWindow = with, 0 })
	}
	return s, d
}

// BenchmarkTransmit is of a worker that keeps up with the device, BenchmarkTransmitBehind of one that never sees its end.
func BenchmarkTransmit(b *testing.B) {
	each(b, func(b *testing.B, l load, with suite.ESP) { transmit(b, l, with, readBatch) })
}

func BenchmarkTransmitBehind(b *testing.B) {
	each(b, func(b *testing.B, l load, with suite.ESP) { transmit(b, l, with, b.N) })
}

// transmit sends b.N (super-)packets, of which so many wait in the device at a time.
func transmit(b *testing.B, l load, with suite.ESP, gust int) {
	s, d := paced(b, 1, l, with)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	send := func(n int) {
		for n > 0 {
			d.left[0] = min(n, gust)
			n -= d.left[0]
			for s.workers[0].tx.step() {
			}
		}
	}
	send(1000)
	begin := cpu()
	send(b.N)
	b.ReportMetric(float64(cpu()-begin)/float64(b.N*l.packets), "ns/packet")
}

// arriving returns what a network delivers of a load: bursts as long as one message.
func arriving(s *bench, d *spring, l load) []dataplane.Burst {
	const batch, message = 16, 60000
	n := &fakeNetwork{}
	s.workers[0].tx.outbox.sender = n
	d.left[0] = max(batch/2, message*batch/len(l.packet)) / 2
	for s.workers[0].tx.step() {
	}
	return n.take()
}

func BenchmarkReceive(b *testing.B) {
	each(b, func(b *testing.B, l load, with suite.ESP) {
		s, d := paced(b, 1, l, with)
		bursts := arriving(s, d, l)
		packets := segments(bursts)
		fresh := make([][]byte, len(bursts))
		for i := range bursts {
			fresh[i] = bytes.Clone(bursts[i].Data)
		}
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var spent time.Duration
		done := 0
		for done < b.N {
			for i := range bursts {
				copy(bursts[i].Data, fresh[i])
			}
			begin := cpu()
			for i := 0; i < len(bursts); i += 4 { // as netio hands them over
				s.Backend.HandleESP(0, bursts[i:min(i+4, len(bursts))])
			}
			spent += cpu() - begin
			done += packets
		}
		b.ReportMetric(float64(spent)/float64(done), "ns/packet")
	})
}

// BenchmarkWorkers says how much more two workers that run at a time carry than one does, each on a processor of its own: the
// processor time that both take for a packet is held against that of one. Waiting for one another counts.
func BenchmarkWorkers(b *testing.B) {
	l := loads()[0]
	for _, bm := range []struct {
		name   string
		shared bool // one SA for both
	}{{"SAs of their own", false}, {"one SA", true}} {
		b.Run(bm.name, func(b *testing.B) {
			var ratios []float64
			for range 7 {
				var rate [2]float64
				for i := range rate {
					rate[i] = capacity(b, i+1, l, bm.shared, max(b.N, 2000))
				}
				ratios = append(ratios, rate[1]/rate[0])
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "x")
		})
	}
}

// capacity is the sum of the rates at which workers seal packets of a load, n each, in packets per second of processor time.
func capacity(b *testing.B, workers int, l load, shared bool, n int) float64 {
	s, d := paced(b, workers, l, aesGCM())
	if !shared {
		for i := range workers {
			s.loop(1, func(a *dataplane.SA) { a.Resource = i + 1 })
		}
	}
	for i := range d.left {
		d.left[i] = n
	}
	rates := make([]float64, workers)
	var all sync.WaitGroup
	for i, w := range s.workers {
		all.Go(func() {
			runtime.LockOSThread()
			begin := cpu()
			for w.tx.step() {
			}
			rates[i] = float64(n) / (cpu() - begin).Seconds()
		})
	}
	all.Wait()
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	return sum
}
