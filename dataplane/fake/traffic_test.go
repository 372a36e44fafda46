package fake

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

func TestTrafficPassesTheTunnelEncrypted(t *testing.T) {
	n := newTunnel(t)
	toB, toA := n.up(t)
	for range 3 {
		wantDrop(t, n.a.Inject(aToB()), 0)
		wantDrop(t, n.b.Inject(bToA()), 0)
	}
	if len(n.b.delivered) != 3 || !bytes.Equal(n.b.delivered[0], aToB()) || len(n.a.delivered) != 3 || !bytes.Equal(n.a.delivered[2], bToA()) {
		t.Errorf("delivered %d and %d packets", len(n.b.delivered), len(n.a.delivered))
	}
	for _, pkt := range slices.Concat(n.a.wire, n.b.wire) {
		if bytes.Contains(pkt, aToB()[12:20]) || bytes.Contains(pkt, bToA()[12:20]) {
			t.Error("addresses of inside on the wire")
		}
	}
	want := dataplane.Counters{Bytes: 384, Packets: 3, LastUse: epoch().UnixNano(), Sequence: 3}
	for _, q := range []struct {
		s   *side
		d   dataplane.Direction
		spi uint32
	}{{n.a, dataplane.Outbound, toB}, {n.b, dataplane.Inbound, toB}, {n.b, dataplane.Outbound, toA}, {n.a, dataplane.Inbound, toA}} {
		if got, err := q.s.Query(q.d, q.spi, child); err != nil || got != want {
			t.Errorf("%08x: %+v, %v, want %+v", q.spi, got, err, want)
		}
	}
	if got, want := n.a.Traffic(), (Traffic{Sent: 3, Delivered: 3}); got != want {
		t.Errorf("traffic %+v, want %+v", got, want)
	}
}

func TestPolicyBeforePackets(t *testing.T) {
	n := newTunnel(t)
	for id, p := range map[dataplane.PolicyID]dataplane.Policy{
		1: {Action: spd.Bypass, Local: network(1), Remote: network(3)},
		2: {Action: spd.Discard, Local: network(1), Remote: network(4)},
	} {
		p.ID = id
		if err := n.a.SetPolicy(p); err != nil {
			t.Fatal(err)
		}
	}
	wantDrop(t, n.a.Inject(udp("10.1.0.5", "10.3.0.6", 9)), 0)
	wantDrop(t, n.a.Inject(udp("10.1.0.5", "10.4.0.6", 9)), esp.ErrDiscarded)
	wantDrop(t, n.a.Inject(udp("10.1.0.5", "10.5.0.6", 9)), esp.ErrNoPolicy)
	wantDrop(t, n.a.Inject(aToB()), esp.ErrNoSA)
	wantDrop(t, n.a.Inject(aToB()[:19]), esp.ErrMalformed)
	wantDrop(t, n.a.ReceiveClear(udp("10.3.0.6", "10.1.0.5", 9)), 0)
	wantDrop(t, n.a.ReceiveClear(udp("10.4.0.6", "10.1.0.5", 9)), esp.ErrDiscarded)
	wantDrop(t, n.a.ReceiveClear(udp("10.5.0.6", "10.1.0.5", 9)), esp.ErrNoPolicy)
	wantDrop(t, n.a.ReceiveClear(bToA()), esp.ErrUnprotected)
	wantDrop(t, n.a.ReceiveClear(nil), esp.ErrMalformed)

	if len(n.a.unprotected) != 1 || len(n.a.delivered) != 1 || len(n.a.wire) != 0 {
		t.Errorf("in the clear: %d out, %d in; protected: %d", len(n.a.unprotected), len(n.a.delivered), len(n.a.wire))
	}
	if got, want := n.a.Traffic(), (Traffic{Unprotected: 2, Dropped: 8}); got != want {
		t.Errorf("traffic %+v, want %+v", got, want)
	}
	drops := n.a.Drops()
	if drops[esp.ErrDiscarded] != 2 || drops[esp.ErrMalformed] != 2 || drops[esp.ErrUnprotected] != 1 || drops[esp.ErrNoSA] != 1 {
		t.Errorf("drops %v", drops)
	}
}

func TestTrapAsksForAnSA(t *testing.T) {
	n := newTunnel(t)
	wantDrop(t, n.a.Inject(aToB()), esp.ErrNoSA)
	f, _, err := spd.ParseFlow(aToB())
	if err != nil {
		t.Fatal(err)
	}
	if got := n.a.lastNotice(t); got.Kind != dataplane.NoticeAcquire || got.Policy != child || got.Packet != f {
		t.Errorf("notice %+v", got)
	}
	quiet := policyOf(true)
	quiet.Trap = false
	if err := n.a.SetPolicy(quiet); err != nil {
		t.Fatal(err)
	}
	wantDrop(t, n.a.Inject(aToB()), esp.ErrNoSA)
	if len(n.a.notices) != 1 {
		t.Error("a policy that is no trap asks for an SA")
	}
}

func TestRekeyLosesNothing(t *testing.T) {
	n := newTunnel(t)
	first := install(t, n.a, n.b, plain)
	n.lose = true
	wantDrop(t, n.a.Inject(aToB()), 0)
	n.lose = false
	late := n.a.wire[0]
	second := install(t, n.a, n.b, plain)
	wantDrop(t, n.a.Inject(aToB()), 0)
	if c, _ := n.a.Query(dataplane.Outbound, second, child); c.Packets != 1 {
		t.Error("traffic does not leave through the SA installed last")
	}
	wantDrop(t, n.b.Receive(dataplane.Path{Local: n.b.address, Remote: n.a.address}, late), 0)
	if _, err := n.a.Remove(dataplane.Outbound, second, child); err != nil {
		t.Fatal(err)
	}
	wantDrop(t, n.a.Inject(aToB()), 0)
	if c, _ := n.a.Query(dataplane.Outbound, first, child); c.Packets != 2 {
		t.Error("traffic does not return to the SA before")
	}
	if len(n.b.delivered) != 3 {
		t.Errorf("%d packets of 3 delivered", len(n.b.delivered))
	}
}

func TestBadPacketsFromOutside(t *testing.T) {
	n := newTunnel(t)
	spi, _ := n.up(t)
	n.lose = true
	wantDrop(t, n.a.Inject(aToB()), 0)
	path := dataplane.Path{Local: n.b.address, Remote: n.a.address}
	good := n.a.wire[0]
	forged := slices.Clone(good)
	forged[20] ^= 1
	unknown := slices.Clone(good)
	unknown[0] ^= 0x80

	wantDrop(t, n.b.Receive(path, nil), esp.ErrTruncated)
	wantDrop(t, n.b.Receive(path, good[:20]), esp.ErrTruncated)
	wantDrop(t, n.b.Receive(path, forged), esp.ErrAuthentication)
	wantDrop(t, n.b.Receive(path, good), 0)
	wantDrop(t, n.b.Receive(path, good), esp.ErrReplay)
	if c, _ := n.b.Query(dataplane.Inbound, spi, child); c.Packets != 1 || len(n.b.notices) != 0 {
		t.Errorf("%d packets counted, notices %+v", c.Packets, n.b.notices)
	}
	wantDrop(t, n.b.Receive(path, unknown), esp.ErrUnknownSPI)
	if got := n.b.lastNotice(t); got.Kind != dataplane.NoticeBadSPI || got.SPI != spi^1<<31 || got.Path != path {
		t.Errorf("notice %+v", got)
	}
}

func TestInboundSelectorsAreChecked(t *testing.T) {
	n := newTunnel(t)
	spi, _ := n.up(t)
	wide := policyOf(true)
	wide.Local = network(9)
	if err := n.a.SetPolicy(wide); err != nil {
		t.Fatal(err)
	}
	spoofed := udp("10.9.0.5", "10.2.0.6", 300)
	wantDrop(t, n.a.Inject(spoofed), 0)
	if len(n.b.delivered) != 0 || n.b.Drops()[esp.ErrSelector] != 1 {
		t.Error("a packet that does not match its SA is delivered")
	}
	got := n.b.lastNotice(t)
	if got.Kind != dataplane.NoticeSelectors || got.SPI != spi || !bytes.Equal(got.Data, spoofed[:noticeData]) {
		t.Errorf("notice %+v", got)
	}
}

func TestICMPErrorsTravelWithTheTrafficTheyAreAbout(t *testing.T) {
	n := newTunnel(t)
	n.up(t)
	icmp := udp("10.66.0.1", "10.2.0.6", 28) // a router on a's side that the policy does not know
	icmp[9] = 1
	copy(icmp[20:], []byte{3, 1, 0, 0, 0, 0, 0, 0})
	copy(icmp[28:], bToA()[:28])
	wantDrop(t, n.a.Inject(icmp), 0)
	if len(n.b.delivered) != 1 {
		t.Fatal("not delivered")
	}
	copy(icmp[28:], udp("10.2.0.6", "10.77.0.1", 100)[:28])
	wantDrop(t, n.a.Inject(icmp), esp.ErrNoPolicy)
}

func TestLimitsOfAnSA(t *testing.T) {
	tests := []struct {
		name       string
		change     func(*dataplane.SA)
		soft, hard int // packets after which the notices come
	}{
		{"packets", func(sa *dataplane.SA) { sa.SoftPackets, sa.HardPackets = 2, 4 }, 2, 4},
		{"bytes", func(sa *dataplane.SA) { sa.SoftBytes, sa.HardBytes = 257, 600 }, 3, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := newTunnel(t)
			spi := install(t, n.a, n.b, tt.change)
			for count := 1; count <= tt.hard+2; count++ {
				err := n.a.Inject(aToB())
				if dropped := esp.DropOf(err) == esp.ErrExpired; dropped != (count > tt.hard) {
					t.Errorf("packet %d: %v", count, err)
				}
				want := 0
				if count >= tt.soft {
					want++
				}
				if count > tt.hard {
					want++
				}
				if len(n.a.notices) != want {
					t.Errorf("packet %d: %d notices, want %d", count, len(n.a.notices), want)
				}
			}
			if len(n.a.notices) != 2 {
				t.Fatal(n.a.notices)
			}
			soft, hard := n.a.notices[0], n.a.notices[1]
			if soft.Kind != dataplane.NoticeSoftLimit || hard.Kind != dataplane.NoticeHardLimit || soft.SPI != spi || hard.SPI != spi || hard.Direction != dataplane.Outbound {
				t.Errorf("notices %+v, %+v", soft, hard)
			}
			if len(n.b.delivered) != tt.hard || n.b.notices[0].Direction != dataplane.Inbound {
				t.Errorf("delivered %d", len(n.b.delivered))
			}
		})
	}
}

func TestHardLimitStopsInboundToo(t *testing.T) {
	n := newTunnel(t)
	spi := install(t, n.a, n.b, plain)
	n.b.spis[spi].SetLimits(&dataplane.SA{HardPackets: 1})
	wantDrop(t, n.a.Inject(aToB()), 0)
	wantDrop(t, n.a.Inject(aToB()), 0)
	if len(n.b.delivered) != 1 || n.b.Drops()[esp.ErrExpired] != 1 || n.b.lastNotice(t).Kind != dataplane.NoticeHardLimit {
		t.Errorf("delivered %d, drops %v", len(n.b.delivered), n.b.Drops())
	}
}

func TestNewAddressIsToldOnce(t *testing.T) {
	n := newTunnel(t)
	spi := install(t, n.a, n.b, plain)
	n.lose = true
	for range 4 {
		wantDrop(t, n.a.Inject(aToB()), 0)
	}
	moved := dataplane.Path{Local: n.b.address, Remote: netip.MustParseAddrPort("203.0.113.1:1024")}
	for _, at := range []int{2, 1, 0, 3} { // the older ones come late and say nothing about where the peer is now
		path := moved
		if at < 2 {
			path.Remote = n.a.address
		}
		wantDrop(t, n.b.Receive(path, n.a.wire[at]), 0)
	}
	if len(n.b.notices) != 1 || n.b.notices[0].Kind != dataplane.NoticeNewAddress || n.b.notices[0].Path != moved || n.b.notices[0].SPI != spi {
		t.Errorf("notices %+v", n.b.notices)
	}
}

func TestUpdateMovesBothSAs(t *testing.T) {
	n := newTunnel(t)
	toB, toA := n.up(t)
	path := dataplane.Path{Local: n.a.address, Remote: netip.MustParseAddrPort("203.0.113.2:4500")}
	if err := n.a.Update(toA, toB, path); err != nil {
		t.Fatal(err)
	}
	var got dataplane.Path
	n.a.hooks.Send = func(p dataplane.Path, _ []byte) { got = p }
	wantDrop(t, n.a.Inject(aToB()), 0)
	if got != path {
		t.Errorf("sent along %+v", got)
	}
	n.b.address = path.Remote
	wantDrop(t, n.b.Inject(bToA()), 0)
	if len(n.a.notices) != 0 || len(n.a.delivered) != 1 {
		t.Errorf("notices %+v", n.a.notices)
	}
}

// Of a child that still waits for its outbound SA the inbound one moves.
func TestUpdateMovesInboundAlone(t *testing.T) {
	n := newTunnel(t)
	_, toA := n.up(t)
	path := dataplane.Path{Local: n.a.address, Remote: netip.MustParseAddrPort("203.0.113.2:4500")}
	if err := n.a.Update(toA, 0, path); err != nil {
		t.Fatal(err)
	}
	n.b.address = path.Remote
	wantDrop(t, n.b.Inject(bToA()), 0)
	if len(n.a.notices) != 0 || len(n.a.delivered) != 1 {
		t.Errorf("notices %+v", n.a.notices)
	}
}

func TestTransportMode(t *testing.T) {
	n := newTunnel(t)
	transport := func(sa *dataplane.SA) { sa.Mode = esp.Transport }
	host := func(s string) []spd.Selector { return []spd.Selector{spd.Host(netip.MustParseAddr(s))} }
	for s, p := range map[*side]dataplane.Policy{
		n.a: {ID: child, Action: spd.Protect, Local: host("192.0.2.1"), Remote: host("198.51.100.2")},
		n.b: {ID: child, Action: spd.Protect, Local: host("198.51.100.2"), Remote: host("192.0.2.1")},
	} {
		if err := s.SetPolicy(p); err != nil {
			t.Fatal(err)
		}
	}
	install(t, n.a, n.b, transport)
	wantDrop(t, n.a.Inject(udp("192.0.2.1", "198.51.100.2", 50)), 0)
	if len(n.b.delivered) != 1 || !bytes.Equal(n.b.delivered[0][20:], udp("192.0.2.1", "198.51.100.2", 50)[20:]) {
		t.Fatalf("delivered %x", n.b.delivered)
	}
	fragment := udp("192.0.2.1", "198.51.100.2", 48)
	fragment[6] = 0x20
	wantDrop(t, n.a.Inject(fragment), esp.ErrFragment)
	n.b.address = netip.MustParseAddrPort("[2001:db8::1]:4500") // of another family than the SA's peer
	n.lose = true
	wantDrop(t, n.a.Inject(udp("192.0.2.1", "198.51.100.2", 50)), 0)
	wantDrop(t, n.b.Receive(dataplane.Path{Local: n.b.address, Remote: n.a.address}, n.a.wire[1]), esp.ErrMalformed)
}

func TestTrafficFlowConfidentialityHidesLengths(t *testing.T) {
	for tfc, want := range map[int]int{0: 164, 500: 536, -1: 1500 - 28} {
		n := newTunnel(t)
		install(t, n.a, n.b, func(sa *dataplane.SA) { sa.TFC = tfc })
		wantDrop(t, n.a.Inject(aToB()), 0)
		if got := len(n.a.wire[0]); got != want {
			t.Errorf("TFC %d: %d octets on the wire, want %d", tfc, got, want)
		}
		if len(n.b.delivered) != 1 || !bytes.Equal(n.b.delivered[0], aToB()) {
			t.Errorf("TFC %d: delivered %x", tfc, n.b.delivered)
		}
	}
}

func TestDummyAndNonsenseInside(t *testing.T) {
	n := newTunnel(t)
	spi := install(t, n.a, n.b, plain)
	path := dataplane.Path{Local: n.b.address, Remote: n.a.address}
	dummy, err := n.a.policies[child].latest(0).esp.SealDummy(nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	wantDrop(t, n.b.Receive(path, dummy), esp.ErrDummy)
	if c, _ := n.b.Query(dataplane.Inbound, spi, child); c.Packets != 1 {
		t.Errorf("%d packets counted", c.Packets)
	}
	bad := aToB()
	bad[0] = 0x4f // a header that is longer than the packet
	bad = bad[:40]
	bad[3] = 40
	sealed, err := n.a.policies[child].latest(0).esp.Seal(nil, bad)
	if err != nil {
		t.Fatal(err)
	}
	wantDrop(t, n.b.Receive(path, sealed), esp.ErrInner)
}
