package xfrm

import (
	"errors"
	"math"
	"strings"
	"testing"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/spd"
)

func TestPolicyLeadsToItsSAs(t *testing.T) {
	b := newBench(t)
	b.setPolicy(t, protect(t, 1, "10.1.0.0/16", "10.2.0.0/16"))
	if p := b.kernel.out(t); p.Action != nl.Block {
		t.Errorf("without an SA: %+v, want it blocked", p)
	}
	in := b.inbound(t, 1)
	b.outbound(t, 0x1000, 1)
	p := b.kernel.out(t)
	want := nl.Template{Source: b.byState[b.known[1].outs[0].state.StateID].state.Source, Destination: b.known[1].outs[0].state.Destination, ReqID: b.known[1].reqID, Mode: nl.ModeTunnel, SPI: 0x1000}
	if p.Action != nl.Allow || len(p.Templates) != 1 || p.Templates[0] != want {
		t.Errorf("with an SA: %+v, want the template %+v", p, want)
	}
	if len(b.kernel.policies) != 3 || len(b.kernel.states) != 2 || !b.plumber.set[1] {
		t.Errorf("%d policies, %d states", len(b.kernel.policies), len(b.kernel.states))
	}
	if err := b.RemovePolicy(1); !errors.Is(err, dataplane.ErrBusy) {
		t.Errorf("removed while it has an SA: %v", err)
	}
	if _, err := b.Remove(dataplane.Outbound, 0x1000, 1); err != nil {
		t.Fatal(err)
	}
	if p := b.kernel.out(t); p.Action != nl.Block {
		t.Errorf("after the last SA: %+v, want it blocked", p)
	}
	if err := b.RemovePolicy(1); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Remove(dataplane.Inbound, in, 0); err != nil {
		t.Fatal(err)
	}
	if len(b.kernel.policies)+len(b.kernel.states)+len(b.known)+len(b.byReqID)+len(b.byState)+len(b.spis)+len(b.database.bands.list) != 0 {
		t.Errorf("left: %+v %+v %+v", b.kernel.policies, b.kernel.states, b.known)
	}
}

func TestInboundClearTextIsNotTaken(t *testing.T) {
	b := newBench(t)
	b.setPolicy(t, protect(t, 1, "10.1.0.0/16", "10.2.0.0/16"))
	for _, p := range b.kernel.policies {
		if p.Direction != nl.PolicyOut && (p.Action != nl.Allow || len(p.Templates) != 1 || p.Templates[0].Optional) {
			t.Errorf("%+v wants no SA", p)
		}
	}
}

func TestActionsBecomeThoseOfTheKernel(t *testing.T) {
	tests := []struct {
		name      string
		change    func(*dataplane.Policy)
		out, in   nl.Action
		templates int // of the outbound policy
	}{
		{"trap", func(p *dataplane.Policy) { p.Trap = true }, nl.Allow, nl.Allow, 1},
		{"block", func(p *dataplane.Policy) {}, nl.Block, nl.Allow, 1},
		{"bypass", func(p *dataplane.Policy) { p.Action = spd.Bypass }, nl.Allow, nl.Allow, 0},
		{"discard", func(p *dataplane.Policy) { p.Action = spd.Discard }, nl.Block, nl.Block, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			p := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
			tt.change(&p)
			b.setPolicy(t, p)
			for id, p := range b.kernel.policies {
				want := tt.in
				if id.Direction == nl.PolicyOut {
					want = tt.out
					if len(p.Templates) != tt.templates {
						t.Errorf("templates %+v", p.Templates)
					}
				}
				if p.Action != want {
					t.Errorf("direction %d: action %d, want %d", id.Direction, p.Action, want)
				}
			}
		})
	}
}

func TestPoliciesWithTheSameSelectorsTakeTurns(t *testing.T) {
	b := newBench(t)
	trap := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
	trap.Trap, trap.Priority = true, 0
	b.setPolicy(t, trap)
	b.setPolicy(t, protect(t, 2, "10.1.0.0/16", "10.2.0.0/16"))
	b.outbound(t, 0x1000, 2)
	if p := b.kernel.out(t); p.Templates[0].ReqID != b.known[2].reqID {
		t.Errorf("the trap is on top: %+v", p)
	}
	if _, err := b.Remove(dataplane.Outbound, 0x1000, 2); err != nil {
		t.Fatal(err)
	}
	if err := b.RemovePolicy(2); err != nil {
		t.Fatal(err)
	}
	if p := b.kernel.out(t); p.Templates[0].ReqID != b.known[1].reqID || p.Action != nl.Allow {
		t.Errorf("the trap does not come back: %+v", p)
	}
}

func TestSAsOfTwoPoliciesMayDeliverDuringATakeover(t *testing.T) {
	b := newBench(t)
	b.setPolicy(t, protect(t, 1, "10.1.0.0/16", "10.2.0.0/16"))
	old := b.inbound(t, 1)
	b.setPolicy(t, protect(t, 2, "10.1.0.0/16", "10.2.0.0/16"))
	b.inbound(t, 2)
	for id, p := range b.kernel.policies {
		if id.Direction != nl.PolicyOut && p.Templates[0].ReqID != 0 {
			t.Errorf("direction %d takes SAs of one policy alone: %+v", id.Direction, p)
		}
	}
	if _, err := b.Remove(dataplane.Inbound, old, 0); err != nil {
		t.Fatal(err)
	}
	if err := b.RemovePolicy(1); err != nil {
		t.Fatal(err)
	}
	for id, p := range b.kernel.policies {
		if id.Direction != nl.PolicyOut && p.Templates[0].ReqID != b.known[2].reqID {
			t.Errorf("direction %d: %+v", id.Direction, p)
		}
	}
}

func TestPrioritiesAreInTheOrderOfTheSPD(t *testing.T) {
	type entry struct {
		priority      int
		local, remote string
	}
	order := []entry{ // the first goes first
		{2_000_001, "10.1.0.0/16", "0.0.0.0/0"},
		{5, "10.1.0.1", "10.2.0.1"},
		{5, "10.1.0.0/16", "10.2.0.0/16[tcp/80]"},
		{5, "10.1.0.0/16", "10.2.0.0/16[tcp]"},
		{5, "10.1.0.0/16", "10.2.0.0/16"},
		{4, "10.1.0.0/16", "10.2.0.0/18[tcp/80]"},
		{1, "10.1.0.0/16", "10.2.0.0/17"},
		{-6_000_000, "10.1.0.1", "10.2.0.1[tcp/80]"},
		{math.MinInt32, "10.1.0.2", "10.2.0.2"},
	}
	for _, backwards := range []bool{false, true} {
		b := newBench(t)
		for i := range order {
			if backwards {
				i = len(order) - 1 - i
			}
			p := protect(t, dataplane.PolicyID(i+1), order[i].local, order[i].remote)
			p.Priority = order[i].priority
			b.setPolicy(t, p)
		}
		numbers := map[uint32]uint32{}
		for _, p := range b.kernel.policies {
			if p.Direction == nl.PolicyIn {
				numbers[p.Templates[0].ReqID] = p.Priority
			}
		}
		for i := 1; i < len(order); i++ {
			before, after := numbers[b.known[dataplane.PolicyID(i)].reqID], numbers[b.known[dataplane.PolicyID(i+1)].reqID]
			if before >= after {
				t.Errorf("backwards %v: %+v has %#x, %+v has %#x", backwards, order[i-1], before, order[i], after)
			}
		}
	}
}

func TestBandsMakeRoom(t *testing.T) {
	var b bands
	moved := 0
	for i := range 1000 {
		if b.use(i) {
			moved++
		}
	}
	for i := range 999 {
		if b.number(i, 0) <= b.number(i+1, 0) {
			t.Fatalf("priority %d has %#x, %d has %#x", i, b.number(i, 0), i+1, b.number(i+1, 0))
		}
	}
	if moved == 0 || moved > 200 {
		t.Errorf("moved %d times", moved)
	}
	for i := range 1000 {
		b.leave(i)
	}
	if len(b.list) != 0 {
		t.Errorf("left: %d", len(b.list))
	}
}

func TestRefusedPolicyLeavesTheOldOne(t *testing.T) {
	b := newBench(t)
	b.setPolicy(t, protect(t, 1, "10.1.0.0/16", "10.2.0.0/16"))
	times := 0
	b.kernel.refuse = func(step string) error {
		if times++; step == "set policy" && times == 2 {
			return errRefused
		}
		return nil
	}
	if err := b.SetPolicy(protect(t, 1, "10.1.0.0/16", "10.3.0.0/16")); !errors.Is(err, errRefused) {
		t.Fatalf("got %v", err)
	}
	b.kernel.refuse = nil
	if p := b.kernel.out(t); p.Selector.Destination.String() != "10.2.0.0/16" || len(b.kernel.policies) != 3 {
		t.Errorf("%d policies, outbound %+v", len(b.kernel.policies), p)
	}
}

func TestSelectorsThatTheKernelCannotExpressAreRefused(t *testing.T) {
	for local, word := range map[string]string{"10.1.0.0/16[tcp/opaque]": "OPAQUE", "10.1.0.0/16[icmp/3(1)-5(2)]": "types"} {
		s, err := spd.ParseSelector(local)
		if err != nil {
			s = selectors(t, "10.1.0.0/16[icmp]")[0]
			s.StartPort, s.EndPort = 3<<8|1, 5<<8|2
		}
		p := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
		p.Local = []spd.Selector{s}
		b := newBench(t)
		if err := b.SetPolicy(p); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", local, err)
		}
		if len(b.kernel.policies)+len(b.known) != 0 {
			t.Errorf("left: %v %v", b.kernel.policies, b.known)
		}
	}
}

func TestConfiguredReqidsAreThoseOfPoliciesAndSAs(t *testing.T) {
	b := newBench(t)
	for id := range dataplane.PolicyID(2) { // several children may have the same
		p := protect(t, id+1, "10.1.0.0/16", []string{"10.2.0.0/16", "10.3.0.0/16"}[id])
		p.ReqID = 42
		b.setPolicy(t, p)
	}
	b.inbound(t, 1)
	b.outbound(t, 0x1000, 1)
	if got := b.ReqID(1); got != 42 || b.ReqID(7) != 0 {
		t.Errorf("reqid %d", got)
	}
	for _, s := range b.kernel.states {
		if s.ReqID != 42 {
			t.Errorf("state %+v", s)
		}
	}
	for _, p := range b.kernel.policies {
		if len(p.Templates) != 1 || p.Templates[0].ReqID != 42 {
			t.Errorf("policy %+v", p)
		}
	}
	// A predecessor's states go with its policies: their reqid alone does not tell whose they are.
	if err := b.sweep(); err != nil || len(b.kernel.states) != 0 || len(b.kernel.policies) != 0 {
		t.Errorf("%v, left %+v", err, b.kernel.states)
	}
}

// Reauthentication makes another policy for the same child, whose SAs other programs know by the reqid of the first one.
func TestReqidStaysWhenAPolicyTakesThePlaceOfAnother(t *testing.T) {
	b := newBench(t)
	set := func(id dataplane.PolicyID) {
		p := protect(t, id, "10.1.0.0/16", "10.2.0.0/16")
		p.Name = "office/net"
		b.setPolicy(t, p)
	}
	set(1)
	b.outbound(t, 0x1000, 1)
	want := b.ReqID(1)
	set(2)
	b.outbound(t, 0x2000, 2)
	if p := b.kernel.out(t); p.Templates[0].SPI != 0x1000 {
		t.Errorf("traffic leaves through %+v before its turn has come", p.Templates[0])
	}
	if _, err := b.Remove(dataplane.Outbound, 0x1000, 1); err != nil {
		t.Fatal(err)
	}
	if err := b.RemovePolicy(1); err != nil {
		t.Fatal(err)
	}
	if p := b.kernel.out(t); b.ReqID(2) != want || p.Templates[0].ReqID != want || p.Templates[0].SPI != 0x2000 || len(b.slots.free) != 0 {
		t.Errorf("reqid %x became %x, %+v", want, b.ReqID(2), p)
	}
	if _, err := b.Remove(dataplane.Outbound, 0x2000, 2); err != nil {
		t.Fatal(err)
	}
	if err := b.RemovePolicy(2); err != nil || len(b.byReqID) != 0 || len(b.slots.free) != 1 {
		t.Errorf("%v, left %v, free %v", err, b.byReqID, b.slots.free)
	}
}

func TestSAsAloneWhereOthersMakePolicies(t *testing.T) {
	b := newBench(t)
	p := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
	p.ReqID, p.Kernel.NoPolicies = 42, true
	b.setPolicy(t, p)
	b.inbound(t, 1)
	b.outbound(t, 0x1000, 1)
	if len(b.kernel.policies) != 0 || b.plumber.set[1] || len(b.kernel.states) != 2 {
		t.Errorf("policies %+v, routes %v, %d states", b.kernel.policies, b.plumber.set, len(b.kernel.states))
	}
}

func TestOutboundTrafficMayBeForwarded(t *testing.T) {
	b := newBench(t)
	p := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
	p.Kernel.ForwardOut = true
	b.setPolicy(t, p)
	passing := 0
	for _, p := range b.kernel.policies {
		if p.Direction == nl.PolicyForward && p.Selector.Source.String() == "10.1.0.0/16" && len(p.Templates) == 0 && p.Action == nl.Allow {
			passing++
		}
	}
	if passing != 1 || len(b.kernel.policies) != 4 {
		t.Errorf("policies %+v", b.kernel.policies)
	}
}

func TestFlagsOfStates(t *testing.T) {
	b := newBench(t)
	for _, d := range []dataplane.Direction{dataplane.Inbound, dataplane.Outbound} {
		sa := dataplane.SA{Direction: d, NoECN: true, Kernel: dataplane.Kernel{ICMP: true}, Local: selectors(t, "10.1.0.0/16"), Remote: selectors(t, "10.2.0.0/16")}
		var s nl.State
		if err := b.setTraffic(&s, &sa); err != nil || s.Flags&nl.NoECN == 0 || s.Flags&nl.ICMP == 0 {
			t.Errorf("%v: flags %b, %v", d, s.Flags, err)
		}
	}
}
