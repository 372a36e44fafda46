package user

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/user/offload"
	"culvert/dataplane/user/tun"
	"culvert/spd"
)

// A crowd is a device whose packets go to a number of hosts, behind a child and a peer each. They come in gusts, between which it is empty:
// the worker keeps up with it.
type crowd struct {
	fakeDevice
	packet []byte
	hosts  uint32
	random *rand.Rand // nil: all go to one host
	left   int
	gust   int // packets of it that were read
}

func (d *crowd) Read(_ int, b []byte) (int, error) {
	if d.gust == gust || d.left == 0 {
		d.gust = 0
		return 0, tun.ErrAgain
	}
	d.gust++
	d.left--
	n := copy(b, d.packet)
	if d.random != nil {
		binary.BigEndian.PutUint32(b[offload.HeaderLen+16:], 20<<24+d.random.Uint32N(d.hosts))
	}
	return n, nil
}

// gust is how many packets come at a time, from the device and from the network.
const gust = 64

// crowded makes a Backend with so many children.
func crowded(b testing.TB, n int, random bool) (*bench, *crowd) {
	d := &crowd{packet: append(make([]byte, offload.HeaderLen), datagram(1, 36)...), hosts: uint32(n)}
	d.discard = true
	binary.BigEndian.PutUint32(d.packet[offload.HeaderLen+16:], 20<<24)
	if random {
		d.random = rand.New(rand.NewPCG(1, 2))
	}
	s := &bench{t: b, Backend: newBackend(d, &fakePlumber{}, &sink{})}
	s.now = time.Now
	begin := time.Now()
	for i := range n {
		host := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 20<<24+uint32(i))))
		s.protect(dataplane.PolicyID(i+1), func(p *dataplane.Policy) { p.Remote = []spd.Selector{spd.Host(host)} })
		peer := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 30<<24+uint32(i))))
		s.loop(dataplane.PolicyID(i+1), func(a *dataplane.SA) {
			a.Local = []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.1.0.0/16")), spd.Host(host)} // both ways
			a.Remote, a.ReplayWindow = a.Local, 0
			a.Path.Remote = netip.AddrPortFrom(peer, 4500)
		})
	}
	if tb, ok := b.(*testing.B); ok {
		tb.ReportMetric(float64(time.Since(begin).Microseconds())/float64(n), "µs/child")
	}
	return s, d
}

// sendAll takes n packets from the device and returns the processor time of each.
func (s *bench) sendAll(d *crowd, n int) time.Duration {
	d.left = n
	begin := cpu()
	for d.left > 0 {
		s.workers[0].tx.step()
	}
	return (cpu() - begin) / time.Duration(n)
}

// BenchmarkChildren is the time for a packet of 64 octets beside many other children: with one flow, and with a flow for each
// child in random order, where look-ups miss every cache of ours and SAs those of the processor.
func BenchmarkChildren(b *testing.B) {
	for _, bm := range []struct {
		name   string
		random bool
	}{{"one flow", false}, {"random flows", true}} {
		for _, n := range []int{10, 1000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", bm.name, n), func(b *testing.B) {
				s, d := crowded(b, n, bm.random)
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				s.sendAll(d, 4*n+1000)
				s.receiveAll(d, 4*n+1000)
				b.ReportMetric(float64(s.sendAll(d, max(b.N, 200_000))), "ns/sent")
				b.ReportMetric(float64(s.receiveAll(d, max(b.N, 200_000))), "ns/received")
			})
		}
	}
}

// receiveAll opens n packets and returns the processor time of each.
func (s *bench) receiveAll(d *crowd, n int) (each time.Duration) {
	network := &fakeNetwork{}
	s.workers[0].tx.outbox.sender = network
	var spent time.Duration
	for done := 0; done < n; done += 1 << 14 {
		s.sendAll(d, 1<<14)
		bursts := network.take()
		begin := cpu()
		for some := range slices.Chunk(bursts, gust) {
			s.HandleESP(some)
		}
		spent += cpu() - begin
	}
	return spent / time.Duration(n)
}
