package xfrm

import (
	"net/netip"
	"strings"
	"testing"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
)

// settled is a bench with a policy and both SAs.
func settled(t *testing.T) (b *bench, in *sa, out *sa) {
	t.Helper()
	b = newBench(t)
	b.setPolicy(t, protect(t, 1, "10.1.0.0/16", "10.2.0.0/16"))
	spi := b.inbound(t, 1, func(sa *dataplane.SA) { sa.SoftPackets, sa.HardPackets = 10, 20 })
	b.outbound(t, 0x1000, 1)
	return b, b.ins[spi], b.known[1].outs[0]
}

func TestLimitsAreToldOnce(t *testing.T) {
	b, in, _ := settled(t)
	expiry := &nl.Expiry{State: nl.State{StateID: in.state.StateID, Usage: nl.Usage{Packets: 10, Bytes: 5}}}
	b.expired(expiry)
	b.expired(expiry)
	if n := b.notice(t); n.Kind != dataplane.NoticeSoftLimit || n.SPI != in.state.SPI || n.Direction != dataplane.Inbound || n.Policy != 1 {
		t.Errorf("soft: %+v", n)
	}
	expiry.Hard, expiry.Usage.Packets = true, 20
	delete(b.kernel.states, in.state.StateID)
	b.expired(expiry)
	b.expired(expiry)
	if n := b.notice(t); n.Kind != dataplane.NoticeHardLimit {
		t.Errorf("hard: %+v", n)
	}
	if c, err := b.Remove(dataplane.Inbound, in.state.SPI, 0); err != nil || c.Packets != 20 {
		t.Errorf("what it carried: %+v, %v", c, err)
	}
	b.expired(&nl.Expiry{State: nl.State{StateID: nl.StateID{SPI: 7}}}) // of somebody else
	if len(b.notices) != 0 {
		t.Errorf("notices %+v", b.notices)
	}
}

func TestFirstPacketIsToldOnceAndTheKernelStopsTelling(t *testing.T) {
	b, in, _ := settled(t)
	if !b.events.joined[nl.GroupAE] {
		t.Fatal("counters are not listened to")
	}
	event := &nl.AE{StateID: in.state.StateID, Flags: nl.AEMoved, Replay: &nl.Replay{In: 1}}
	b.moved(event)
	b.moved(event)
	if n := b.notice(t); n.Kind != dataplane.NoticeFirstPacket || n.SPI != in.state.SPI {
		t.Errorf("got %+v", n)
	}
	if b.events.joined[nl.GroupAE] {
		t.Error("counters are listened to for nothing")
	}
	last := b.kernel.counted[len(b.kernel.counted)-1]
	if last.Events == nil || last.Events.Packets != 0 {
		t.Errorf("the kernel goes on: %+v", last)
	}
}

func TestNewAddressIsToldOnce(t *testing.T) {
	b, in, out := settled(t)
	m := &nl.Mapping{StateID: in.state.StateID, New: netip.MustParseAddrPort("192.0.2.2:31000")}
	b.mapped(m)
	b.mapped(m)
	if n := b.notice(t); n.Kind != dataplane.NoticeNewAddress || n.Path.Remote != m.New || n.Path.Local.Port() != 4500 {
		t.Errorf("got %+v", n)
	}
	b.mapped(&nl.Mapping{StateID: out.state.StateID, New: m.New})
	b.mapped(&nl.Mapping{StateID: in.state.StateID, New: in.path.Remote}) // and back
	if n := b.notice(t); n.Path.Remote != in.path.Remote {
		t.Errorf("back: %+v", n)
	}
}

func TestAcquiresAreThoseOfTraps(t *testing.T) {
	b := newBench(t)
	trap := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
	trap.Trap = true
	b.setPolicy(t, trap)
	b.setPolicy(t, protect(t, 2, "10.3.0.0/16", "10.4.0.0/16"))
	ask := func(reqID uint32) {
		a := &nl.Acquire{Policy: nl.Policy{Templates: []nl.Template{{ReqID: reqID}}}}
		a.Selector = nl.Selector{Source: netip.MustParsePrefix("10.1.0.1/32"), Destination: netip.MustParsePrefix("10.2.0.1/32"), Protocol: icmp,
			SourcePort: nl.Port{Value: 8, Mask: 0xffff}, DestinationPort: nl.Port{Value: 0, Mask: 0xffff}}
		b.acquired(a)
	}
	ask(b.known[1].reqID)
	if n := b.notice(t); n.Policy != 1 || n.Packet.SourcePort != 8<<8 || n.Packet.Protocol != icmp || n.Packet.Opaque {
		t.Errorf("got %+v", n)
	}
	ask(b.known[2].reqID) // blocked, not trapped
	ask(12345)            // of somebody else
	b.acquired(&nl.Acquire{})
	if len(b.notices) != 0 {
		t.Errorf("notices %+v", b.notices)
	}
}

func TestCPUsAskForSAsOfTheirOwn(t *testing.T) {
	b := newBench(t)
	b.features.PerCPU = true
	p := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
	p.PerResource = true
	b.setPolicy(t, p)
	b.outbound(t, 0x1000, 1)
	if out := b.kernel.out(t); out.Flags&nl.PolicyCPUAcquire == 0 {
		t.Errorf("flags %#x", out.Flags)
	}
	cpu := uint32(3)
	b.acquired(&nl.Acquire{CPU: &cpu, Policy: nl.Policy{Templates: []nl.Template{{ReqID: b.known[1].reqID}}}})
	if n := b.notice(t); n.Resource != 4 || n.Policy != 1 {
		t.Errorf("got %+v", n)
	}
}

func TestLostEventsAreAskedFor(t *testing.T) {
	b, in, out := settled(t)
	b.kernel.states[in.state.StateID].Usage.Packets = 11
	delete(b.kernel.states, out.state.StateID)
	b.events.overflow()
	kinds := map[dataplane.NoticeKind]int{}
	for _, n := range b.notices {
		kinds[n.Kind]++
	}
	if len(b.notices) != 3 || kinds[dataplane.NoticeSoftLimit] != 1 || kinds[dataplane.NoticeHardLimit] != 1 || kinds[dataplane.NoticeFirstPacket] != 1 {
		t.Errorf("notices %+v", b.notices)
	}
	b.events.overflow()
	if len(b.notices) != 3 {
		t.Errorf("told twice: %+v", b.notices)
	}
}

func TestEventsThatCannotBeReadMeanNothing(t *testing.T) {
	b := newBench(t)
	for _, kind := range []nl.Type{nl.AcquireType, nl.ExpireType, nl.MappingType, nl.NewAE, 9999} {
		b.event(kind, []byte{1, 2, 3})
	}
	if len(b.notices) != 0 {
		t.Errorf("notices %+v", b.notices)
	}
}

func TestCountersOfTheKernelHaveNames(t *testing.T) {
	s, err := parseStat(strings.NewReader("XfrmInError             \t2\nXfrmInNoStates 7\nnonsense\nXfrmFwdHdrError x\n"))
	if err != nil || len(s) != 2 || s["XfrmInNoStates"] != 7 {
		t.Errorf("%v, %v", s, err)
	}
	for name, want := range map[string]string{"XfrmInNoStates": "xfrm_in_no_states", "XfrmOutPolDead": "xfrm_out_pol_dead"} {
		if got := counterName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
