package ike

import (
	"net/netip"
	"testing"
	"time"

	"culvert/wire"
)

// address is the i-th of many peers.
func address(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 66, byte(i >> 8), byte(i)}), 500)
}

// Peers with addresses enough to return every cookie fill all places, and begin more than there are in the time that each may have.
// An honest one connects all the same: after two seconds of silence they make room.
func TestSilentPeersMakeRoom(t *testing.T) {
	const places = 8
	n, a, b := gateways(t, nil)
	b.env.Gateway.HalfOpen = HalfOpenLimits{Cookie: 1000, Total: places}
	flood := func(from int) {
		for i := range 4 * places {
			b.shard.Handle(n.now, firstRequest(t, address(from+i), wire.SPI(1000+from+i)))
		}
	}
	flood(0)
	if got := b.env.Stats.Dropped[DropHalfOpenTotal]; got != 3*places {
		t.Errorf("%d are refused while nobody has been silent for long", got)
	}
	n.now = n.now.Add(silentTime)
	flood(100)
	if got := b.env.Stats.Dropped[DropHalfOpenSilent]; got != places {
		t.Errorf("%d made room, want all %d", got, places)
	}
	if b.shard.HalfOpen() != places || b.shard.Len() != places {
		t.Errorf("%d half-open SAs of %d", b.shard.HalfOpen(), b.shard.Len())
	}
	n.now = n.now.Add(silentTime)
	n.do(a, initiate(a))
	if len(a.of(NewsEstablished)) != 1 {
		t.Fatalf("locked out: %q", a.digest())
	}
	n.now = n.now.Add(silentTime)
	flood(200)
	if len(b.of(NewsEstablished)) != 1 || b.shard.Len() != places+1 {
		t.Error("the established SA made room")
	}
}

// Whoever goes on, as with a conversation of EAP at which a person types, is not pushed out by those who do not.
func TestPeersThatGoOnMakeNoRoom(t *testing.T) {
	_, _, b := gateways(t, nil)
	b.env.Gateway.HalfOpen = HalfOpenLimits{Cookie: 1000, Total: 2}
	b.shard.Handle(startOfTime, firstRequest(t, address(1), 1))
	b.shard.Handle(startOfTime, firstRequest(t, address(2), 2))
	speaks := b.shard.longestSilent()
	speaks.lastHeard = startOfTime.Add(time.Second)
	later := startOfTime.Add(time.Minute / 4)
	b.shard.Handle(later, firstRequest(t, address(3), 3))
	b.shard.Handle(later, firstRequest(t, address(4), 4))
	if b.env.Stats.Dropped[DropHalfOpenSilent] != 1 || b.env.Stats.Dropped[DropHalfOpenTotal] != 1 {
		t.Errorf("dropped %v", b.env.Stats.Dropped)
	}
	if b.shard.slots.find(speaks.LocalSPI()) == nil {
		t.Error("the one that has gone on is gone")
	}
}

// The order of coming is not kept longer than the SAs.
func TestOrderOfComingIsForgotten(t *testing.T) {
	_, _, b := gateways(t, nil)
	at := startOfTime
	for i := range 1000 {
		b.shard.Handle(at, firstRequest(t, address(i), wire.SPI(i+1)))
		at = at.Add(halfOpenTime)
		b.shard.Handle(at, TimerDue{})
	}
	if got := len(b.shard.half.silent); got > 2 {
		t.Errorf("%d are remembered", got)
	}
}
