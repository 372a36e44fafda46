package ike

import (
	"net/netip"
	"testing"

	"culvert/wire"
)

func wireSPI(n uint64) wire.SPI { return wire.SPI(n) }

func TestNetworkOf(t *testing.T) {
	for _, tt := range []struct{ addr, want string }{
		{"192.0.2.1", "192.0.2.1/32"},
		{"::ffff:192.0.2.1", "192.0.2.1/32"},
		{"2001:db8:1:2:3::4", "2001:db8:1::/56"},
		{"2001:db8:1:ff:3::4", "2001:db8:1::/56"},
		{"2001:db8:1:100::", "2001:db8:1:100::/56"},
	} {
		if got := networkOf(netip.MustParseAddr(tt.addr)); got.String() != tt.want {
			t.Errorf("%s is of %v, want %s", tt.addr, got, tt.want)
		}
	}
}

func TestHalfOpenCountsPerNetwork(t *testing.T) {
	var h halfOpen
	a, b := networkOf(netip.MustParseAddr("192.0.2.1")), networkOf(netip.MustParseAddr("192.0.2.2"))
	h.add(a)
	h.add(a)
	h.add(b)
	if h.total != 3 || h.byPrefix[a] != 2 || h.byPrefix[b] != 1 {
		t.Errorf("counts %+v", h)
	}
	h.remove(a)
	h.remove(a)
	h.remove(b)
	if h.total != 0 || len(h.byPrefix) != 0 {
		t.Errorf("left over: %+v", h)
	}
}
