package user

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
)

func TestTooLargePacketsAreAnsweredWithTheMTU(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	s.HandleMTU(ip("192.0.2.2"), 1200)
	s.HandleMTU(ip("198.51.100.9"), 600) // nobody we send to
	fits := 1200 - 20 - 8 - 8 - 8 - 2 - 16
	fits -= (fits + 2) % 4
	for _, n := range []int{fits - 28, fits - 27} {
		s.device.put(datagram(1, n))
	}
	s.run()
	if got := segments(s.network.take()); got != 1 {
		t.Errorf("%d packets were sent, want the one that fits", got)
	}
	if len(s.device.out) != 1 {
		t.Fatalf("%d answers, want 1", len(s.device.out))
	}
	answer := s.device.out[0]
	if answer[9] != 1 || answer[20] != 3 || answer[21] != 4 || binary.BigEndian.Uint16(answer[26:]) != uint16(fits) {
		t.Errorf("answer %x, want fragmentation needed and MTU %d", answer[:28], fits)
	}
	s.dropped(map[esp.Drop]uint64{esp.ErrTooBig: 1})
}

func TestTooLargeTCPIsCutSmallerAndAnswered(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	s.HandleMTU(ip("192.0.2.2"), 1200)
	s.device.in = append(s.device.in, superPacket(13000, 1300), superPacket(10900, 1090))
	s.run()
	if got := segments(s.network.take()); got != 22 {
		t.Errorf("%d packets were sent, want 12 of the first and 10 of the second", got)
	}
	if len(s.device.out) != 1 {
		t.Errorf("%d answers, want 1 to the first", len(s.device.out))
	}
	s.dropped(nil)
}

func TestTooLargeDatagramsAreFragmentedBeforeESP(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*dataplane.SA)
		df     []bool // of the bursts
		count  int
	}{
		{"tunnel", nil, []bool{true, true}, 3},
		{"selectors with ports", func(a *dataplane.SA) {
			for i := range a.Local {
				a.Local[i].Protocol, a.Local[i].StartPort, a.Local[i].EndPort = 17, 0, 5000
			}
			a.Remote = a.Local
		}, []bool{true, false}, 2},
		{"selectors with ports, and fragments besides", func(a *dataplane.SA) {
			for i := range a.Local {
				a.Local[i].Protocol, a.Local[i].StartPort, a.Local[i].EndPort = 17, 0, 5000
			}
			a.Remote, a.NonFirstFragments = a.Local, true
		}, []bool{true, true}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newBench(t)
			s.protect(1, nil)
			s.loop(1, func(a *dataplane.SA) {
				a.DF = esp.DFSet
				if tt.change != nil {
					tt.change(a)
				}
			})
			s.HandleMTU(ip("192.0.2.2"), 1200)
			for _, n := range []int{100, 1300} {
				p := datagram(1, n)
				p[6] = 0
				s.device.put(p)
			}
			s.run()
			b := s.network.take()
			var df []bool
			for i := range b {
				df = append(df, b[i].DF)
			}
			if !slices.Equal(df, tt.df) || segments(b) != tt.count {
				t.Errorf("%d packets in bursts with DF %v, want %d, %v", segments(b), df, tt.count, tt.df)
			}
			s.HandleESP(b)
			octets := 0
			for _, p := range s.device.out {
				octets += len(p) - 20
			}
			if want := 108 + 1308; octets != want || len(s.device.out) != tt.count {
				t.Errorf("%d octets in %d packets came out, want %d", octets, len(s.device.out), want)
			}
			s.dropped(nil)
		})
	}
}

func TestAnswersAreLimited(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	s.HandleMTU(ip("192.0.2.2"), 600)
	for range 200 {
		s.device.put(datagram(1, 1000))
	}
	s.run()
	if got := len(s.device.out); got != answerBurst {
		t.Errorf("%d answers to a flood, want %d", got, answerBurst)
	}
	s.dropped(map[esp.Drop]uint64{esp.ErrTooBig: 200})
}

func TestMTUHasBoundsAndAges(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, nil)
	mtu := func(to string) int32 { return s.remotes.hosts[ip(to)].mtu.Load() }
	for _, heard := range []struct{ mtu, want int }{{-1, 0}, {1 << 20, 0}, {1400, 1400}, {1450, 1400}, {68, 576}, {1400, 576}} {
		s.HandleMTU(ip("192.0.2.2"), heard.mtu)
		if got := mtu("192.0.2.2"); int(got) != heard.want {
			t.Errorf("after hearing %d: %d, want %d", heard.mtu, got, heard.want)
		}
	}
	six := path("[2001:db8::1]:4500", "[2001:db8::2]:4500")
	if err := s.Update(spi, spi, six); err != nil {
		t.Fatal(err)
	}
	s.HandleMTU(ip("2001:db8::2"), 100)
	if got := mtu("2001:db8::2"); got != minMTU6 {
		t.Errorf("IPv6: %d, want %d", got, minMTU6)
	}
	s.sealed(datagram(1, 1300))
	s.clock = s.clock.Add(esp.PathMTULife - time.Second)
	s.dropped(map[esp.Drop]uint64{esp.ErrTooBig: 1})
	s.clock = s.clock.Add(time.Second)
	if got := segments(s.sealed(datagram(1, 1300))); got != 1 {
		t.Error("what was heard long ago is still believed")
	}
}

func TestIPv6PacketsOf1280OctetsAreNeverTooLarge(t *testing.T) {
	s := newBench(t)
	s.protect(1, func(p *dataplane.Policy) { p.Local, p.Remote = anywhere6(), anywhere6() })
	s.loop(1, func(a *dataplane.SA) { a.Local, a.Remote = anywhere6(), anywhere6() })
	s.HandleMTU(ip("192.0.2.2"), 1280)
	for _, n := range []int{1280, 1281} {
		s.device.put(packet6(n))
	}
	s.run()
	b := s.network.take()
	if segments(b) != 1 || b[0].DF {
		t.Errorf("%d packets, want the one of 1280 octets without DF", segments(b))
	}
	if len(s.device.out) != 1 || binary.BigEndian.Uint32(s.device.out[0][44:]) != 1280 {
		t.Errorf("answers %x", s.device.out)
	}
}
