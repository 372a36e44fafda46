package esp

import (
	"bytes"
	"encoding/binary"
	"testing"

	"culvert/checksum"
	"culvert/spd"
)

func withDF(pkt []byte) []byte {
	binary.BigEndian.PutUint16(pkt[6:], flagDF)
	return pkt
}

func TestOuterHeaderOfEveryCombination(t *testing.T) {
	inners := map[string][]byte{"IPv4 in ": udp(t, hostA, hostB, 20), "IPv6 in ": udp(t, hostA6, hostB6, 20)}
	outers := map[string]Outer{
		"IPv4": {Source: addr(gateA), Destination: addr(gateB), Protocol: protoESP, CopyDSCP: true},
		"IPv6": {Source: addr(gateA6), Destination: addr(gateB6), Protocol: protoUDP, CopyDSCP: true, HopLimit: 9},
	}
	for in, inner := range inners {
		for out, o := range outers {
			t.Run(in+out, func(t *testing.T) {
				setTrafficClass(inner, 0xb9)
				pkt, err := o.Append([]byte("x"), inner, 30, 0x1234)
				if err != nil || pkt[0] != 'x' {
					t.Fatal(err)
				}
				f, i, err := spd.ParseFlow(append(pkt[1:], make([]byte, 30)...))
				if err != nil {
					t.Fatal(err)
				}
				if f.Source != o.Source || f.Destination != o.Destination || f.Protocol != o.Protocol || i.TrafficClass != 0xb9 || i.Length-i.HeaderLength != 30 {
					t.Errorf("got %+v, %+v", f, i)
				}
				if want := max(o.HopLimit, defaultHopLimit*(1-o.HopLimit/9)); i.HopLimit != want {
					t.Errorf("hop limit %d, want %d", i.HopLimit, want)
				}
				if i.Version == 4 && checksum.Fold(checksum.Add(pkt[1:21], 0)) != 0xffff {
					t.Error("wrong header checksum")
				}
			})
		}
	}
}

func TestDontFragment(t *testing.T) {
	tests := []struct {
		name              string
		inner             []byte
		copied, set, none bool
	}{
		{"IPv4", udp(t, hostA, hostB, 20), false, true, false},
		{"IPv4 with DF", withDF(udp(t, hostA, hostB, 20)), true, true, false},
		{"IPv6", udp(t, hostA6, hostB6, 20), true, true, false},
		{"a bare header with DF", withDF(ipPacket(t, hostA, hostB, protoUDP, nil)), true, true, false},
		{"nothing", nil, false, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if a, b, c := DFCopy.DontFragment(tt.inner), DFSet.DontFragment(tt.inner), DFClear.DontFragment(tt.inner); a != tt.copied || b != tt.set || c != tt.none {
				t.Errorf("copied %v, set %v, cleared %v", a, b, c)
			}
		})
	}
}

func TestIdentificationIsForPacketsThatMayBeFragmented(t *testing.T) {
	o := Outer{Source: addr(gateA), Destination: addr(gateB)}
	loose, _ := o.Append(nil, udp(t, hostA, hostB, 20), 0, 0x1234)
	tight, _ := o.Append(nil, withDF(udp(t, hostA, hostB, 20)), 0, 0x1234)
	if id, flags := binary.BigEndian.Uint16(loose[4:]), binary.BigEndian.Uint16(loose[6:]); id != 0x1234 || flags != 0 {
		t.Errorf("without DF: ID %04x, flags %04x", id, flags)
	}
	if id, flags := binary.BigEndian.Uint16(tight[4:]), binary.BigEndian.Uint16(tight[6:]); id != 0 || flags != flagDF {
		t.Errorf("with DF: ID %04x, flags %04x", id, flags)
	}
}

func TestOuterHeaderRefuses(t *testing.T) {
	inner := udp(t, hostA, hostB, 20)
	v4 := Outer{Source: addr(gateA), Destination: addr(gateB)}
	v6 := Outer{Source: addr(gateA6), Destination: addr(gateB6)}
	mixed := Outer{Source: addr(gateA), Destination: addr(gateB6)}
	tests := []struct {
		name  string
		o     Outer
		inner []byte
		n     int
		want  error
	}{
		{"no packet inside", v4, nil, 10, ErrMalformed},
		{"two families", mixed, inner, 10, ErrMalformed},
		{"IPv4 too long", v4, inner, 65516, ErrTooBig},
		{"IPv6 too long", v6, inner, 65536, ErrTooBig},
		{"negative", v6, inner, -1, ErrTooBig},
	}
	for _, tt := range tests {
		if got, err := tt.o.Append(nil, tt.inner, tt.n, 0); err != tt.want || len(got) != 0 {
			t.Errorf("%s: %x, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestBareHeadersAreTunnelled(t *testing.T) {
	for _, inner := range [][]byte{ipPacket(t, hostA, hostB, protoNone, nil), ipPacket(t, hostA6, hostB6, protoNone, nil)} {
		o := Outer{Source: addr(gateA), Destination: addr(gateB), Protocol: protoESP}
		if _, err := o.Append(nil, inner, 50, 0); err != nil {
			t.Errorf("outer header: %v", err)
		}
		if _, err := Decapsulate(inner, ecnNotECT); err != nil {
			t.Errorf("Decapsulate: %v", err)
		}
		if err := CopyDSCP(inner, 0x20); err != nil {
			t.Errorf("CopyDSCP: %v", err)
		}
		out, in := pair(t, params(gcm()))
		if got, _, err := in.Open(seal(t, out, inner)); err != nil || !bytes.Equal(got, inner) {
			t.Errorf("got %x, %v", got, err)
		}
	}
}
