package esp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"culvert/checksum"
	"culvert/spd"
)

// A packet from hostA to gateB passes a NAT, which makes gateA its source. The peer computed the checksum over hostA.
func TestTransportHeaderMendsChecksumsBehindNAT(t *testing.T) {
	tests := []struct {
		name                            string
		sent, sentTo, arrived, arrived2 string
		protocol                        uint8
	}{
		{"TCP, source translated", hostA, gateB, gateA, gateB, protoTCP},
		{"UDP, source translated", hostA, gateB, gateA, gateB, protoUDP},
		{"UDP, both translated", hostA, gateB, gateA, hostB, protoUDP},
		{"DCCP, destination translated", hostA, gateB, hostA, hostB, protoDCCP},
		{"UDP-Lite", hostA, gateB, gateA, gateB, protoUDPLite},
		{"TCP over IPv6", hostA6, gateB6, gateA6, hostB6, protoTCP},
		{"ICMPv6", hostA6, gateB6, gateA6, hostB6, protoICMPv6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			payload := transportSegment(t, tt.sent, tt.sentTo, tt.protocol, 41)
			h := TransportHeader{Source: addr(tt.arrived), Destination: addr(tt.arrived2), OriginalSource: addr(tt.sent), OriginalDestination: addr(tt.sentTo), TrafficClass: 0xb8, HopLimit: 7}
			pkt, err := h.Append([]byte("x"), payload, tt.protocol)
			if err != nil {
				t.Fatal(err)
			}
			pkt = pkt[1:]
			checkChecksums(t, pkt)
			f, i, err := spd.ParseFlow(pkt)
			if err != nil || f.Source != h.Source || f.Destination != h.Destination || f.Protocol != tt.protocol || i.HopLimit != 7 || i.TrafficClass != 0xb8 || !i.DontFragment {
				t.Errorf("got %+v, %+v, %v", f, i, err)
			}
		})
	}
}

func TestTransportHeaderLeavesChecksumsAlone(t *testing.T) {
	plain := TransportHeader{Source: addr(gateA), Destination: addr(gateB)}
	nat := plain
	nat.OriginalSource = addr(hostA)
	noChecksum := transportSegment(t, gateA, gateB, protoUDP, 20)
	noChecksum[6], noChecksum[7] = 0, 0
	tests := []struct {
		name     string
		h        TransportHeader
		payload  []byte
		protocol uint8
	}{
		{"without NAT", plain, transportSegment(t, gateA, gateB, protoTCP, 40), protoTCP},
		{"UDP without checksum", nat, noChecksum, protoUDP},
		{"a protocol whose checksum knows no addresses", nat, octets(40, 3), protoICMP},
		{"too short for a checksum", nat, octets(7, 3), protoUDP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pkt, err := tt.h.Append(nil, tt.payload, tt.protocol)
			if err != nil || !bytes.Equal(pkt[headerLen4:], tt.payload) {
				t.Errorf("got %x, %v, want %x", pkt, err, tt.payload)
			}
		})
	}
}

func TestMendedUDPChecksumIsNeverZero(t *testing.T) {
	// Choose the source that makes the mended sum come out as zero, which for UDP would mean "none".
	payload := transportSegment(t, hostA, gateB, protoUDP, 20)
	zero := false
	for n := range 1 << 16 {
		a := netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)})
		h := TransportHeader{Source: a, Destination: addr(gateB), OriginalSource: addr(hostA)}
		pkt, err := h.Append(nil, payload, protoUDP)
		if err != nil || pkt[26] == 0 && pkt[27] == 0 {
			t.Fatalf("source %v: %x, %v", a, pkt, err)
		}
		zero = zero || pkt[26] == 0xff && pkt[27] == 0xff
	}
	if !zero {
		t.Error("no source met the case")
	}
}

func TestChecksumAtTheEndOfAPayloadIsMended(t *testing.T) {
	h := TransportHeader{Source: addr(gateA), Destination: addr(gateB), OriginalSource: addr(hostA), OriginalDestination: addr(gateB)}
	pkt, err := h.Append(nil, transportSegment(t, hostA, gateB, protoUDP, 8), protoUDP)
	if err != nil {
		t.Fatal(err)
	}
	checkChecksums(t, pkt)
}

func TestTransportHeaderRefuses(t *testing.T) {
	for name, h := range map[string]TransportHeader{
		"no addresses": {},
		"two families": {Source: addr(gateA), Destination: addr(gateB6)},
	} {
		if _, err := h.Append(nil, octets(20, 0), protoUDP); err != ErrMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	h := TransportHeader{Source: addr(gateA), Destination: addr(gateB)}
	if got, err := h.Append([]byte("x"), make([]byte, 65516), protoUDP); err != ErrTooBig || string(got) != "x" {
		t.Errorf("too long: %v", err)
	}
}

func TestFragmentsOfIPv4(t *testing.T) {
	pkt := udp(t, hostA, hostB, 1000)
	payload := slices.Clone(pkt[headerLen4:])
	_, info, err := spd.ParseFlow(pkt)
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	count := 0
	for offset := 0; ; {
		frag, next, err := AppendFragment(nil, pkt, info, 576, offset)
		if err != nil {
			t.Fatal(err)
		}
		f, i, err := spd.ParseFlow(frag)
		if err != nil || len(frag) > 576 || i.FragmentOffset != offset || i.More != (next > 0) || i.ID != 0x4242 || f.Opaque != (offset > 0) {
			t.Errorf("at %d: %+v, %+v, %v", offset, f, i, err)
		}
		if checksum.Fold(checksum.Add(frag[:i.HeaderLength], 0)) != 0xffff {
			t.Errorf("at %d: wrong header checksum", offset)
		}
		got = append(got, frag[i.HeaderLength:]...)
		count++
		if offset = next; offset == 0 {
			break
		}
	}
	if count != 2 || !bytes.Equal(got, payload) {
		t.Errorf("%d fragments: %x", count, got)
	}
}

func TestFragmentOfAFragment(t *testing.T) {
	pkt := udp(t, hostA, hostB, 800)
	binary.BigEndian.PutUint16(pkt[6:], flagMF|1480/8)
	_, info, err := spd.ParseFlow(pkt)
	if err != nil {
		t.Fatal(err)
	}
	last, next, err := AppendFragment(nil, pkt, info, 576, 552)
	if err != nil || next != 0 {
		t.Fatal(next, err)
	}
	if _, i, err := spd.ParseFlow(last); err != nil || i.FragmentOffset != 1480+552 || !i.More || i.Length-i.HeaderLength != 248 {
		t.Errorf("got %+v, %v", i, err)
	}
}

func TestFragmentsCopyTheOptionsThatSaySo(t *testing.T) {
	options := []byte{1, 7, 3, 4, 0x83, 3, 5, 1, 0x94, 4, 0, 0} // no-op, record route, loose source route, no-op, router alert
	pkt := slices.Insert(udp(t, hostA, hostB, 100), headerLen4, options...)
	pkt[0] = 0x48
	binary.BigEndian.PutUint16(pkt[2:], uint16(len(pkt)))
	_, info, err := spd.ParseFlow(pkt)
	if err != nil {
		t.Fatal(err)
	}
	first, next, err := AppendFragment(nil, pkt, info, 76, 0)
	if err != nil || !bytes.Equal(first[headerLen4:headerLen4+len(options)], options) {
		t.Errorf("the first has %x, %v", first, err)
	}
	second, _, err := AppendFragment(nil, pkt, info, 76, next)
	if want := []byte{0x83, 3, 5, 0x94, 4, 0, 0, 0}; err != nil || second[0] != 0x47 || !bytes.Equal(second[headerLen4:headerLen4+8], want) {
		t.Errorf("the second has %x, %v", second, err)
	}
	pkt[headerLen4+2] = 200 // an option beyond the header
	if _, _, err := AppendFragment(nil, pkt, info, 76, next); err != nil {
		t.Errorf("malformed options: %v", err)
	}
}

func TestAppendFragmentRefuses(t *testing.T) {
	parse := func(pkt []byte) ([]byte, spd.PacketInfo) {
		_, i, err := spd.ParseFlow(pkt)
		if err != nil {
			t.Fatal(err)
		}
		return pkt, i
	}
	v4, i4 := parse(udp(t, hostA, hostB, 100))
	df, iDF := parse(withDF(udp(t, hostA, hostB, 100)))
	v6, i6 := parse(udp(t, hostA6, hostB6, 100))
	tests := []struct {
		name        string
		pkt         []byte
		i           spd.PacketInfo
		mtu, offset int
		want        error
	}{
		{"DF", df, iDF, 60, 0, ErrFragment},
		{"IPv6", v6, i6, 60, 0, ErrFragment},
		{"behind the end", v4, i4, 60, 101, ErrFragment},
		{"before the beginning", v4, i4, 60, -8, ErrFragment},
		{"no room", v4, i4, 27, 0, ErrTooBig},
	}
	for _, tt := range tests {
		if got, _, err := AppendFragment([]byte("x"), tt.pkt, tt.i, tt.mtu, tt.offset); err != tt.want || string(got) != "x" {
			t.Errorf("%s: %q, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}
