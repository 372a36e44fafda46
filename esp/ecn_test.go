package esp

import (
	"bytes"
	"slices"
	"testing"
)

// The sixteen combinations of RFC 6040, Figure 4, row by row as printed.
func TestDecapsulateFollowsRFC6040(t *testing.T) {
	const drop = 0xff
	tests := []struct {
		inner, outer, want uint8
		strange            bool
	}{
		{ecnNotECT, ecnNotECT, ecnNotECT, false},
		{ecnNotECT, ecnECT0, ecnNotECT, true},
		{ecnNotECT, ecnECT1, ecnNotECT, true},
		{ecnNotECT, ecnCE, drop, true},
		{ecnECT0, ecnNotECT, ecnECT0, false},
		{ecnECT0, ecnECT0, ecnECT0, false},
		{ecnECT0, ecnECT1, ecnECT1, false},
		{ecnECT0, ecnCE, ecnCE, false},
		{ecnECT1, ecnNotECT, ecnECT1, false},
		{ecnECT1, ecnECT0, ecnECT1, true},
		{ecnECT1, ecnECT1, ecnECT1, false},
		{ecnECT1, ecnCE, ecnCE, false},
		{ecnCE, ecnNotECT, ecnCE, false},
		{ecnCE, ecnECT0, ecnCE, false},
		{ecnCE, ecnECT1, ecnCE, true},
		{ecnCE, ecnCE, ecnCE, false},
	}
	const innerDSCP, outerDSCP = 46 << 2, 10 << 2
	for _, tt := range tests {
		for _, pkt := range [][]byte{udp(t, hostA, hostB, 20), udp(t, hostA6, hostB6, 20)} {
			setTrafficClass(pkt, innerDSCP|tt.inner)
			before := slices.Clone(pkt)
			strange, err := Decapsulate(pkt, outerDSCP|tt.outer)
			if strange != tt.strange {
				t.Errorf("inner %d, outer %d: strange = %v", tt.inner, tt.outer, strange)
			}
			if tt.want == drop {
				if err != ErrCongestion || !bytes.Equal(pkt, before) {
					t.Errorf("inner %d, outer %d: %v", tt.inner, tt.outer, err)
				}
				continue
			}
			if got := trafficClass(pkt); err != nil || got != innerDSCP|tt.want {
				t.Errorf("inner %d, outer %d: got %08b, %v, want ECN %d", tt.inner, tt.outer, got, err, tt.want)
			}
			checkChecksums(t, pkt)
		}
	}
}

func TestEncapsulationCopiesECN(t *testing.T) {
	for class := range 256 {
		copied := Outer{CopyDSCP: true, DSCP: 7}
		if got := copied.TrafficClass(uint8(class)); got != uint8(class) {
			t.Errorf("copying: %02x became %02x", class, got)
		}
		set := Outer{DSCP: 7}
		if got := set.TrafficClass(uint8(class)); got != 7<<2|uint8(class)&3 {
			t.Errorf("setting: %02x became %02x", class, got)
		}
	}
}

func TestCopyDSCP(t *testing.T) {
	for _, pkt := range [][]byte{udp(t, hostA, hostB, 20), udp(t, hostA6, hostB6, 20)} {
		setTrafficClass(pkt, 10<<2|ecnECT0)
		if err := CopyDSCP(pkt, 46<<2|ecnCE); err != nil || trafficClass(pkt) != 46<<2|ecnECT0 {
			t.Errorf("got %02x, %v", trafficClass(pkt), err)
		}
		checkChecksums(t, pkt)
	}
}

func TestEveryTrafficClassKeepsTheChecksumRight(t *testing.T) {
	pkt := udp(t, hostA, hostB, 20)
	pkt6 := udp(t, hostA6, hostB6, 20)
	pkt6[1], pkt6[2] = 0x0a, 0xbc
	for class := range 256 {
		setTrafficClass(pkt, uint8(class))
		setTrafficClass(pkt6, uint8(class))
		checkChecksums(t, pkt)
		if trafficClass(pkt) != uint8(class) || trafficClass(pkt6) != uint8(class) || pkt6[0]>>4 != 6 || pkt6[1]&0xf != 0xa {
			t.Errorf("class %02x: %x, %x", class, pkt[:2], pkt6[:3])
		}
	}
}

func TestShortPacketsHaveNoTrafficClass(t *testing.T) {
	if _, err := Decapsulate(make([]byte, 19), 0); err != ErrInner {
		t.Errorf("Decapsulate: %v", err)
	}
	if err := CopyDSCP(make([]byte, 19), 0); err != ErrInner {
		t.Errorf("CopyDSCP: %v", err)
	}
}
