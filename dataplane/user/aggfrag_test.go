package user

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
)

// tfs makes an SA of a loop one in AGGFRAG mode.
func tfs(how dataplane.AggFrag) func(*dataplane.SA) {
	return func(sa *dataplane.SA) {
		mode := how
		mode.Pair = sa.SPI
		sa.AggFrag = &mode
	}
}

// fixed is a packet of 600 octets every 10 ms.
func fixed() dataplane.AggFrag {
	return dataplane.AggFrag{Sending: dataplane.SendConstant, Rate: 600 * 8 * 100, PacketSize: 600, MaxAggregationTime: time.Second,
		WindowSize: 3, LostPacketTimer: time.Hour}
}

// pumping returns a bench with a child in AGGFRAG mode, and its pump, not begun.
func pumping(t testing.TB, how dataplane.AggFrag) (*bench, *pump) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, tfs(how))
	p := s.known[1].outs[0].pump
	if err := p.measure(); err != nil {
		t.Fatal(err)
	}
	return s, p
}

// beats lets the pump of a fixed rate work for a time.
func (s *bench) beats(p *pump, d time.Duration) {
	s.t.Helper()
	if p.rate == 0 {
		p.setRate(p.target(s.clock), s.clock)
	}
	for end := s.clock.Add(d); s.clock.Before(end); {
		s.clock = s.clock.Add(time.Millisecond)
		if !p.beat(s.clock) {
			s.t.Fatal("the pump has stopped")
		}
	}
}

// receive opens what was sent, and returns the packets that went to the device.
func (s *bench) receive() [][]byte {
	s.HandleESP(s.network.take())
	out := s.device.out
	s.device.out = nil
	return out
}

func TestConstantRateHidesTraffic(t *testing.T) {
	for _, traffic := range []int{0, 1, 40} {
		s, p := pumping(t, fixed())
		var want [][]byte
		for i := range traffic {
			want = append(want, datagram(byte(i), 20+60*i))
			s.device.put(want[i])
		}
		s.run()
		s.beats(p, time.Second)
		bursts, n := s.network.bursts, 0
		for _, b := range bursts {
			n += b.Count()
			if b.Segment != len(bursts[0].Data) || len(b.Data)%b.Segment != 0 || b.TOS != 0 || !b.DF {
				t.Fatalf("burst of %d octets in segments of %d, TOS %d, DF %t", len(b.Data), b.Segment, b.TOS, b.DF)
			}
			if b.Segment+28 > 600 || b.Segment+28 <= 600-4 {
				t.Fatalf("outer packets of %d octets", b.Segment+28)
			}
		}
		if n != 100 {
			t.Errorf("%d packets of traffic: %d outer packets in a second, want 100", traffic, n)
		}
		got := s.receive()
		if len(got) != len(want) {
			t.Fatalf("%d packets came, want %d", len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("packet %d has changed", i)
			}
		}
	}
}

func TestCountersOfAggFrag(t *testing.T) {
	s, p := pumping(t, fixed())
	s.device.put(datagram(1, 1000))
	s.run()
	s.beats(p, 100*time.Millisecond)
	s.receive()
	out, err := s.Query(dataplane.Outbound, p.out.spi, 1)
	if err != nil || out.Packets != 10 || out.Sequence != 10 {
		t.Fatalf("%+v, %v", out, err)
	}
	if c := *out.Traffic; c.InnerPackets != 1 || c.InnerOctets != 1028 || c.AllPad != 8 || c.ExtraPad != 1 || c.Rate != 100 || c.PacketSize != 600 {
		t.Errorf("outbound %+v", c)
	}
	in, _ := s.Query(dataplane.Inbound, p.out.spi, 1)
	if c := *in.Traffic; c.InnerPackets != 1 || c.InnerOctets != 1028 || c.AllPad != 8 || c.ExtraPad != 1 {
		t.Errorf("inbound %+v", c)
	}
}

// A packet that would wait for too long is dropped, and the queue is no longer than that.
func TestFullQueueDrops(t *testing.T) {
	how := fixed()
	how.MaxAggregationTime = 50 * time.Millisecond
	s, p := pumping(t, how)
	s.beats(p, 10*time.Millisecond)
	for range 100 {
		s.device.put(datagram(1, 472))
	}
	s.run()
	if n := p.traffic().Dropped; n < 90 || n > 97 {
		t.Errorf("%d of 100 packets dropped, 5 have time", n)
	}
	s.dropped(map[esp.Drop]uint64{esp.ErrQueue: p.traffic().Dropped})
}

func TestLostOuterPacketsDelayNobodyForEver(t *testing.T) {
	s, p := pumping(t, fixed())
	for i := range 5 {
		s.device.put(datagram(byte(i), 500))
	}
	s.run()
	s.beats(p, 60*time.Millisecond)
	sent := s.network.take()
	s.HandleESP(append(sent[:1:1], sent[2]))
	if n := len(s.device.out); n != 1 {
		t.Fatalf("%d packets came before the gap", n)
	}
	in := s.sad.find(p.out.spi)
	if !in.aggFrag.armed {
		t.Fatal("no timer for the packet that is missing")
	}
	s.clock = s.clock.Add(time.Hour)
	s.expireMissing(in, forth())
	s.HandleESP(sent[3:])
	if c, _ := s.Query(dataplane.Inbound, in.spi, 1); c.Traffic.Missed != 1 || c.Traffic.InnerPackets != 3 || in.aggFrag.armed {
		t.Errorf("%+v, timer %t", c.Traffic, in.aggFrag.armed)
	}
}

func TestReorderedOuterPackets(t *testing.T) {
	s, p := pumping(t, fixed())
	for i := range 8 {
		s.device.put(datagram(byte(i), 400))
	}
	s.run()
	s.beats(p, 80*time.Millisecond)
	sent := s.network.take()
	sent[1], sent[2], sent[4], sent[5] = sent[2], sent[1], sent[5], sent[4]
	s.HandleESP(sent)
	if len(s.device.out) != 8 {
		t.Fatalf("%d packets came", len(s.device.out))
	}
	for i, got := range s.device.out {
		if !bytes.Equal(got, datagram(byte(i), 400)) {
			t.Errorf("packet %d is another", i)
		}
	}
}

func TestGarbageInsideIsDropped(t *testing.T) {
	s, p := pumping(t, fixed())
	for _, payload := range [][]byte{{0}, {7, 0, 0, 0, 1}, {1, 0, 0, 0, 0x45}, append([]byte{0, 0, 0, 0}, datagram(1, 10)[:27]...)} {
		sealed, err := p.out.esp.Seal(nil, payload)
		if err != nil {
			t.Fatal(err)
		}
		s.HandleESP([]dataplane.Burst{{Path: forth(), Data: sealed}})
	}
	other := packet4(17, "172.16.0.1", "10.2.0.1", make([]byte, 20))
	sealed, _ := p.out.esp.Seal(nil, append([]byte{0, 0, 0, 0}, other...))
	s.HandleESP([]dataplane.Burst{{Path: forth(), Data: sealed}})
	s.dropped(map[esp.Drop]uint64{esp.ErrInner: 3, esp.ErrSelector: 1})
	if c, _ := s.Query(dataplane.Inbound, p.out.spi, 1); c.Traffic.Errored != 3 || len(s.device.out) != 0 {
		t.Errorf("%+v", c.Traffic)
	}
}

// Peers that do not reassemble get whole packets; what is too large for one is treated as anywhere (RFC 9347, Section 2.2.6).
func TestWholePackets(t *testing.T) {
	how := fixed()
	how.Whole = true
	s, p := pumping(t, how)
	s.device.put(datagram(1, 300))
	s.device.put(datagram(2, 300))
	s.device.put(datagram(3, 900)) // with DF
	soft := datagram(4, 900)
	soft[6] = 0
	binary.BigEndian.PutUint16(soft[10:], binary.BigEndian.Uint16(soft[10:])+0x4000)
	s.device.put(soft)
	s.run()
	if n := len(s.device.out); n != 1 || s.device.out[0][9] != 1 {
		t.Fatalf("%d packets to the inside, want an ICMP message", n)
	}
	s.device.out = nil
	s.beats(p, 100*time.Millisecond)
	if got := s.receive(); len(got) != 4 || len(got[2])+len(got[3]) != 928+20 {
		t.Errorf("%d packets came", len(got))
	}
	s.dropped(map[esp.Drop]uint64{esp.ErrTooBig: 1})
}

func TestNarrowPathMakesSmallerPackets(t *testing.T) {
	how := fixed()
	how.PacketSize = 0
	s, p := pumping(t, how)
	for _, tt := range []struct{ heard, want int }{{0, 1500}, {1000, 1000}, {1200, 1000}} { // no path widens by hearsay
		if tt.heard > 0 {
			s.HandleMTU(forth().Remote.Addr(), tt.heard)
		}
		s.beats(p, 100*time.Millisecond)
		sent := s.network.take()
		if got := sent[len(sent)-1].Segment + 28; got > tt.want || got <= tt.want-4 {
			t.Errorf("outer packets of %d octets, want %d", got, tt.want)
		}
	}
}

// What an SA has not sent when it is removed leaves through the one that has taken its place.
func TestRekeyLosesNothingThatWaits(t *testing.T) {
	s, p := pumping(t, fixed())
	for i := range 9 {
		s.device.put(datagram(byte(i), 400))
	}
	s.run()
	s.beats(p, 30*time.Millisecond)
	s.loop(1, tfs(fixed()))
	p.conclude()
	if _, err := s.Remove(dataplane.Outbound, p.out.spi, 1); err != nil {
		t.Fatal(err)
	}
	next := s.known[1].outs[0].pump
	if err := next.measure(); err != nil {
		t.Fatal(err)
	}
	s.beats(next, 100*time.Millisecond)
	got := s.receive()
	for i := range 9 {
		if i >= len(got) || !bytes.Equal(got[i], datagram(byte(i), 400)) {
			t.Fatalf("%d packets came, number %d is missing", len(got), i)
		}
	}
}
