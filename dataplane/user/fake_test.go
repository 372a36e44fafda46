package user

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/user/offload"
	"culvert/dataplane/user/tun"
	"culvert/esp"
	"culvert/spd"
)

// fakeDevice gives out packets that the test put in, and keeps what is written.
type fakeDevice struct {
	queues  int      // 0 is 1
	in      [][]byte // with headers; of the first queue
	out     [][]byte // cut into packets again, without headers
	writes  int
	refuse  bool
	discard bool
	flood   bool // the first packet comes again and again
	closed  bool
	wakes   int
	written func(queue int)
}

func (d *fakeDevice) Read(_ int, b []byte) (int, error) {
	if len(d.in) == 0 {
		return 0, tun.ErrAgain
	}
	p := d.in[0]
	if !d.flood {
		d.in = d.in[1:]
	}
	return copy(b, p), nil
}

func (d *fakeDevice) WritePacket(queue int, parts [][]byte) error {
	if d.written != nil {
		d.written(queue)
	}
	if d.refuse {
		return errors.New("refused")
	}
	d.writes++
	if d.discard {
		return nil
	}
	h, p, err := offload.ParseHeader(bytes.Join(parts, nil))
	if err != nil {
		return err
	}
	var s offload.Segments
	err = s.Split(h, p)
	if err != nil {
		return err
	}
	for s.Count() > 0 {
		b := make([]byte, s.MaxLen())
		d.out = append(d.out, b[:s.Next(b)])
	}
	return nil
}

func (d *fakeDevice) Wait(int) error { return os.ErrClosed }
func (d *fakeDevice) Wake(int)       { d.wakes++ }
func (d *fakeDevice) Queues() int    { return max(d.queues, 1) }
func (d *fakeDevice) JoinsUDP() bool { return true }
func (d *fakeDevice) Shut()          {}
func (d *fakeDevice) Close() error   { d.closed = true; return nil }

// put puts a packet in that needs no offload.
func (d *fakeDevice) put(p []byte) {
	d.in = append(d.in, append(make([]byte, offload.HeaderLen), p...))
}

// fakePlumber follows no policy, and may refuse to.
type fakePlumber struct {
	err error
	set []dataplane.PolicyID
}

func (p *fakePlumber) Set(policy dataplane.Policy) error {
	p.set = append(p.set, policy.ID)
	return p.err
}
func (p *fakePlumber) Remove(dataplane.PolicyID) error { return p.err }
func (p *fakePlumber) Unprotected() (uint64, error)    { return 3, nil }
func (p *fakePlumber) Warnings() []error               { return []error{os.ErrInvalid} }
func (p *fakePlumber) Close() error                    { return nil }

// fakeNetwork is a Sender that keeps copies.
type fakeNetwork struct {
	bursts  []dataplane.Burst
	sends   int
	discard bool
}

func (n *fakeNetwork) Sender(int) dataplane.Sender { return n }

func (n *fakeNetwork) SendESP(bursts []dataplane.Burst) {
	n.sends++
	if n.discard {
		return
	}
	for _, b := range bursts {
		b.Data = bytes.Clone(b.Data)
		n.bursts = append(n.bursts, b)
	}
}

// take returns what was sent and forgets it.
func (n *fakeNetwork) take() []dataplane.Burst {
	b := n.bursts
	n.bursts = nil
	return b
}

// A bench is a Backend without a host around it, driven by hand.
type bench struct {
	*Backend
	tx      *transmitter // the first worker's
	rx      *receiver
	t       testing.TB
	device  *fakeDevice
	plumber *fakePlumber
	network *fakeNetwork
	notices []dataplane.Notice
	clock   time.Time
}

func newBench(t testing.TB) *bench { return newBenchOf(t, 1) }

// newBenchOf makes one with several workers. The device gives packets to whoever reads.
func newBenchOf(t testing.TB, workers int) *bench {
	s := &bench{t: t, device: &fakeDevice{queues: workers}, plumber: &fakePlumber{}, network: &fakeNetwork{}, clock: time.Unix(1_800_000_000, 0)}
	s.Backend = newBackend(s.device, s.plumber, s.network)
	s.tx, s.rx = &s.workers[0].tx, &s.workers[0].rx
	s.Backend.now = func() time.Time { return s.clock }
	s.SetNotices(func(n dataplane.Notice) { s.notices = append(s.notices, n) })
	return s
}

// run works until the device is empty.
func (s *bench) run() {
	for s.tx.step() {
	}
}

// noticed returns the notices of a kind so far, and forgets all.
func (s *bench) noticed(kind dataplane.NoticeKind) (list []dataplane.Notice) {
	for _, n := range s.notices {
		if n.Kind == kind {
			list = append(list, n)
		}
	}
	s.notices = nil
	return list
}

// HandleESP is that of the first worker.
func (s *bench) HandleESP(bursts []dataplane.Burst) { s.Backend.HandleESP(0, bursts) }

// HandleMTU says with the voice of our own host that a path carries mtu octets.
func (s *bench) HandleMTU(to netip.Addr, mtu int) {
	s.Backend.HandleMTU(dataplane.TooBig{Remote: to, MTU: mtu, Own: true})
}

func path(local, remote string) dataplane.Path {
	return dataplane.Path{Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote)}
}

func forth() dataplane.Path { return path("192.0.2.1:4500", "192.0.2.2:4500") }

// protect installs a policy 10.1.0.0/16 === 10.2.0.0/16.
func (s *bench) protect(id dataplane.PolicyID, change func(*dataplane.Policy)) {
	s.t.Helper()
	p := dataplane.Policy{ID: id, Name: "bench", Action: spd.Protect,
		Local:  []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.1.0.0/16"))},
		Remote: []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.2.0.0/16"))},
	}
	if change != nil {
		change(&p)
	}
	if err := s.SetPolicy(p); err != nil {
		s.t.Fatal(err)
	}
}

// sa describes an SA of the policy above.
func sa(d dataplane.Direction, spi uint32, id dataplane.PolicyID) dataplane.SA {
	return dataplane.SA{
		Direction: d, SPI: spi, Policy: id, Path: forth(), Transforms: aesGCM(), EncrKey: bytes.Repeat([]byte{1}, 20), ReplayWindow: 64,
		Local:  []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.1.0.0/16"))},
		Remote: []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.2.0.0/16"))},
	}
}

func (s *bench) install(sa dataplane.SA) {
	s.t.Helper()
	if err := s.Install(sa); err != nil {
		s.t.Fatal(err)
	}
}

// loop installs an outbound SA and the inbound SA that opens what it seals, for 10.2 to 10.1 as well as 10.1 to 10.2.
func (s *bench) loop(id dataplane.PolicyID, change func(*dataplane.SA)) (spi uint32) {
	s.t.Helper()
	spi, err := s.AllocateSPI(0)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range []dataplane.Direction{dataplane.Inbound, dataplane.Outbound} {
		a := sa(d, spi, id)
		a.Local = append(a.Local, a.Remote...)
		a.Remote = a.Local
		if change != nil {
			change(&a)
		}
		s.install(a)
	}
	return spi
}

// datagram is a UDP packet from 10.1.0.1 to 10.2.0.1 with n octets of payload, the first being mark.
func datagram(mark byte, n int) []byte {
	return packet4(17, "10.1.0.1", "10.2.0.1", append([]byte{0x10, 0, 0, 53, byte((n + 8) >> 8), byte(n + 8), 0, 0}, bytes.Repeat([]byte{mark}, n)...))
}

// packet4 is an IPv4 packet with DF.
func packet4(protocol byte, from, to string, payload []byte) []byte {
	p := make([]byte, 20, 20+len(payload))
	p[0], p[6], p[8], p[9] = 0x45, 0x40, 64, protocol
	binary.BigEndian.PutUint16(p[2:], uint16(20+len(payload)))
	s, d := ip(from).As4(), ip(to).As4()
	copy(p[12:], s[:])
	copy(p[16:], d[:])
	var sum uint32
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	binary.BigEndian.PutUint16(p[10:], ^uint16(sum+sum>>16))
	return append(p, payload...)
}

// dropped fails unless exactly these drops were counted; the guard's three are left out.
func (s *bench) dropped(want map[esp.Drop]uint64) {
	s.t.Helper()
	d := s.Drops()
	d[esp.ErrUnprotected] -= 3
	for r, n := range d {
		if r := esp.Drop(r); n != want[r] {
			s.t.Errorf("dropped %d for %v, want %d", n, r, want[r])
		}
	}
}

func anywhere6() []spd.Selector { return []spd.Selector{spd.Prefix(netip.MustParsePrefix("::/0"))} }

// packet6 is an IPv6 packet of n octets.
func packet6(n int) []byte {
	p := make([]byte, n)
	p[0], p[6], p[7] = 0x60, 99, 64
	binary.BigEndian.PutUint16(p[4:], uint16(n-40))
	s, d := ip("fd01::1").As16(), ip("fd02::1").As16()
	copy(p[8:], s[:])
	copy(p[24:], d[:])
	return p
}
