package netio

import (
	"bytes"
	"testing"

	"culvert/dataplane"
)

// TestIPv6IsCutToWhatEveryPathCarries sends packets that fit the first link into a path of 1280 octets. Each size goes once, so that
// nothing that ICMP may say comes in time.
func TestIPv6IsCutToWhatEveryPathCarries(t *testing.T) {
	a, b := narrowRoute(t, minMTU6)
	one, two := a.listen(DefaultConfig()), b.listen(DefaultConfig()).start()
	p := between("2001:db8:1::1", "2001:db8:2::1", 4500)
	for _, transport := range []dataplane.Transport{dataplane.TransportRaw, dataplane.TransportUDP} {
		p.Transport = transport
		for _, size := range []int{1232, 1236, 1240, 1244, 1324, 2460, 2500} {
			data := append(espPackets(2, size), espPackets(1, 40)...)
			one.SendESP([]dataplane.Burst{{Path: p, Data: bytes.Clone(data), Segment: size, TOS: 0xb9}})
			for range 3 {
				got := await(t, two.esp)
				n := min(size, len(data))
				if !bytes.Equal(got.data, data[:n]) || got.path.Transport != transport || got.tos != 0xb9 {
					t.Fatalf("transport %v: %d octets came as %d, TOS %#x", transport, n, len(got.data), got.tos)
				}
				data = data[n:]
			}
		}
	}
	if c := one.Counts(); c[SentESP] != 2*7*3 {
		t.Errorf("counted %d packets", c[SentESP])
	}
}
