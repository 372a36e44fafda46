package ike

import (
	"net/netip"
	"testing"
	"time"

	"culvert/wire"
)

// A recorded request is sent again and again, in the peer's name or in another's, to have answers sent there. What the peer may need
// itself it gets: a few answers every second.
func TestRepeatedRequestIsNoAmplifier(t *testing.T) {
	n, a, b := connected(t, nil)
	var recorded MessageReceived
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, err := wire.ParseHeader(d); err == nil && from == a && !h.IsResponse() {
			recorded = MessageReceived{Path: b.only(t).path, Datagram: d}
		}
		return [][]byte{d}
	}
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: CheckLiveness{}})
	n.tap = nil
	answers := func(path netip.AddrPort, times int) (sent int) {
		again := recorded
		again.Path.Remote = path
		for range times {
			for _, action := range b.shard.Handle(n.now, again) {
				if s, ok := action.(Send); ok && s.Path == again.Path {
					sent++
				}
			}
		}
		return sent
	}
	peer := recorded.Path.Remote
	if got := answers(peer, 1000); got != maxRepeats {
		t.Errorf("%d answers at once, want %d", got, maxRepeats)
	}
	n.now = n.now.Add(time.Second)
	if got := answers(peer, 1); got != 1 {
		t.Error("the peer gets no answer a second later")
	}
	if got := answers(netip.MustParseAddrPort("203.0.113.5:4500"), 1000); got != maxRepeatsElsewhere {
		t.Errorf("%d answers to another address, want %d", got, maxRepeatsElsewhere)
	}
	n.now = n.now.Add(time.Hour / 60)
	if got := answers(netip.MustParseAddrPort("203.0.113.6:4500"), 10); got != 0 {
		t.Errorf("%d answers to one more", got)
	}
	if b.env.Stats.Dropped[DropRateLimit] == 0 {
		t.Error("nothing is counted")
	}
}
