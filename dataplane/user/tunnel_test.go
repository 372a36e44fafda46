package user

import (
	"testing"

	"culvert/dataplane"
)

func TestTunnelCarriesEveryFamilyInEvery(t *testing.T) {
	for _, outer6 := range []bool{false, true} {
		a, b := twoNodes(t)
		a.start()
		b.start()
		u := tunnel{id: 1, outer6: outer6, transforms: aesGCM(), transport: dataplane.TransportUDP}
		u.setPolicies(a, b)
		u.connect(a, b)
		for _, inner6 := range []bool{false, true} {
			if err := a.ping(a.inner(inner6), b.inner(inner6), patience); err != nil {
				t.Errorf("ping, inner IPv6 %v, outer IPv6 %v: %v", inner6, outer6, err)
			}
			if err := transfer(a, b, a.inner(inner6), b.inner(inner6), 20<<20); err != nil {
				t.Errorf("TCP, inner IPv6 %v, outer IPv6 %v: %v", inner6, outer6, err)
			}
		}
		for _, n := range []*node{a, b} {
			d, c := n.backend.Drops(), n.listener.Counts()
			t.Log(n.link, d, c, n.backend.Warnings(), n.listener.Features())
		}
	}
}
