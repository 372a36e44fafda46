package fake

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// side is a gateway under test.
type side struct {
	*Backend
	delivered, unprotected [][]byte
	first                  []uint32 // SPIs of NoticeFirstPacket
	notices                []dataplane.Notice
	wire                   [][]byte // ESP packets that it sent
	address                netip.AddrPort
}

// tunnel is two gateways with one child between 10.1.0.0/16 and 10.2.0.0/16.
type tunnel struct {
	a, b *side
	lose bool // packets do not arrive
}

func epoch() time.Time { return time.Unix(1_800_000_000, 0) }

func newSide(t testing.TB, seed byte, address string) *side {
	t.Helper()
	s := &side{address: netip.MustParseAddrPort(address)}
	s.Backend = New(rand.NewChaCha8([32]byte{seed}), epoch, Hooks{
		Deliver:     func(pkt []byte) { s.delivered = append(s.delivered, pkt) },
		Unprotected: func(pkt []byte) { s.unprotected = append(s.unprotected, pkt) },
	})
	s.SetNotices(func(n dataplane.Notice) {
		if n.Kind == dataplane.NoticeFirstPacket {
			s.first = append(s.first, n.SPI)
			return
		}
		s.notices = append(s.notices, n)
	})
	return s
}

func newTunnel(t testing.TB) *tunnel {
	t.Helper()
	n := &tunnel{a: newSide(t, 1, "192.0.2.1:4500"), b: newSide(t, 2, "198.51.100.2:4500")}
	n.connect(n.a, n.b)
	n.connect(n.b, n.a)
	for _, s := range []*side{n.a, n.b} {
		if err := s.SetPolicy(policyOf(s == n.a)); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func (n *tunnel) connect(from, to *side) {
	from.hooks.Send = func(path dataplane.Path, pkt []byte) {
		from.wire = append(from.wire, pkt)
		if !n.lose {
			to.Receive(dataplane.Path{Local: path.Remote, Remote: from.address}, pkt)
		}
	}
}

const child dataplane.PolicyID = 7

func policyOf(isA bool) dataplane.Policy {
	p := dataplane.Policy{ID: child, Name: "office/net", Action: spd.Protect, Trap: true, Local: network(1), Remote: network(2)}
	if !isA {
		p.Local, p.Remote = p.Remote, p.Local
	}
	return p
}

func network(n byte) []spd.Selector {
	return []spd.Selector{spd.Prefix(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, n, 0, 0}), 16))}
}

func gcm() suite.ESP {
	return suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 128}}
}

// install puts one pair of SAs from one side to the other and returns its SPI.
func install(t testing.TB, from, to *side, change func(*dataplane.SA)) uint32 {
	t.Helper()
	spi, err := to.AllocateSPI(0)
	if err != nil {
		t.Fatal(err)
	}
	sa := dataplane.SA{SPI: spi, Policy: child, Transforms: gcm(), ReplayWindow: 64}
	change(&sa)
	in, out := sa, sa
	in.Direction, in.Path = dataplane.Inbound, dataplane.Path{Local: to.address, Remote: from.address}
	out.Direction, out.Path = dataplane.Outbound, dataplane.Path{Local: from.address, Remote: to.address}
	in.Local, in.Remote = to.policies[child].Local, to.policies[child].Remote
	in.EncrKey, out.EncrKey = key(spi), key(spi)
	if err := to.Install(in); err != nil {
		t.Fatal(err)
	}
	if err := from.Install(out); err != nil {
		t.Fatal(err)
	}
	return spi
}

func key(spi uint32) []byte {
	k := make([]byte, 20)
	binary.BigEndian.PutUint32(k, spi)
	return k
}

func plain(*dataplane.SA) {}

// up installs SAs in both directions and returns the SPIs of b and of a.
func (n *tunnel) up(t testing.TB) (toB, toA uint32) {
	t.Helper()
	return install(t, n.a, n.b, plain), install(t, n.b, n.a, plain)
}

// udp is a datagram between two hosts.
func udp(source, destination string, n int) []byte {
	pkt := make([]byte, 28+n)
	pkt[0], pkt[8], pkt[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(pkt[2:], uint16(len(pkt)))
	s, d := netip.MustParseAddr(source).As4(), netip.MustParseAddr(destination).As4()
	copy(pkt[12:], s[:])
	copy(pkt[16:], d[:])
	binary.BigEndian.PutUint16(pkt[20:], 1000)
	binary.BigEndian.PutUint16(pkt[22:], 2000)
	binary.BigEndian.PutUint16(pkt[24:], uint16(8+n))
	return pkt
}

func aToB() []byte { return udp("10.1.0.5", "10.2.0.6", 100) }
func bToA() []byte { return udp("10.2.0.6", "10.1.0.5", 100) }

func (s *side) lastNotice(t testing.TB) dataplane.Notice {
	t.Helper()
	if len(s.notices) == 0 {
		t.Fatal("no notice")
	}
	return s.notices[len(s.notices)-1]
}

func wantDrop(t testing.TB, err error, want esp.Drop) {
	t.Helper()
	if got := esp.DropOf(err); got != want {
		t.Errorf("dropped for %v, want %v", got, want)
	}
}
