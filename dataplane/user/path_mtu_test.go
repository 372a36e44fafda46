package user

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
)

// quote is the start of an ESP packet.
func quote(spi, sequence uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, spi), sequence)
}

func TestICMPIsBelievedAboutPacketsThatWereSentOnly(t *testing.T) {
	tests := []struct {
		name  string
		word  func(spi uint32) dataplane.TooBig
		mtu   int // afterwards, 0 is unknown
		told  int // notices
		valid bool
	}{
		{"a packet of ours", func(spi uint32) dataplane.TooBig { return dataplane.TooBig{MTU: 1400, Quote: quote(spi, 1)} }, 1400, 1, true},
		{"our own host", func(uint32) dataplane.TooBig { return dataplane.TooBig{MTU: 1400, Own: true} }, 1400, 1, true},
		{"another SPI", func(spi uint32) dataplane.TooBig { return dataplane.TooBig{MTU: 600, Quote: quote(spi+1, 1)} }, 0, 1, false},
		{"a number that was not sent", func(spi uint32) dataplane.TooBig { return dataplane.TooBig{MTU: 600, Quote: quote(spi, 7)} }, 0, 1, false},
		{"too little quoted", func(spi uint32) dataplane.TooBig { return dataplane.TooBig{MTU: 600, Quote: quote(spi, 1)[:7]} }, 0, 1, false},
		{"nothing quoted", func(uint32) dataplane.TooBig { return dataplane.TooBig{MTU: 600} }, 0, 1, false},
		{"no MTU", func(spi uint32) dataplane.TooBig { return dataplane.TooBig{Quote: quote(spi, 1)} }, 0, 1, false},
		{"a trivial size", func(spi uint32) dataplane.TooBig { return dataplane.TooBig{MTU: 68, Quote: quote(spi, 1)} }, 576, 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newBench(t)
			s.protect(1, nil)
			spi := s.loop(1, nil)
			s.sealed(datagram(1, 10))
			s.notices = nil
			word := tt.word(spi)
			word.Remote = ip("192.0.2.2")
			for range 3 { // what nobody vouches for is told once in a while
				s.Backend.HandleMTU(word)
			}
			mtu, _ := s.remotes.known(word.Remote, s.clock)
			told := s.noticed(dataplane.NoticePath)
			if mtu != tt.mtu || len(told) != tt.told || told[0].PathMTU.Validated != tt.valid || told[0].Policy != 1 {
				t.Errorf("MTU %d, want %d; notices %+v", mtu, tt.mtu, told)
			}
		})
	}
}

func TestProbedMTUIsShownWithItsSource(t *testing.T) {
	s := newBench(t)
	s.remotes.linkMTU = func(a netip.Addr) int { return 1500 }
	s.protect(1, nil)
	spi := s.loop(1, nil)
	if n := s.noticed(dataplane.NoticePath); len(n) != 1 || n[0].PathMTU != (dataplane.PathMTU{Link: 1500}) {
		t.Errorf("the engine hears %+v of a new path", n)
	}
	check := func(want dataplane.MTU) {
		t.Helper()
		if got, ok := s.MTU(spi, 1); !ok || got != want {
			t.Errorf("%+v, %v; want %+v", got, ok, want)
		}
	}
	check(dataplane.MTU{Inner: 1438, Path: 1500, Source: esp.FromLink})
	s.SetPathMTU(forth(), 1400)
	check(dataplane.MTU{Inner: 1338, Path: 1400, Source: esp.FromProbe})
	s.HandleMTU(ip("192.0.2.2"), 1300)
	check(dataplane.MTU{Inner: 1238, Path: 1300, Source: esp.FromICMP})
	s.clock = s.clock.Add(esp.PathMTULife + time.Second)
	check(dataplane.MTU{Inner: 1238, Path: 1400, Source: esp.FromProbe})
	s.sealed(datagram(1, 1300)) // too large so far, for which age is looked at
	check(dataplane.MTU{Inner: 1338, Path: 1400, Source: esp.FromProbe})
	if _, ok := s.MTU(spi+1, 1); ok {
		t.Error("an SA that is not there has an MTU")
	}
}
