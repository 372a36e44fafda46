package user

import (
	"net/netip"
	"slices"
	"testing"

	"culvert/dataplane"
	"culvert/esp"
)

// unreachable is an ICMP error of a router about a packet, to its source.
func unreachable(router string, about []byte) []byte {
	to := netip.AddrFrom4([4]byte(about[12:])).String()
	return packet4(1, router, to, append([]byte{3, 1, 0, 0, 0, 0, 0, 0}, about[:28]...))
}

// answer is a UDP packet of 10.2.0.1 to 10.1.0.1.
func answer() []byte { return packet4(17, "10.2.0.1", "10.1.0.1", []byte{0, 53, 0x10, 0, 0, 8, 0, 0}) }

// ICMP errors of routers that no selector names go the way of the traffic that they are about (RFC 4301, Section 6.2).
func TestICMPErrorsLeaveWithTheTrafficTheyAreAbout(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	s.device.put(unreachable("10.66.0.1", answer()))
	s.run()
	if n := segments(s.network.take()); n != 1 {
		t.Errorf("%d packets were sealed", n)
	}
	s.device.put(unreachable("10.66.0.1", packet4(17, "10.77.0.1", "10.1.0.1", make([]byte, 8))))
	s.run()
	s.dropped(map[esp.Drop]uint64{esp.ErrNoPolicy: 1})
}

func TestICMPErrorsArriveWithTheTrafficTheyAreAbout(t *testing.T) {
	about := packet4(17, "10.1.0.1", "10.2.0.1", []byte{0x10, 0, 0, 53, 0, 8, 0, 0})
	stranger := packet4(17, "10.1.0.1", "10.77.0.1", []byte{0x10, 0, 0, 53, 0, 8, 0, 0})
	astray := unreachable("10.66.0.1", about)
	copy(astray[16:], []byte{10, 1, 0, 99})
	for _, tt := range []struct {
		name string
		pkt  []byte
		want int
	}{
		{"about traffic of the SA", unreachable("10.66.0.1", about), 1},
		{"about other traffic", unreachable("10.66.0.1", stranger), 0},
		{"to a host that has not sent what it quotes", astray, 0},
	} {
		s := newBench(t)
		in := newReceiving(s)
		for range 2 { // what was let through once is not let through for its headers
			if d := s.rx.check(in, slices.Clone(tt.pkt)); (d == 0) != (tt.want == 1) {
				t.Errorf("%s: %v", tt.name, d)
			}
			if d := s.rx.check(in, unreachable("10.66.0.1", stranger)); d != esp.ErrSelector {
				t.Errorf("%s, then about other traffic: %v", tt.name, d)
			}
		}
	}
}

// newReceiving is the inbound SA of 10.2.0.0/16 to 10.1.0.0/16.
func newReceiving(s *bench) *inbound {
	spi, err := s.AllocateSPI(0)
	if err != nil {
		s.t.Fatal(err)
	}
	s.install(sa(dataplane.Inbound, spi, 1))
	return s.sad.find(spi)
}
