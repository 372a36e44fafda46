package fake

import (
	"testing"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// Fragments without ports pass an SA with ports behind their first one, if both sides agreed to that (RFC 4301, Section 7.3).
func TestFragmentsWithoutPortsFollowTheFirst(t *testing.T) {
	first, second := aToB(), udp("10.1.0.5", "10.2.0.6", 40)
	first[6], second[7] = 0x20, 16
	for _, agreed := range []bool{true, false} {
		n := newTunnel(t)
		for _, s := range []*side{n.a, n.b} {
			p := policyOf(s == n.a)
			for list, port := range map[*spd.Selector]uint16{&p.Local[0]: 1000, &p.Remote[0]: 2000} {
				if s == n.b {
					port = 3000 - port
				}
				list.Protocol, list.StartPort, list.EndPort = 17, port, port
			}
			if err := s.SetPolicy(p); err != nil {
				t.Fatal(err)
			}
		}
		install(t, n.a, n.b, func(sa *dataplane.SA) { sa.NonFirstFragments = agreed })
		wantDrop(t, n.a.Inject(second), esp.ErrNoPolicy)
		wantDrop(t, n.a.Inject(first), 0)
		if agreed {
			wantDrop(t, n.a.Inject(second), 0)
		} else {
			wantDrop(t, n.a.Inject(second), esp.ErrNoPolicy)
		}
		if got, want := len(n.b.delivered), map[bool]int{true: 2, false: 1}[agreed]; got != want {
			t.Errorf("agreed %v: %d packets were delivered, want %d; drops %v", agreed, got, want, n.b.Drops())
		}
	}
}
