package esp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"culvert/spd"
)

func TestTooBigTellsTheSender(t *testing.T) {
	gate := map[int]netip.Addr{4: addr(gateA), 6: addr(gateA6)}
	tests := []struct {
		name        string
		pkt         []byte
		from        netip.Addr
		source      string
		protocol    uint8
		kind, code  byte
		mtu, quoted int
	}{
		{"IPv4", withDF(udp(t, hostA, hostB, 1480)), gate[4], gateA, protoICMP, 3, 4, 1438, 548},
		{"IPv4, short", withDF(udp(t, hostA, hostB, 100)), gate[4], gateA, protoICMP, 3, 4, 1438, 120},
		{"IPv6", udp(t, hostA6, hostB6, 1460), gate[6], gateA6, protoICMPv6, 2, 0, 1438, 1232},
		{"IPv6 is told 1280 at least", udp(t, hostA6, hostB6, 1460), gate[6], gateA6, protoICMPv6, 2, 0, 1200, 1232},
		{"no address of the family", udp(t, hostA6, hostB6, 1460), gate[4], hostB6, protoICMPv6, 2, 0, 1438, 1232},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, ok := AppendTooBig([]byte("x"), tt.pkt, tt.mtu, tt.from)
			if !ok {
				t.Fatal("no answer")
			}
			out = out[1:]
			checkChecksums(t, out)
			f, i, err := spd.ParseFlow(out)
			if err != nil || f.Source != addr(tt.source) || f.Destination.String() != hostOf(tt.pkt) || f.Protocol != tt.protocol || f.SourcePort != uint16(tt.kind)<<8|uint16(tt.code) {
				t.Errorf("got %+v, %v", f, err)
			}
			message := out[i.HeaderLength:]
			mtu := int(binary.BigEndian.Uint32(message[4:]))
			if want := tt.mtu; mtu != want && !(i.Version == 6 && mtu == max(want, 1280)) {
				t.Errorf("MTU %d, want %d", mtu, want)
			}
			if !bytes.Equal(message[8:], tt.pkt[:tt.quoted]) {
				t.Errorf("%d octets quoted, want %d", len(message)-8, tt.quoted)
			}
		})
	}
}

func hostOf(pkt []byte) string {
	if pkt[0]>>4 == 4 {
		return hostA
	}
	return hostA6
}

func TestProhibited(t *testing.T) {
	for _, tt := range []struct {
		pkt  []byte
		want uint16
	}{
		{udp(t, hostA, hostB, 20), 3<<8 | 13},
		{udp(t, hostA6, hostB6, 20), 1<<8 | 1},
	} {
		out, ok := AppendProhibited(nil, tt.pkt, netip.Addr{})
		if !ok {
			t.Fatal("no answer")
		}
		checkChecksums(t, out)
		if f, _, err := spd.ParseFlow(out); err != nil || f.SourcePort != tt.want {
			t.Errorf("got %04x, %v", f.SourcePort, err)
		}
	}
}

func TestICMPIsNotAnsweredWhereForbidden(t *testing.T) {
	icmp := func(source, destination string, kind byte) []byte {
		protocol := uint8(protoICMP)
		if addr(source).Is6() {
			protocol = protoICMPv6
		}
		return ipPacket(t, source, destination, protocol, []byte{kind, 0, 0, 0, 0, 0, 0, 0})
	}
	later := udp(t, hostA, hostB, 20)
	binary.BigEndian.PutUint16(later[6:], 100)
	tests := []struct {
		name       string
		pkt        []byte
		tooBig, no bool // answers expected
	}{
		{"a datagram", udp(t, hostA, hostB, 20), true, true},
		{"an echo request", icmp(hostA, hostB, 8), true, true},
		{"an ICMP error", icmp(hostA, hostB, 3), false, false},
		{"an ICMPv6 error", icmp(hostA6, hostB6, 1), false, false},
		{"an ICMPv6 redirect", icmp(hostA6, hostB6, 137), false, false},
		{"a later fragment", later, false, false},
		{"to multicast", udp(t, hostA, "224.0.0.5", 20), false, false},
		{"to everybody", udp(t, hostA, "255.255.255.255", 20), false, false},
		{"to IPv6 multicast", udp(t, hostA6, "ff02::1", 20), true, false},
		{"from nobody", udp(t, "0.0.0.0", hostB, 20), false, false},
		{"from multicast", udp(t, "224.0.0.5", hostB, 20), false, false},
		{"from everybody", udp(t, "255.255.255.255", hostB, 20), false, false},
		{"from loopback", udp(t, "127.0.0.1", hostB, 20), false, false},
		{"no packet", nil, false, false},
		{"a truncated packet", udp(t, hostA6, hostB6, 20)[:50], false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if out, ok := AppendTooBig(nil, tt.pkt, 1400, netip.Addr{}); ok != tt.tooBig || (len(out) > 0) != ok {
				t.Errorf("too big: %v", ok)
			}
			if out, ok := AppendProhibited(nil, tt.pkt, netip.Addr{}); ok != tt.no || (len(out) > 0) != ok {
				t.Errorf("prohibited: %v", ok)
			}
		})
	}
}

// espPacket is an ESP packet of ours on the wire, bare or in UDP.
func espPacket(t testing.TB, local, remote string, inUDP bool) []byte {
	t.Helper()
	esp := append([]byte{0xc0, 0xff, 0xee, 1, 0, 0, 0, 9}, octets(1000, 0)...)
	if !inUDP {
		return ipPacket(t, local, remote, protoESP, esp)
	}
	return ipPacket(t, local, remote, protoUDP, append([]byte{0x11, 0x94, 0xc0, 0x00, 0, 0, 0, 0}, esp...))
}

// icmpAbout is an error that a router sends about pkt, quoting n octets.
func icmpAbout(t testing.TB, pkt []byte, kind, code byte, value uint32, n int) []byte {
	t.Helper()
	message := binary.BigEndian.AppendUint32([]byte{kind, code, 0, 0}, value)
	message = append(message, pkt[:n]...)
	if pkt[0]>>4 == 4 {
		return ipPacket(t, "203.0.113.9", gateA, protoICMP, message)
	}
	return ipPacket(t, "2001:db8:c::9", gateA6, protoICMPv6, message)
}

func TestParseICMPError(t *testing.T) {
	raw, inUDP := espPacket(t, gateA, gateB, false), espPacket(t, gateA, gateB, true)
	raw6, inUDP6 := espPacket(t, gateA6, gateB6, false), espPacket(t, gateA6, gateB6, true)
	a, b, a6, b6 := addr(gateA), addr(gateB), addr(gateA6), addr(gateB6)
	const spi, port, natted = 0xc0ffee01, 4500, 0xc000
	tests := []struct {
		name string
		pkt  []byte
		want ICMPError
	}{
		{"fragmentation needed", icmpAbout(t, raw, 3, 4, 1400, 28), ICMPError{3, 4, true, 1400, a, b, 0, 0, spi, 9}},
		{"an old router", icmpAbout(t, raw, 3, 4, 0, 28), ICMPError{3, 4, true, 1006, a, b, 0, 0, spi, 9}},
		{"in UDP, eight octets quoted", icmpAbout(t, inUDP, 3, 4, 1400, 28), ICMPError{3, 4, true, 1400, a, b, port, natted, 0, 0}},
		{"in UDP, more quoted", icmpAbout(t, inUDP, 3, 4, 1400, 60), ICMPError{3, 4, true, 1400, a, b, port, natted, spi, 9}},
		{"port unreachable", icmpAbout(t, inUDP, 3, 3, 0, 28), ICMPError{3, 3, false, 0, a, b, port, natted, 0, 0}},
		{"packet too big", icmpAbout(t, raw6, 2, 0, 1400, 60), ICMPError{2, 0, true, 1400, a6, b6, 0, 0, spi, 9}},
		{"packet too big, in UDP", icmpAbout(t, inUDP6, 2, 0, 1<<20, 200), ICMPError{2, 0, true, 0xffff, a6, b6, port, natted, spi, 9}},
		{"time exceeded", icmpAbout(t, raw6, 3, 0, 0, 60), ICMPError{3, 0, false, 0, a6, b6, 0, 0, spi, 9}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseICMPError(tt.pkt)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseICMPErrorRefuses(t *testing.T) {
	raw, raw6 := espPacket(t, gateA, gateB, false), espPacket(t, gateA6, gateB6, false)
	inUDP := espPacket(t, gateA, gateB, true)
	clear(inUDP[28:32])
	if e, err := ParseICMPError(icmpAbout(t, inUDP, 3, 4, 1400, 60)); err != nil || e.SPI != 0 || e.Sequence != 0 {
		t.Errorf("an IKE message: %+v, %v", e, err)
	}
	later, options, tcp := slices.Clone(raw), slices.Clone(raw), udp(t, gateA, gateB, 40)
	later[7], options[0], tcp[9] = 100, 0x44, protoTCP
	fragment := icmpAbout(t, raw, 3, 4, 1400, 28)
	binary.BigEndian.PutUint16(fragment[6:], flagMF)
	tests := []struct {
		name string
		pkt  []byte
		want error
	}{
		{"nothing", nil, ErrTruncated},
		{"no error", icmpAbout(t, raw, 8, 0, 0, 28), ErrNextHeader},
		{"no ICMP", udp(t, gateB, gateA, 40), ErrNextHeader},
		{"a fragment", fragment, ErrNextHeader},
		{"about TCP", icmpAbout(t, tcp, 3, 4, 1400, 28), ErrNextHeader},
		{"too little quoted", icmpAbout(t, raw, 3, 4, 1400, 27), ErrTruncated},
		{"too little quoted of IPv6", icmpAbout(t, raw6, 2, 0, 1400, 47), ErrTruncated},
		{"no header", icmpAbout(t, raw, 3, 4, 1400, 3), ErrTruncated},
		{"an impossible header", icmpAbout(t, options, 3, 4, 1400, 28), ErrTruncated},
		{"about a later fragment", icmpAbout(t, later, 3, 4, 1400, 28), ErrTruncated},
		{"a message cut off", ipPacket(t, gateB, gateA, protoICMP, []byte{3, 4, 0, 0}), ErrTruncated},
		{"IPv6 quoted by ICMP", ipPacket(t, gateB, gateA, protoICMP, append([]byte{3, 4, 0, 0, 0, 0, 0, 0}, raw6[:60]...)), ErrTruncated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := ParseICMPError(tt.pkt); err != tt.want || got != (ICMPError{}) {
				t.Errorf("got %+v, %v, want %v", got, err, tt.want)
			}
		})
	}
}
