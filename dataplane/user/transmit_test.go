package user

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/user/offload"
	"culvert/esp"
	"culvert/spd"
)

// segments counts the packets of bursts.
func segments(bursts []dataplane.Burst) (n int) {
	for i := range bursts {
		n += bursts[i].Count()
	}
	return n
}

func TestPacketsOfOneSAShareABurst(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	for i := range 10 {
		s.device.put(datagram(byte(i), 100))
	}
	s.device.put(datagram(10, 50)) // a shorter one may come last
	s.device.put(datagram(11, 50)) // and begins no longer one
	s.run()
	bursts := s.network.take()
	if len(bursts) != 2 || bursts[0].Count() != 11 || bursts[1].Count() != 1 || s.network.sends != 1 {
		t.Fatalf("got %d bursts with %d packets in %d sends, want 11 and 1 in one", len(bursts), segments(bursts), s.network.sends)
	}
	if bursts[0].Path != forth() || !bursts[0].DF {
		t.Errorf("path %v, DF %v", bursts[0].Path, bursts[0].DF)
	}
	s.HandleESP(bursts)
	s.expect(12, func(i int) []byte { return datagram(byte(i), map[bool]int{true: 100, false: 50}[i < 10]) })
	s.dropped(nil)
}

// expect compares what reached the device, and forgets it.
func (s *bench) expect(n int, want func(i int) []byte) {
	s.t.Helper()
	if len(s.device.out) != n {
		s.t.Fatalf("%d packets reached the device, want %d", len(s.device.out), n)
	}
	for i, p := range s.device.out {
		if !bytes.Equal(p, want(i)) {
			s.t.Errorf("packet %d:\n got %x\nwant %x", i, p, want(i))
		}
	}
	s.device.out = nil
}

func TestBurstsDifferByTrafficClassAndDF(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	for i := range 3 {
		p := datagram(0, 100)
		p[1] = []byte{0, 2, 0}[i] // ECT(0) in the second
		p[6] = []byte{0x40, 0x40, 0}[i]
		s.device.put(p)
	}
	s.run()
	bursts := s.network.take()
	if len(bursts) != 3 || bursts[0].TOS != 0 || bursts[1].TOS != 2 || bursts[1].DF != true || bursts[2].DF != false {
		t.Errorf("got %+v", bursts)
	}
}

func TestDSCPIsCopiedOnlyWhenAsked(t *testing.T) {
	for _, copied := range []bool{false, true} {
		s := newBench(t)
		s.protect(1, nil)
		s.loop(1, func(a *dataplane.SA) { a.CopyDSCP, a.DF = copied, dataplane.DFClear })
		p := datagram(0, 10)
		p[1] = 46<<2 | 1
		s.device.put(p)
		s.run()
		b := s.network.take()[0]
		want := uint8(1)
		if copied {
			want = 46<<2 | 1
		}
		if b.TOS != want || b.DF {
			t.Errorf("copied %v: TOS %#x, DF %v, want %#x, false", copied, b.TOS, b.DF, want)
		}
	}
}

// superPacket is a TCP super-packet as the kernel gives it, n octets cut every size.
func superPacket(n, size int) []byte {
	tcp := make([]byte, 20+n)
	binary.BigEndian.PutUint16(tcp, 4000)
	binary.BigEndian.PutUint16(tcp[2:], 80)
	tcp[12], tcp[13] = 0x50, 0x10
	for i := range n {
		tcp[20+i] = byte(i / size)
	}
	var b [offload.HeaderLen]byte
	offload.Header{Flags: 1, Type: 1, HeaderLength: 40, Size: uint16(size), ChecksumStart: 20, ChecksumOffset: 16}.Put(&b)
	return append(b[:], packet4(6, "10.1.0.1", "10.2.0.1", tcp)...)
}

func TestSuperPacketIsSealedAsOneBurst(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, nil)
	s.device.in = append(s.device.in, superPacket(60000, 1360))
	s.run()
	bursts := s.network.take()
	if len(bursts) != 1 || bursts[0].Count() != 45 {
		t.Fatalf("got %d bursts with %d packets, want 1 with 45", len(bursts), segments(bursts))
	}
	for i, b := 0, bursts[0]; ; i++ {
		p, ok := b.Next()
		if !ok {
			break
		}
		if got := binary.BigEndian.Uint32(p); got != spi {
			t.Fatalf("packet %d: SPI %08x, want %08x", i, got, spi)
		}
		if got := binary.BigEndian.Uint32(p[4:]); got != uint32(i+1) {
			t.Fatalf("packet %d: sequence number %d", i, got)
		}
	}
	s.HandleESP(bursts)
	if len(s.device.out) != 45 || s.device.writes > 2 {
		t.Errorf("%d packets in %d writes, want 45 in at most 2", len(s.device.out), s.device.writes)
	}
	c, err := s.Query(dataplane.Outbound, spi, 1)
	if err != nil || c.Packets != 45 || c.Bytes != 60000+45*40 || c.Sequence != 45 || c.LastUse != s.clock.UnixNano() {
		t.Errorf("counters %+v, %v", c, err)
	}
}

func TestSmallSegmentsOverflowIntoSeveralSends(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	s.device.in = append(s.device.in, superPacket(60000, 20)) // 3000 packets of 100 octets once sealed
	s.run()
	bursts := s.network.take()
	if got := segments(bursts); got != 3000 || s.network.sends < 2 {
		t.Fatalf("%d packets in %d sends", got, s.network.sends)
	}
	for i := range bursts { // as netio passes them on
		s.HandleESP(bursts[i : i+1])
	}
	if len(s.device.out) != 3000 {
		t.Errorf("%d packets came out", len(s.device.out))
	}
	s.dropped(nil)
}

func TestUnprotectedPacketsAreDroppedByReason(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.protect(2, func(p *dataplane.Policy) {
		p.Action, p.Priority = spd.Discard, 1
		p.Remote = []spd.Selector{spd.Host(ip("10.2.0.9"))}
	})
	s.protect(3, func(p *dataplane.Policy) {
		p.Action, p.Priority = spd.Bypass, 1
		p.Remote = []spd.Selector{spd.Host(ip("10.2.0.8"))}
	})
	s.device.put(datagram(0, 1))                             // protected, and no SA
	s.device.put(packet4(17, "10.1.0.1", "10.2.0.9", nil))   // discarded
	s.device.put(packet4(17, "10.1.0.1", "10.2.0.8", nil))   // bypassed, and here nevertheless
	s.device.put(packet4(17, "10.1.0.1", "192.0.2.77", nil)) // no policy
	s.device.put([]byte{0x45, 0})
	tiny := packet4(6, "10.1.0.1", "10.2.0.1", make([]byte, 8))
	tiny[6], tiny[7] = 0, 1
	s.device.put(tiny)
	s.device.in = append(s.device.in, []byte{1, 2}) // not even a header
	wrong := superPacket(100, 10)
	wrong[offload.HeaderLen+20+12] = 0xf0
	s.device.in = append(s.device.in, wrong[:offload.HeaderLen+50])
	s.run()
	if len(s.network.take()) != 0 {
		t.Error("something was sent")
	}
	s.dropped(map[esp.Drop]uint64{esp.ErrNoSA: 1, esp.ErrDiscarded: 1, esp.ErrNoPolicy: 2, esp.ErrMalformed: 3, esp.ErrFragment: 1})
}

func TestLatestOutboundSAIsUsed(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	first := s.loop(1, nil)
	second := s.loop(1, nil)
	use := func() uint32 {
		s.device.put(datagram(0, 1))
		s.run()
		b := s.network.take()
		if len(b) == 0 {
			return 0
		}
		return binary.BigEndian.Uint32(b[0].Data)
	}
	if got := use(); got != second {
		t.Errorf("SPI %08x, want the second, %08x", got, second)
	}
	s.Remove(dataplane.Outbound, second, 1)
	if got := use(); got != first {
		t.Errorf("SPI %08x, want the first again, %08x", got, first)
	}
	s.Remove(dataplane.Outbound, first, 1)
	if got := use(); got != 0 {
		t.Errorf("SPI %08x after all were removed", got)
	}
}

func TestUpdateMovesBothDirections(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, nil)
	there := path("192.0.2.7:4500", "198.51.100.1:1024")
	if err := s.Update(spi, spi, there); err != nil {
		t.Fatal(err)
	}
	s.device.put(datagram(0, 1))
	s.run()
	b := s.network.take()
	if b[0].Path != there {
		t.Errorf("path %v, want %v", b[0].Path, there)
	}
	b[0].Path.Local, b[0].Path.Remote = there.Local, there.Remote
	s.HandleESP(b)
	if n := s.noticed(dataplane.NoticeNewAddress); len(n) != 0 {
		t.Errorf("notice about the address that was set: %+v", n)
	}
	if len(s.remotes.hosts) != 1 {
		t.Errorf("%d remote hosts are remembered, want 1", len(s.remotes.hosts))
	}
	if err := s.Update(spi, 0, there); err != nil {
		t.Errorf("update of a child without outbound SA: %v", err)
	}
	if err := s.Update(spi, spi+1, there); err == nil {
		t.Error("update of an unknown outbound SA")
	}
	if err := s.Update(spi+1, spi, there); err == nil {
		t.Error("update of an unknown inbound SA")
	}
}

func TestTFCPadsToTheSize(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, func(a *dataplane.SA) { a.TFC = 600 })
	for _, n := range []int{1, 300} {
		s.device.put(datagram(byte(n), n))
	}
	s.run()
	b := s.network.take()
	if len(b) != 1 || b[0].Count() != 2 || b[0].Segment < 600 {
		t.Fatalf("bursts %+v", b)
	}
	s.HandleESP(b)
	s.expect(2, func(i int) []byte { return datagram(byte([]int{1, 300}[i]), []int{1, 300}[i]) })
}

func TestTFCUpToThePathMTU(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, func(a *dataplane.SA) { a.TFC = -1 })
	length := func() int {
		s.device.put(datagram(0, 1))
		s.run()
		return len(s.network.take()[0].Data) + 28 // IP and UDP
	}
	if got := length(); got > 1500 || got < 1490 {
		t.Errorf("%d octets on a path of unknown MTU, want 1500 or a little less", got)
	}
	s.HandleMTU(ip("192.0.2.2"), 1300)
	if got := length(); got > 1300 || got < 1290 {
		t.Errorf("%d octets on a path of 1300", got)
	}
	s.clock = s.clock.Add(time.Second)
}

// A size that is too large for the path would have every packet lost, however small it was.
func TestTFCPadsToNoMoreThanThePathCarries(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, func(a *dataplane.SA) { a.TFC, a.Cover = 1400, 1000 })
	s.HandleMTU(ip("192.0.2.2"), 1300)
	s.device.put(datagram(0, 1))
	s.run()
	s.clock = s.clock.Add(10 * time.Millisecond)
	s.known[1].outs[0].cover.beat(s.clock)
	sent := s.network.take()
	if segments(sent) < 2 {
		t.Fatalf("%d packets and dummies", segments(sent))
	}
	for _, b := range sent {
		for p, ok := b.Next(); ok; p, ok = b.Next() {
			if got := len(p) + 28; got > 1300 || got < 1290 {
				t.Errorf("%d octets on a path of 1300", got)
			}
		}
	}
}

func TestTransmitDoesNotAllocate(t *testing.T) {
	s := newBench(t)
	s.network.discard = true
	s.protect(1, nil)
	s.loop(1, nil)
	packets := [][]byte{superPacket(50000, 1360), append(make([]byte, offload.HeaderLen), datagram(0, 100)...)}
	run := func() {
		s.device.in = packets
		s.run()
	}
	run()
	if n := testing.AllocsPerRun(50, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
