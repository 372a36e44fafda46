package spd

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
)

// ipv4Packet is 192.0.2.1:1000 -> 198.51.100.2:2000 with a payload of n octets.
func ipv4Packet(t testing.TB, protocol uint8, n int) []byte {
	t.Helper()
	b := make([]byte, 20+n)
	b[0], b[1], b[8], b[9] = 0x45, 0xb9, 64, protocol
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[12:], []byte{192, 0, 2, 1, 198, 51, 100, 2})
	if n >= 4 {
		copy(b[20:], []byte{1000 >> 8, 1000 & 0xff, 2000 >> 8, 2000 & 0xff})
	}
	return b
}

// ipv6Packet is 2001:db8::1 -> 2001:db8::2 with chain behind the fixed header, beginning with the protocol next.
func ipv6Packet(t testing.TB, next uint8, chain ...[]byte) []byte {
	t.Helper()
	b := make([]byte, 40)
	b[0], b[1], b[6], b[7] = 0x6b, 0x90, next, 63
	copy(b[8:], netip.MustParseAddr("2001:db8::1").AsSlice())
	copy(b[24:], netip.MustParseAddr("2001:db8::2").AsSlice())
	for _, h := range chain {
		b = append(b, h...)
	}
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
	return b
}

// option is an extension header of n octets.
func option(next uint8, n int) []byte {
	b := make([]byte, n)
	b[0], b[1] = next, byte(n/8-1)
	return b
}

func fragmentHeader(next uint8, offset int, more bool, id uint32) []byte {
	b := make([]byte, 8)
	b[0] = next
	v := uint16(offset)
	if more {
		v |= 1
	}
	binary.BigEndian.PutUint16(b[2:], v)
	binary.BigEndian.PutUint32(b[4:], id)
	return b
}

func fragment4(pkt []byte, offset int, more bool) []byte {
	v := uint16(offset / 8)
	if more {
		v |= 0x2000
	}
	binary.BigEndian.PutUint16(pkt[6:], v)
	binary.BigEndian.PutUint16(pkt[4:], 0x1234)
	return pkt
}

func TestParseFlowIPv4(t *testing.T) {
	pkt := ipv4Packet(t, 17, 24)
	pkt[6] = 0x40
	f, i, err := ParseFlow(append(pkt, 0, 0, 0)) // padding behind the packet
	if err != nil {
		t.Fatal(err)
	}
	if want := flow("192.0.2.1", "198.51.100.2", 17, 1000, 2000); f != want {
		t.Errorf("got %v, want %v", f, want)
	}
	if want := (PacketInfo{Version: 4, TrafficClass: 0xb9, HopLimit: 64, DontFragment: true, HeaderLength: 20, Length: 44}); i != want {
		t.Errorf("got %+v, want %+v", i, want)
	}
}

func TestParseFlowIPv6(t *testing.T) {
	upper := []byte{1000 >> 8, 1000 & 0xff, 2000 >> 8, 2000 & 0xff, 0, 0, 0, 0}
	pkt := ipv6Packet(t, 0, option(43, 8), option(60, 24), option(17, 8), upper)
	f, i, err := ParseFlow(pkt)
	if err != nil {
		t.Fatal(err)
	}
	if want := flow("2001:db8::1", "2001:db8::2", 17, 1000, 2000); f != want {
		t.Errorf("got %v, want %v", f, want)
	}
	want := PacketInfo{Version: 6, TrafficClass: 0xb9, HopLimit: 63, DontFragment: true, HeaderLength: 80, Length: 88, Extensions: true}
	if i != want {
		t.Errorf("got %+v, want %+v", i, want)
	}
}

func TestParseFlowOfProtocols(t *testing.T) {
	tests := []struct {
		name     string
		protocol uint8
		payload  []byte
		from, to uint16
		opaque   bool
	}{
		{"TCP", 6, []byte{0, 1, 0, 2}, 1, 2, false},
		{"SCTP", 132, []byte{0, 1, 0, 2}, 1, 2, false},
		{"UDP cut short", 17, []byte{0, 1, 0}, 0, 0, true},
		{"ICMP", 1, []byte{3, 4}, 0x0304, 0x0304, false},
		{"ICMPv6", 58, []byte{128, 0, 1}, 0x8000, 0x8000, false},
		{"ICMP cut short", 1, []byte{3}, 0, 0, true},
		{"Mobility Header", 135, []byte{59, 0, 5}, 0x0500, 0x0500, false},
		{"Mobility Header cut short", 135, []byte{59, 0}, 0, 0, true},
		{"ESP", 50, []byte{1, 2, 3, 4, 5, 6, 7, 8}, 0, 0, true},
		{"AH is no extension header here", 51, []byte{6, 4, 0, 0}, 0, 0, true},
		{"no next header", 59, nil, 0, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, _, err := ParseFlow(ipv6Packet(t, tt.protocol, tt.payload))
			if err != nil {
				t.Fatal(err)
			}
			if f.Protocol != tt.protocol || f.SourcePort != tt.from || f.DestinationPort != tt.to || f.Opaque != tt.opaque {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestParseFlowOfFragments(t *testing.T) {
	udp := []byte{0, 1, 0, 2, 0, 0, 0, 0}
	tests := []struct {
		name           string
		pkt            []byte
		protocol       uint8
		opaque         bool
		fragment, more bool
		offset         int
		id             uint32
	}{
		{"IPv4 first", fragment4(ipv4Packet(t, 17, 16), 0, true), 17, false, true, true, 0, 0x1234},
		{"IPv4 middle", fragment4(ipv4Packet(t, 17, 16), 16, true), 17, true, true, true, 16, 0x1234},
		{"IPv4 last", fragment4(ipv4Packet(t, 17, 16), 32, false), 17, true, true, false, 32, 0x1234},
		{"IPv6 first", ipv6Packet(t, 44, fragmentHeader(17, 0, true, 77), udp), 17, false, true, true, 0, 77},
		{"IPv6 last", ipv6Packet(t, 0, option(44, 8), fragmentHeader(17, 1400, false, 77), udp), 17, true, true, false, 1400, 77},
		{"IPv6 atomic", ipv6Packet(t, 44, fragmentHeader(17, 0, false, 77), udp), 17, false, false, false, 0, 77},
		{"IPv6 last, behind an option", ipv6Packet(t, 44, fragmentHeader(60, 1400, false, 77), udp), 60, true, true, false, 1400, 77},
		{"IPv6 first, with an option", ipv6Packet(t, 44, fragmentHeader(60, 0, true, 77), option(17, 8), udp), 17, false, true, true, 0, 77},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, i, err := ParseFlow(tt.pkt)
			if err != nil {
				t.Fatal(err)
			}
			if f.Protocol != tt.protocol || f.Opaque != tt.opaque || i.Fragment != tt.fragment || i.More != tt.more || i.FragmentOffset != tt.offset || i.ID != tt.id {
				t.Errorf("got %+v, %+v", f, i)
			}
		})
	}
}

func TestParseFlowRefuses(t *testing.T) {
	change := func(pkt []byte, at int, v byte) []byte { pkt[at] = v; return pkt }
	var long [][]byte
	for range MaxExtensionHeaders {
		long = append(long, option(60, 8))
	}
	tests := []struct {
		name string
		pkt  []byte
		want error
	}{
		{"nothing", nil, ErrTruncated},
		{"IPv5", []byte{0x50}, ErrVersion},
		{"IHL of 4", change(ipv4Packet(t, 17, 8), 0, 0x44), ErrHeader},
		{"IHL beyond the packet", change(ipv4Packet(t, 17, 8), 0, 0x4f), ErrHeader},
		{"length below the header", change(ipv4Packet(t, 17, 8), 3, 19), ErrHeader},
		{"length beyond the octets", change(ipv4Packet(t, 17, 8), 3, 29), ErrTruncated},
		{"IPv6 length beyond the octets", change(ipv6Packet(t, 59), 5, 1), ErrTruncated},
		{"extension header cut off", ipv6Packet(t, 0, []byte{17, 0, 0, 0}), ErrTruncated},
		{"extension header longer than the packet", ipv6Packet(t, 60, change(option(17, 8), 1, 200)), ErrTruncated},
		{"extension header missing", ipv6Packet(t, 43), ErrTruncated},
		{"extension header in the padding", append(ipv6Packet(t, 43), option(17, 8)...), ErrTruncated},
		{"chain too long", ipv6Packet(t, 60, append(long, option(60, 8))...), ErrTooManyHeaders},
		{"fragment of a fragment", ipv6Packet(t, 44, fragmentHeader(44, 0, true, 1), fragmentHeader(17, 0, true, 1)), ErrHeader},
		{"tiny first fragment of TCP", fragment4(ipv4Packet(t, 6, 8), 0, true), ErrTinyFragment},
		{"fragment over the flags of TCP", fragment4(ipv4Packet(t, 6, 64), 8, false), ErrTinyFragment},
		{"ping of death", fragment4(ipv4Packet(t, 1, 64), 65528, false), ErrHeader},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if f, _, err := ParseFlow(tt.pkt); !errors.Is(err, tt.want) || f != (Flow{}) {
				t.Errorf("got %v, %v, want %v", f, err, tt.want)
			}
		})
	}
}

func TestFirstFragmentsOfTCPNeedItsFlags(t *testing.T) {
	for n, want := range map[int]error{8: ErrTinyFragment, 15: ErrTinyFragment, 16: nil, 1480: nil} {
		if _, _, err := ParseFlow(fragment4(ipv4Packet(t, 6, n), 0, true)); !errors.Is(err, want) {
			t.Errorf("%d octets: %v, want %v", n, err, want)
		}
	}
	if _, _, err := ParseFlow(fragment4(ipv4Packet(t, 6, 64), 16, false)); err != nil {
		t.Errorf("a fragment behind the flags: %v", err)
	}
	if _, _, err := ParseFlow(fragment4(ipv4Packet(t, 17, 8), 8, false)); err != nil {
		t.Errorf("a second fragment of UDP: %v", err)
	}
}

func TestLongestChainOfExtensionHeaders(t *testing.T) {
	var chain [][]byte
	for range MaxExtensionHeaders - 1 {
		chain = append(chain, option(60, 8))
	}
	chain = append(chain, option(17, 8), []byte{0, 1, 0, 2, 0, 0, 0, 0})
	if f, i, err := ParseFlow(ipv6Packet(t, 60, chain...)); err != nil || f.Protocol != 17 || f.DestinationPort != 2 || i.HeaderLength != 40+8*MaxExtensionHeaders {
		t.Errorf("got %+v, %+v, %v", f, i, err)
	}
}

func TestParseFlowOfEveryPrefix(t *testing.T) {
	whole := [][]byte{
		ipv4Packet(t, 6, 24),
		ipv6Packet(t, 0, option(44, 16), fragmentHeader(60, 0, true, 1), option(17, 8), make([]byte, 8)),
	}
	for _, pkt := range whole {
		if _, _, err := ParseFlow(pkt); err != nil {
			t.Fatal(err)
		}
		for n := range pkt {
			if _, _, err := ParseFlow(pkt[:n]); !errors.Is(err, ErrTruncated) {
				t.Errorf("%d of %d octets: got %v", n, len(pkt), err)
			}
		}
	}
}

func FuzzParseFlow(f *testing.F) {
	f.Add(ipv4Packet(f, 6, 24))
	f.Add(fragment4(ipv4Packet(f, 17, 24), 24, true))
	for _, p := range foreignPackets(f) {
		f.Add(p.pkt)
	}
	f.Add(ipv6Packet(f, 0, option(44, 16), fragmentHeader(60, 0, true, 1), option(17, 8), make([]byte, 8)))
	f.Add(ipv6Packet(f, 58, append([]byte{1, 0, 0, 0, 0, 0, 0, 0}, ipv6Packet(f, 17, make([]byte, 8))...)))
	table := NewFragmentTable(8)
	f.Fuzz(func(t *testing.T, pkt []byte) {
		fl, i, err := ParseFlow(pkt)
		if err != nil {
			return
		}
		if i.HeaderLength < 20 || i.HeaderLength > i.Length || i.Length > len(pkt) || i.FragmentOffset%8 != 0 {
			t.Fatalf("%+v of %d octets", i, len(pkt))
		}
		if fl.Source.BitLen() != fl.Destination.BitLen() || !fl.Opaque && i.FragmentOffset > 0 {
			t.Fatalf("%+v, %+v", fl, i)
		}
		ReturnFlow(pkt, fl, i)
		table.Resolve(fl, i, epoch())
		if !fl.SourceSelector().Valid() {
			t.Fatalf("%v has no selector", fl)
		}
	})
}
