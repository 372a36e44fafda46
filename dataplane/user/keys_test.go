package user

import (
	"testing"

	"culvert/dataplane"
)

// Keys are copies: whoever clears them does no harm, and those of SAs that are gone are gone.
func TestKeysAreHandedOut(t *testing.T) {
	s := newBenchOf(t, 2)
	s.protect(1, nil)
	spi := s.loop(1, func(a *dataplane.SA) { a.EncrKey[0] = 7 })
	for range 2 {
		list := s.Keys()
		if len(list) != 2 || list[0].Direction != dataplane.Inbound || list[1].Direction != dataplane.Outbound {
			t.Fatalf("keys of %d SAs", len(list))
		}
		for _, k := range list {
			if k.SPI != spi || k.Policy != 1 || k.EncrKey[0] != 7 || k.Transforms != sa(k.Direction, spi, 1).Transforms {
				t.Errorf("%v: %+v", k.Direction, k)
			}
			k.Clear()
		}
	}
	if got := s.spiOf(0); got != spi {
		t.Errorf("the SA seals as %08x", got)
	}
	s.Remove(dataplane.Outbound, spi, 1)
	s.Remove(dataplane.Inbound, spi, 1)
	if list := s.Keys(); len(list) != 0 {
		t.Errorf("%d SAs are left", len(list))
	}
}
