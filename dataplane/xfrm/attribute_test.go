package xfrm

import (
	"strings"
	"testing"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
)

func TestInboundMarksAreOnPoliciesAndOnSAsThatWantThem(t *testing.T) {
	for _, want := range []bool{false, true} {
		b := newBench(t)
		p := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
		p.Kernel = dataplane.Kernel{MarkIn: dataplane.Mark{Value: 5, Mask: 0xff}, MarkInSA: want}
		b.setPolicy(t, p)
		spec := testSA(t, dataplane.Inbound, 0x1000, 1)
		spec.Kernel = p.Kernel
		state, err := b.newState(&spec, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := state.Mark == (nl.Mark{Value: 5, Mask: 0xff}); got != want {
			t.Errorf("mark_in_sa = %v: the SA has the mark %+v", want, state.Mark)
		}
		for id := range b.kernel.policies {
			if in := id.Direction != nl.PolicyOut; in != (id.Mark == nl.Mark{Value: 5, Mask: 0xff}) {
				t.Errorf("policy %+v", id)
			}
		}
	}
}

func TestPoliciesOfOneDevice(t *testing.T) {
	b := newBench(t)
	p := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
	b.setPolicy(t, p)
	everywhere := b.kernel.out(t)
	p.ID, p.Kernel.Device = 2, "eth1"
	b.setPolicy(t, p)
	limited := 0
	for id, p := range b.kernel.policies {
		if id.Selector.Device != 7 {
			continue
		}
		if limited++; id.Direction == nl.PolicyOut && p.Priority >= everywhere.Priority {
			t.Errorf("of the device %d, of all %d: the lowest goes first", p.Priority, everywhere.Priority)
		}
	}
	if limited != 3 {
		t.Errorf("%d policies of the device, want those of all directions", limited)
	}
	p.Kernel.Device = "eth2"
	if err := b.SetPolicy(p); err == nil || !strings.Contains(err.Error(), "network device eth2") {
		t.Errorf("without the device: %v", err)
	}
	if b.known[2].device != 7 {
		t.Error("a refusal leaves nothing of what was there")
	}
}
