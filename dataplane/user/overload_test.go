package user

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/user/fair"
	"culvert/dataplane/user/offload"
	"culvert/dataplane/user/tun"
	"culvert/esp"
	"culvert/spd"
)

// A mixture is a device on which a flood meets a trickle: of so many packets one is the victim's. It has no end of them until
// left is 0.
type mixture struct {
	fakeDevice
	flood, victim []byte
	every         int
	left          int
	given         int // packets of the victim
}

func (d *mixture) Read(_ int, b []byte) (int, error) {
	if d.left == 0 {
		return 0, tun.ErrAgain
	}
	if d.left--; d.left%d.every == 0 {
		d.given++
		return copy(b, d.victim), nil
	}
	return copy(b, d.flood), nil
}

// newMixture is a Backend with two children, 10.1 to 10.2 and 10.1 to 10.3, on such a device.
func newMixture(t *testing.T) (*bench, *mixture) {
	d := &mixture{every: 100, fakeDevice: fakeDevice{discard: true}}
	d.flood = append(make([]byte, offload.HeaderLen), datagram(1, 1300)...)
	d.victim = append(make([]byte, offload.HeaderLen), packet4(17, "10.1.0.1", "10.3.0.1", make([]byte, 64))...)
	s := &bench{t: t, device: &d.fakeDevice, plumber: &fakePlumber{}, network: &fakeNetwork{}, clock: time.Unix(1_800_000_000, 0)}
	s.Backend = newBackend(d, s.plumber, s.network)
	s.tx = &s.workers[0].tx
	s.Backend.now = func() time.Time { return s.clock }
	s.protect(1, nil)
	s.loop(1, nil)
	s.protect(2, func(p *dataplane.Policy) {
		p.Remote = []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.3.0.0/16"))}
	})
	s.loop(2, nil)
	return s, d
}

// A child that sends little loses nothing to one that sends far more than the worker can, and the flood pays.
func TestFloodOfOneChildCostsAnotherNothing(t *testing.T) {
	s, d := newMixture(t)
	d.left = 40_000
	for s.tx.step() {
		s.clock = s.clock.Add(300 * time.Microsecond)
	}
	victim, flood := 0, 0
	for _, b := range s.network.take() {
		for p, ok := b.Next(); ok; p, ok = b.Next() {
			if len(p) < 500 {
				victim++
			} else {
				flood++
			}
		}
	}
	drops := s.Drops()
	if victim != d.given || d.given != 400 {
		t.Errorf("%d of %d packets of the victim left", victim, d.given)
	}
	lost := int(drops[esp.ErrOverload] + drops[esp.ErrCoDel])
	if flood+victim+lost != 40_000 || lost < 10_000 {
		t.Errorf("%d packets of the flood left, %d were dropped, of %d", flood, lost, 40_000-d.given)
	}
}

// burst has so many packets come at once, and the worker send them, a batch every 100 microseconds. It returns how many were lost.
func (s *bench) burst(d *mixture, packets int) uint64 {
	before := s.Drops()
	d.left = packets
	for s.tx.step() {
		s.clock = s.clock.Add(100 * time.Microsecond)
	}
	after := s.Drops()
	return after[esp.ErrOverload] + after[esp.ErrCoDel] - before[esp.ErrOverload] - before[esp.ErrCoDel]
}

// What does not fit into the read-ahead and is gone within the target is a burst: nobody loses anything, however often it comes
// (RFC 8289, Section 4.3).
func TestBurstOfSeveralChildrenThatDrainsLosesNothing(t *testing.T) {
	s, d := newMixture(t)
	for range 20 {
		if n := s.burst(d, 4000); n != 0 {
			t.Fatalf("%d of 4000 packets were lost", n)
		}
		if s.tx.overload.waits {
			t.Fatal("the device is empty, and packets are said to wait there")
		}
		s.clock = s.clock.Add(50 * time.Millisecond)
	}
	if s.tx.overload.fair == nil {
		t.Fatal("nothing was read ahead")
	}
	if n := segments(s.network.take()); n != 20*4000 {
		t.Errorf("%d packets left, want all %d", n, 20*4000)
	}
}

// A flood is not taken for a burst whenever the device runs dry for a moment, but once it has been gone for an interval.
func TestFloodThatPausesIsNoBurst(t *testing.T) {
	s, d := newMixture(t)
	if n := s.burst(d, 20_000); n < 5000 {
		t.Errorf("%d packets of a flood were lost", n)
	}
	s.clock = s.clock.Add(fair.Interval / 2)
	if s.burst(d, 4000) == 0 {
		t.Error("a flood that comes back soon is a burst")
	}
	s.clock = s.clock.Add(2 * fair.Interval)
	if n := s.burst(d, 4000); n != 0 {
		t.Errorf("%d packets of a burst long after a flood were lost", n)
	}
}

// A device that was empty for long has not been full for that time.
func TestBurstAfterAPauseReadsNothingAhead(t *testing.T) {
	s, d := newMixture(t)
	for range 3 {
		s.burst(d, 1000)
		s.clock = s.clock.Add(time.Minute)
	}
	if s.tx.overload.fair != nil {
		t.Error("packets were read ahead though all left within the target")
	}
}

// One child alone is not read ahead beyond what fits: nothing is dropped that the device can hold.
func TestOneChildAloneWaitsInTheDevice(t *testing.T) {
	s, d := newMixture(t)
	d.every, d.left = 1<<30, 20_000
	for i := 0; s.tx.step(); i++ {
		if i < 10 {
			s.clock = s.clock.Add(time.Millisecond)
		}
	}
	if s.tx.overload.fair == nil {
		t.Error("nothing was read ahead")
	}
	s.dropped(nil)
	if n := segments(s.network.take()); n != 20_000 {
		t.Errorf("%d packets left", n)
	}
}

// What stands is dropped or, if the transport understands, marked (RFC 3168).
func TestStandingQueueIsMarkedOrDropped(t *testing.T) {
	const ect0, ce = 2, 3
	for _, tt := range []struct {
		name    string
		ecn     uint8
		dropped bool
	}{{"not capable", 0, true}, {"capable", ect0, false}} {
		t.Run(tt.name, func(t *testing.T) {
			s, d := newMixture(t)
			p := d.flood[offload.HeaderLen:]
			p[1] = tt.ecn
			p[10], p[11] = 0, 0
			d.every, d.left = 1<<30, 20_000
			for s.tx.step() {
				s.clock = s.clock.Add(time.Millisecond)
			}
			marked, sent := 0, 0
			for _, b := range s.network.take() {
				sent += b.Count()
				if b.TOS&ce == ce {
					marked += b.Count()
				}
			}
			dropped := int(s.Drops()[esp.ErrCoDel])
			if sent+dropped != 20_000 || (dropped > 5) != tt.dropped || (marked > 5) == tt.dropped {
				t.Errorf("%d sent, %d dropped, %d marked", sent, dropped, marked)
			}
		})
	}
}

// Of a super-packet that is given up one packet is lost, and the others are what they would have been.
func TestSuperPacketLosesItsFirst(t *testing.T) {
	want, s := newBench(t), newBench(t)
	for _, b := range []*bench{want, s} {
		b.protect(1, nil)
		b.loop(1, nil)
		b.tx.now = b.clock
		b.tx.overload.skip = b == s
		raw := slices.Grow(superPacket(10*1360, 1360), trailerRoom)
		b.tx.packet(raw, b.clock)
		b.tx.dispatch()
		b.HandleESP(b.network.take())
	}
	s.dropped(map[esp.Drop]uint64{esp.ErrCoDel: 1})
	if got, all := s.device.out, want.device.out; len(all) != 10 || !slices.EqualFunc(got, all[1:], bytes.Equal) {
		t.Errorf("%d packets arrive, want the last 9 of %d unchanged", len(got), len(all))
	}
}

// A worker that keeps up needs none of it.
func TestKeepingUpReadsNothingAhead(t *testing.T) {
	s, d := newMixture(t)
	for range 100 {
		d.left = 3 * readBatch
		for s.tx.step() {
			s.clock = s.clock.Add(fair.Target / 4)
		}
	}
	if s.tx.overload.fair != nil {
		t.Error("packets were read ahead though the device ran dry")
	}
}

func TestOverloadDoesNotAllocate(t *testing.T) {
	s, d := newMixture(t)
	s.network.discard = true
	run := func() {
		d.left = 3000
		for s.tx.step() {
			s.clock = s.clock.Add(300 * time.Microsecond)
		}
	}
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
