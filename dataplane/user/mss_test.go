package user

import (
	"bytes"
	"encoding/binary"
	"testing"

	"culvert/checksum"
	"culvert/spd"
)

// syn is a SYN from 10.1.0.1 to 10.2.0.1 with these options, and its right checksum.
func syn(options ...byte) []byte {
	t := make([]byte, 20, 60)
	t[0], t[2], t[12], t[13] = 0x10, 0x20, byte(5+len(options)/4)<<4, flagSYN
	p := packet4(protocolTCP, "10.1.0.1", "10.2.0.1", append(t, options...))
	binary.BigEndian.PutUint16(p[36:], ^transportSum(p))
	return p
}

// transportSum is the sum over an IPv4 packet of TCP and its pseudo header: 0xffff when the checksum is right.
func transportSum(p []byte) uint16 {
	b := append(bytes.Clone(p[12:20]), 0, p[9], 0, 0)
	binary.BigEndian.PutUint16(b[10:], uint16(len(p)-20))
	return checksum.Fold(checksum.Add(append(b, p[20:]...), 0))
}

func TestMSSIsClamped(t *testing.T) {
	tests := []struct {
		name    string
		options []byte
		at      int // of the value in the options
		want    uint16
	}{
		{"too large", []byte{2, 4, 0x05, 0xb4}, 2, 1298},
		{"behind others, at an odd place", []byte{1, 2, 4, 0x05, 0xb4, 3, 3, 7}, 3, 1298},
		{"behind timestamps", append(append([]byte{8, 10}, make([]byte, 8)...), 2, 4, 0xff, 0xff, 1, 1), 12, 1298},
		{"small enough is never raised", []byte{2, 4, 0x02, 0x18}, 2, 536},
		{"just as large", []byte{2, 4, 0x05, 0x12}, 2, 1298},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := syn(tt.options...)
			was := binary.BigEndian.Uint16(tt.options[tt.at:])
			_, i, err := spd.ParseFlow(p)
			if err != nil || transportSum(p) != 0xffff {
				t.Fatalf("%v; sum %04x", err, transportSum(p))
			}
			changed := clampMSS(p, &i, 1338, false)
			if got := binary.BigEndian.Uint16(p[40+tt.at:]); got != tt.want || changed != (was != tt.want) {
				t.Errorf("MSS %d, changed %v, want %d", got, changed, tt.want)
			}
			if transportSum(p) != 0xffff {
				t.Error("the checksum is wrong")
			}
			before := bytes.Clone(p[36:38])
			if clampMSS(p, &i, 1000, true); !bytes.Equal(p[36:38], before) {
				t.Error("a partial checksum is touched")
			}
		})
	}
}

func TestMalformedOptionsOfTCPAreLeftAlone(t *testing.T) {
	for _, options := range [][]byte{
		{}, {0, 2, 4, 0xff}, {2, 0, 0xff, 0xff}, {2, 1, 0xff, 0xff}, {2, 3, 0xff, 0xff}, {3, 200, 0xff, 0xff}, {1, 1, 1, 2}, {1, 1, 2, 4},
	} {
		p := syn(options...)
		before := bytes.Clone(p)
		_, i, _ := spd.ParseFlow(p)
		if clampMSS(p, &i, 1000, false) || !bytes.Equal(p, before) {
			t.Errorf("options %x are changed to %x", options, p[40:])
		}
	}
}

func TestMSSIsClampedInBothDirections(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	s.HandleMTU(ip("192.0.2.2"), 1400)
	out := s.sealed(syn(2, 4, 0x05, 0xb4))
	s.Backend.HandleESP(0, out)
	if got := binary.BigEndian.Uint16(s.device.out[0][42:]); got != 1298 {
		t.Errorf("outbound the MSS became %d", got)
	}
	// What comes in is not sent by the far side of this loop: its SYN is as large as it likes.
	back := syn(2, 4, 0x05, 0xb4)
	flow, i, _ := spd.ParseFlow(back)
	s.workers[0].rx.clamp(back, flow.Reverse(), &i)
	if got := binary.BigEndian.Uint16(back[42:]); got != 1298 {
		t.Errorf("inbound the MSS became %d", got)
	}
}

func FuzzClampMSS(f *testing.F) {
	f.Add([]byte{2, 4, 0x05, 0xb4}, uint16(1338))
	f.Add([]byte{1, 2, 4, 0x05, 0xb4, 3, 3, 7}, uint16(1000))
	f.Add([]byte{2, 0, 0, 0, 2, 4, 9, 9}, uint16(0))
	f.Fuzz(func(t *testing.T, options []byte, mtu uint16) {
		p := syn(options[:min(len(options), 40)/4*4]...)
		_, i, err := spd.ParseFlow(p)
		if err != nil {
			return
		}
		before := bytes.Clone(p)
		changed := clampMSS(p, &i, int(mtu), false)
		if changed == bytes.Equal(p, before) || len(p) != len(before) || transportSum(p) != 0xffff {
			t.Fatalf("%x became %x, changed %v", before, p, changed)
		}
	})
}
