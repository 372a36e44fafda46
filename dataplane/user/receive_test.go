package user

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// sealed returns the ESP packets for what is put in, one burst.
func (s *bench) sealed(packets ...[]byte) []dataplane.Burst {
	s.t.Helper()
	for _, p := range packets {
		s.device.put(p)
	}
	s.run()
	return s.network.take()
}

func TestHostilePacketsAreDroppedByReason(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, nil)
	good := s.sealed(datagram(7, 100))[0]
	change := func(f func(p []byte) []byte) dataplane.Burst {
		b := good
		b.Data = f(bytes.Clone(good.Data))
		return b
	}
	tests := []struct {
		name   string
		packet dataplane.Burst
		want   esp.Drop
	}{
		{"unknown SPI", change(func(p []byte) []byte { p[0] ^= 1; return p }), esp.ErrUnknownSPI},
		{"SPI with an index never used", change(func(p []byte) []byte { p[2] ^= 0xff; return p }), esp.ErrUnknownSPI},
		{"too short for a header", change(func(p []byte) []byte { return p[:7] }), esp.ErrTruncated},
		{"header only", change(func(p []byte) []byte { return p[:8] }), esp.ErrTruncated},
		{"cut short", change(func(p []byte) []byte { return p[:len(p)-4] }), esp.ErrAuthentication},
		{"changed", change(func(p []byte) []byte { p[40] ^= 1; return p }), esp.ErrAuthentication},
		{"another sequence number", change(func(p []byte) []byte { p[7]++; return p }), esp.ErrAuthentication},
	}
	want := map[esp.Drop]uint64{}
	for _, tt := range tests {
		before := s.Drops()
		s.HandleESP([]dataplane.Burst{tt.packet})
		want[tt.want]++
		if after := s.Drops(); after[tt.want] != before[tt.want]+1 {
			t.Errorf("%s: not counted as %v", tt.name, tt.want)
		}
	}
	s.dropped(want)
	s.expect(0, nil)
	replay := change(func(p []byte) []byte { return p })
	s.HandleESP([]dataplane.Burst{replay})
	s.expect(1, func(int) []byte { return datagram(7, 100) })
	s.HandleESP([]dataplane.Burst{change(func(p []byte) []byte { return p })})
	want[esp.ErrReplay]++
	s.dropped(want)
	s.expect(0, nil)
	if c, _ := s.Query(dataplane.Inbound, spi, 1); c.Packets != 1 || c.Sequence != 1 {
		t.Errorf("counters %+v", c)
	}
}

func TestEveryTruncationIsDropped(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	b := s.sealed(datagram(7, 60))[0]
	for n := range b.Data {
		part := b
		part.Data = bytes.Clone(b.Data[:n])
		s.HandleESP([]dataplane.Burst{part})
	}
	s.expect(0, nil)
}

func TestSelectorsOfTheSAAreChecked(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, nil)
	b := s.sealed(datagram(1, 10), datagram(2, 10))
	s.Remove(dataplane.Inbound, spi, 1)
	again, err := s.AllocateSPI(0)
	if err != nil {
		t.Fatal(err)
	}
	narrow := sa(dataplane.Inbound, again, 1)
	narrow.Remote = []spd.Selector{spd.Host(ip("10.1.0.99"))} // not the sender
	s.install(narrow)
	out := sa(dataplane.Outbound, again, 1)
	s.install(out)
	s.HandleESP(b) // under an SPI that is gone
	s.HandleESP(s.sealed(datagram(1, 200), datagram(2, 200)))
	s.dropped(map[esp.Drop]uint64{esp.ErrUnknownSPI: 2, esp.ErrSelector: 2})
	n := s.noticed(dataplane.NoticeSelectors)
	if len(n) != 1 || n[0].SPI != again || !bytes.Equal(n[0].Data, datagram(1, 200)[:noticeData]) || n[0].Packet.Source != ip("10.1.0.1") {
		t.Errorf("notices %+v, want one", n)
	}
	s.expect(0, nil)
}

func TestBadSPINoticesAreLimited(t *testing.T) {
	s := newBench(t)
	flood := dataplane.Burst{Path: forth(), Data: bytes.Repeat([]byte{0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 1}, 1000), Segment: 8}
	s.HandleESP([]dataplane.Burst{flood})
	n := s.noticed(dataplane.NoticeBadSPI)
	if len(n) != badSPIBurst || n[0].SPI != 0xdeadbeef || n[0].Path != forth() {
		t.Errorf("%d notices, want %d: %+v", len(n), badSPIBurst, n[0])
	}
	s.clock = s.clock.Add(badSPIEvery)
	s.HandleESP([]dataplane.Burst{flood})
	if n := s.noticed(dataplane.NoticeBadSPI); len(n) != 1 {
		t.Errorf("%d notices after a pause for one", len(n))
	}
	s.dropped(map[esp.Drop]uint64{esp.ErrUnknownSPI: 2000})
}

func TestNewAddressIsNoticedOnceAndFromNewPacketsOnly(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, nil)
	packets := s.sealed(datagram(1, 10), datagram(2, 10), datagram(3, 10), datagram(4, 10))[0]
	var each []dataplane.Burst
	for p, ok := packets.Next(); ok; p, ok = packets.Next() {
		each = append(each, dataplane.Burst{Path: forth(), Data: p})
	}
	elsewhere := path("192.0.2.1:4500", "203.0.113.5:61000")
	handle := func(i int, p dataplane.Path) []dataplane.Notice {
		each[i].Path = p
		s.HandleESP(each[i : i+1])
		return s.noticed(dataplane.NoticeNewAddress)
	}
	if n := handle(1, forth()); len(n) != 0 {
		t.Errorf("notice about the known address: %+v", n)
	}
	if n := handle(0, elsewhere); len(n) != 0 {
		t.Errorf("notice because of an old packet: %+v", n)
	}
	if n := handle(2, elsewhere); len(n) != 1 || n[0].SPI != spi || n[0].Path != elsewhere || n[0].Policy != 1 {
		t.Errorf("notices %+v, want one", n)
	}
	if n := handle(3, elsewhere); len(n) != 0 {
		t.Errorf("noticed again: %+v", n)
	}
	forged := dataplane.Burst{Path: path("192.0.2.1:4500", "203.0.113.6:1"), Data: bytes.Clone(each[3].Data)}
	s.HandleESP([]dataplane.Burst{forged})
	if n := s.noticed(dataplane.NoticeNewAddress); len(n) != 0 {
		t.Errorf("a packet that failed moved the peer: %+v", n)
	}
}

func TestRawESPHasNoPortsToChange(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	raw := forth()
	raw.Transport = dataplane.TransportRaw
	s.loop(1, func(a *dataplane.SA) { a.Path = raw })
	b := s.sealed(datagram(1, 10))
	if b[0].Path != raw {
		t.Errorf("sent along %v", b[0].Path)
	}
	b[0].Path.Remote = netip.AddrPortFrom(raw.Remote.Addr(), 0)
	s.HandleESP(b)
	if n := s.noticed(dataplane.NoticeNewAddress); len(n) != 0 {
		t.Errorf("notices %+v", n)
	}
	s.expect(1, func(int) []byte { return datagram(1, 10) })
}

func TestLimitsStopAnSA(t *testing.T) {
	tests := []struct {
		name       string
		change     func(*dataplane.SA)
		soft, hard int // packets until the notice
	}{
		{"packets", func(a *dataplane.SA) { a.SoftPackets, a.HardPackets = 3, 5 }, 3, 6},
		{"octets", func(a *dataplane.SA) { a.SoftBytes, a.HardBytes = 3*38, 5*38 }, 3, 6},
		{"hard alone", func(a *dataplane.SA) { a.HardPackets = 1 }, 0, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newBench(t)
			s.protect(1, nil)
			s.loop(1, tt.change)
			soft, hard := 0, 0
			for i := 1; i <= 8; i++ {
				s.sealed(datagram(0, 10)) // 38 octets
				for _, n := range s.notices {
					switch n.Kind {
					case dataplane.NoticeSoftLimit:
						soft += i
					case dataplane.NoticeHardLimit:
						hard += i
					}
					if n.Direction != dataplane.Outbound || n.Policy != 1 {
						t.Errorf("notice %+v", n)
					}
				}
				s.notices = nil
			}
			if soft != tt.soft || hard != tt.hard {
				t.Errorf("soft limit at packet %d, hard at %d, want %d and %d", soft, hard, tt.soft, tt.hard)
			}
			s.dropped(map[esp.Drop]uint64{esp.ErrExpired: uint64(9 - tt.hard)})
		})
	}
}

func TestInboundLimit(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, func(a *dataplane.SA) {
		if a.Direction == dataplane.Inbound {
			a.HardPackets = 2
		}
	})
	s.HandleESP(s.sealed(datagram(1, 10), datagram(2, 10), datagram(3, 10), datagram(4, 10)))
	s.expect(2, func(i int) []byte { return datagram(byte(i+1), 10) })
	if n := s.noticed(dataplane.NoticeHardLimit); len(n) != 1 || n[0].Direction != dataplane.Inbound {
		t.Errorf("notices %+v", n)
	}
	s.dropped(map[esp.Drop]uint64{esp.ErrExpired: 2})
}

func TestExhaustedSequenceNumbersEndTheSA(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	last := s.known[1].exit(0)
	if _, err := last.esp.Reserve(1<<32 - 3); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 0, 0} { // the second two are together, and do not get two numbers
		if got := segments(s.sealed(datagram(1, 10), datagram(2, 10))); got != want {
			t.Errorf("%d packets were sealed, want %d", got, want)
		}
	}
	if n := s.noticed(dataplane.NoticeHardLimit); len(n) != 1 {
		t.Errorf("notices %+v", n)
	}
	s.dropped(map[esp.Drop]uint64{esp.ErrSequenceExhausted: 2, esp.ErrExpired: 2})
}

func TestECNIsCarriedOver(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	capable, incapable := datagram(1, 10), datagram(2, 10)
	capable[1] = 2
	for _, p := range [][]byte{capable, incapable} {
		b := s.sealed(p)
		b[0].TOS |= 3 // congestion on the way
		s.HandleESP(b)
	}
	if len(s.device.out) != 1 || s.device.out[0][1] != 3 {
		t.Errorf("got %x, want one packet with congestion marked", s.device.out)
	}
	s.dropped(map[esp.Drop]uint64{esp.ErrCongestion: 1})
}

func TestDSCPReturnsWhenAsked(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, func(a *dataplane.SA) { a.CopyDSCP = true })
	b := s.sealed(datagram(1, 10))
	b[0].TOS = 46 << 2
	s.HandleESP(b)
	if len(s.device.out) != 1 || s.device.out[0][1] != 46<<2 {
		t.Errorf("got %x", s.device.out)
	}
}

func TestTransportModeRebuildsTheHeader(t *testing.T) {
	s := newBench(t)
	here, there := ip("192.0.2.1"), ip("192.0.2.2")
	s.protect(1, func(p *dataplane.Policy) {
		p.Mode, p.Local, p.Remote = esp.Transport, []spd.Selector{spd.Host(here)}, []spd.Selector{spd.Host(there)}
	})
	s.loop(1, func(a *dataplane.SA) {
		a.Mode, a.Local = esp.Transport, []spd.Selector{spd.Host(here), spd.Host(there)}
		a.Remote = a.Local
	})
	sent := packet4(99, here.String(), there.String(), []byte("transport mode"))
	b := s.sealed(sent)
	for i := range b {
		b[i].Path = path(b[i].Path.Remote.String(), b[i].Path.Local.String())
	}
	s.HandleESP(b)
	s.expect(1, func(int) []byte { return sent })
	s.dropped(nil)

	many := make([][]byte, 700) // more than are rebuilt at a time
	for i := range many {
		many[i] = packet4(99, here.String(), there.String(), binary.BigEndian.AppendUint32(make([]byte, 600), uint32(i)))
	}
	for _, b := range s.sealed(many...) {
		b.Path = path(b.Path.Remote.String(), b.Path.Local.String())
		s.HandleESP([]dataplane.Burst{b})
	}
	s.expect(len(many), func(i int) []byte { return many[i] })
}

func TestRefusedWritesAreCounted(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	s.device.refuse = true
	s.HandleESP(s.sealed(datagram(1, 10), datagram(2, 10)))
	s.dropped(map[esp.Drop]uint64{esp.ErrOther: 2})
}

func TestReceiveDoesNotAllocate(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, func(a *dataplane.SA) { a.ReplayWindow = 0 })
	s.device.in = append(s.device.in, superPacket(50000, 1360))
	s.run()
	bursts, kept := s.network.take(), [][]byte(nil)
	for _, b := range bursts {
		kept = append(kept, bytes.Clone(b.Data))
	}
	s.device.discard = true
	run := func() {
		for i := range bursts {
			copy(bursts[i].Data, kept[i])
		}
		s.HandleESP(bursts)
	}
	run()
	if n := testing.AllocsPerRun(50, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
	s.dropped(nil)
	s.clock = s.clock.Add(time.Second)
}

func FuzzHandleESP(f *testing.F) {
	f.Add([]byte{0, 16, 0, 0, 0, 0, 0, 1}, uint16(8), uint8(0), true)
	f.Add(make([]byte, 200), uint16(40), uint8(3), false)
	f.Fuzz(func(t *testing.T, data []byte, segment uint16, tos uint8, known bool) {
		s := newBench(t)
		s.protect(1, nil)
		null := func(a *dataplane.SA) { a.Transforms, a.EncrKey = nullCipher(), nil; a.IntegKey = make([]byte, 32) }
		spi := s.loop(1, null)
		if known && len(data) >= 4 {
			binary.BigEndian.PutUint32(data, spi)
		}
		s.HandleESP([]dataplane.Burst{{Path: forth(), Data: data, Segment: int(segment), TOS: tos}})
		if len(s.device.out) != 0 {
			t.Error("a packet passed that nobody sealed")
		}
	})
}
