package swanctl

import (
	"testing"

	"culvert/spd"
)

// Types of ICMP are of code 0, as charon has them on the wire; numbers above 255 hold both.
func TestTypesOfICMPHaveCodeZero(t *testing.T) {
	for text, want := range map[string][2]uint16{
		"10.0.0.0/8[icmp/0]": {0, 0}, "10.0.0.0/8[icmp/8]": {0x0800, 0x0800}, "10.0.0.0/8[1/2048]": {0x0800, 0x0800},
		"10.0.0.0/8[icmp/3-5]": {0x0300, 0x0500}, "fd00::/64[ipv6-icmp/128]": {0x8000, 0x8000}, "10.0.0.0/8[icmp]": {0, 0xffff},
		"10.0.0.0/8[tcp/8]": {8, 8},
	} {
		written, err := selector(text)
		if err != nil {
			t.Fatal(err)
		}
		s, err := spd.ParseSelector(written)
		if err != nil || s.StartPort != want[0] || s.EndPort != want[1] {
			t.Errorf("%s: %s is %#x to %#x, %v", text, written, s.StartPort, s.EndPort, err)
		}
	}
}
