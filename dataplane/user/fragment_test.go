package user

import (
	"encoding/binary"
	"testing"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// fragments cuts a UDP packet with 64 octets of payload in two.
func fragments(from, to string, id uint16, ports [4]byte) (first, second []byte) {
	payload := append(ports[:], make([]byte, 68)...)
	first, second = packet4(17, from, to, payload[:32]), packet4(17, from, to, payload[32:])
	first[6], second[6] = 0x20, 0
	second[7] = 4
	for _, p := range [][]byte{first, second} {
		binary.BigEndian.PutUint16(p[4:], id)
	}
	return first, second
}

// onePort allows port 4096 of ours with port 53 of theirs.
func onePort(local, remote *[]spd.Selector) {
	(*local)[0].Protocol, (*local)[0].StartPort, (*local)[0].EndPort = 17, 4096, 4096
	(*remote)[0].Protocol, (*remote)[0].StartPort, (*remote)[0].EndPort = 17, 53, 53
}

// Non-first fragments leave through an SA with ports only if both sides said so (RFC 4301, Section 7.3), and only behind
// their first one.
func TestFragmentsWithoutPortsFollowTheFirst(t *testing.T) {
	first, second := fragments("10.1.0.1", "10.2.0.1", 7, [4]byte{0x10, 0, 0, 53})
	for _, tt := range []struct {
		name    string
		agreed  bool
		packets [][]byte
		sealed  int
	}{
		{"agreed", true, [][]byte{first, second}, 2},
		{"not agreed", false, [][]byte{first, second}, 1},
		{"behind nothing", true, [][]byte{second}, 0},
	} {
		s := newBench(t)
		s.protect(1, func(p *dataplane.Policy) { onePort(&p.Local, &p.Remote) })
		out := sa(dataplane.Outbound, 0x1000, 1)
		out.NonFirstFragments = tt.agreed
		s.install(out)
		for _, p := range tt.packets {
			s.device.put(p)
		}
		s.run()
		if n := segments(s.network.take()); n != tt.sealed {
			t.Errorf("%s: %d packets were sealed, want %d", tt.name, n, tt.sealed)
		}
	}
}

func TestFragmentsWithoutPortsArriveBehindTheFirst(t *testing.T) {
	ports := [4]byte{0, 53, 0x10, 0}
	first, second := fragments("10.2.0.1", "10.1.0.1", 7, ports)
	wrong, orphan := fragments("10.2.0.1", "10.1.0.1", 8, [4]byte{0, 99, 0x10, 0})
	for _, agreed := range []bool{true, false} {
		s := newBench(t)
		spi, err := s.AllocateSPI(0)
		if err != nil {
			t.Fatal(err)
		}
		a := sa(dataplane.Inbound, spi, 1)
		onePort(&a.Local, &a.Remote)
		a.NonFirstFragments = agreed
		s.install(a)
		in := s.sad.find(spi)
		follows := esp.ErrSelector
		if agreed {
			follows = 0
		}
		for i, step := range []struct {
			pkt  []byte
			want esp.Drop
		}{{second, esp.ErrSelector}, {first, 0}, {second, follows}, {wrong, esp.ErrSelector}, {orphan, esp.ErrSelector}, {second, follows}} {
			if got := s.rx.check(in, step.pkt); got != step.want {
				t.Errorf("agreed %v, packet %d: %v, want %v", agreed, i, got, step.want)
			}
		}
	}
}
