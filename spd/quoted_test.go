package spd

import "testing"

func TestReturnFlowOfICMPErrors(t *testing.T) {
	quote4 := ipv4Packet(t, 6, 1400)[:28] // cut off behind eight octets, as routers do
	error4 := func(kind byte) []byte {
		pkt := ipv4Packet(t, 1, 8+len(quote4))
		pkt[20], pkt[21] = kind, 1
		copy(pkt[12:], []byte{203, 0, 113, 9, 192, 0, 2, 1}) // of a router, to the source of the quoted packet
		copy(pkt[28:], quote4)
		return pkt
	}
	quote6 := ipv6Packet(t, 17, []byte{0, 7, 0, 9, 0, 0, 0, 0})
	error6 := func(kind byte) []byte {
		pkt := ipv6Packet(t, 58, append([]byte{kind, 0, 0, 0, 0, 0, 0, 0}, quote6...))
		copy(pkt[24:], quote6[8:24])
		return pkt
	}
	astray := error4(3)
	copy(astray[16:], []byte{192, 0, 2, 99})
	tests := []struct {
		name string
		pkt  []byte
		want Flow
		ok   bool
	}{
		{"unreachable", error4(3), flow("198.51.100.2", "192.0.2.1", 6, 2000, 1000), true},
		{"time exceeded", error4(11), flow("198.51.100.2", "192.0.2.1", 6, 2000, 1000), true},
		{"to another host than the one it is for", astray, Flow{}, false},
		{"echo is no error", error4(8), Flow{}, false},
		{"ICMPv6 too big", error6(2), flow("2001:db8::2", "2001:db8::1", 17, 9, 7), true},
		{"ICMPv6 echo is no error", error6(128), Flow{}, false},
		{"not ICMP", ipv4Packet(t, 17, 40), Flow{}, false},
		{"nothing quoted", ipv6Packet(t, 58, []byte{1, 0, 0, 0, 0, 0, 0, 0}), Flow{}, false},
		{"no room for the rest of the header", ipv6Packet(t, 58, []byte{1, 0, 0}), Flow{}, false},
		{"the wrong version quoted", ipv6Packet(t, 58, append([]byte{1, 0, 0, 0, 0, 0, 0, 0}, ipv4Packet(t, 6, 40)...)), Flow{}, false},
		{"hidden by fragmentation", fragment4(error4(3), 1480, false), Flow{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, i := parsed(t, tt.pkt)
			got, ok := ReturnFlow(tt.pkt, f, i)
			if ok != tt.ok || ok && got != tt.want {
				t.Errorf("got %v, %v, want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestICMPErrorsAreAdmittedWithTheTrafficTheyAreAbout(t *testing.T) {
	about := func(pkt []byte) []byte {
		outer := ipv4Packet(t, 1, 8+28)
		outer[20], outer[21] = 3, 1
		copy(outer[12:], []byte{203, 0, 113, 9}) // a router that the selectors do not know
		copy(outer[16:], pkt[12:16])
		copy(outer[28:], pkt[:28])
		return outer
	}
	ours := ipv4Packet(t, 6, 40)
	theirs := ipv4Packet(t, 6, 40)
	copy(theirs[16:], []byte{198, 51, 101, 2})
	tests := []struct {
		name string
		pkt  []byte
		want bool
	}{
		{"about our traffic", about(ours), true},
		{"about traffic of another SA", about(theirs), false},
		{"no error", ours, false},
	}
	s := Selectors{Local: sels(t, "192.0.2.0/24[tcp]"), Remote: sels(t, "198.51.100.0/24[tcp]")}
	for _, tt := range tests {
		f, i := parsed(t, tt.pkt)
		if got := s.AdmitsInbound(tt.pkt, f, i); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	back := ipv4Packet(t, 6, 40)
	copy(back[12:], []byte{198, 51, 100, 2, 192, 0, 2, 1})
	if f, i := parsed(t, back); !s.AdmitsInbound(back, f, i) {
		t.Error("ordinary traffic is refused")
	}
}

func TestWhichICMPTypesAreErrors(t *testing.T) {
	errors4 := map[uint16]bool{3: true, 4: true, 5: true, 11: true, 12: true}
	for kind := range uint16(256) {
		for _, code := range []uint16{0, 255} {
			v4 := flow("10.0.0.1", "10.0.0.2", 1, kind<<8|code, kind<<8|code)
			if got := IsICMPError(v4); got != errors4[kind] {
				t.Errorf("ICMP %d: %v", kind, got)
			}
			v6 := flow("::1", "::2", 58, kind<<8|code, kind<<8|code)
			if got := IsICMPError(v6); got != (kind < 128) {
				t.Errorf("ICMPv6 %d: %v", kind, got)
			}
			v6.Opaque = true
			if IsICMPError(v6) || IsICMPError(flow("::1", "::2", 17, kind<<8, kind<<8)) {
				t.Errorf("%d: a hidden type, or UDP, is an error", kind)
			}
		}
	}
}
