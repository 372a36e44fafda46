package esp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
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
