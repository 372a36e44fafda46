package user

import (
	"testing"

	"culvert/dataplane"
	"culvert/spd"
)

// Over IPv6 the sender alone cuts packets. It does so only to keep the promise of 1280 octets that IPv6 makes to those inside.
func TestOuterIPv6IsWholeWhereItFits(t *testing.T) {
	s := newBench(t)
	s.protect(1, func(p *dataplane.Policy) {
		p.Local = append(anywhere6(), spd.Prefix(within(ip("0.0.0.0"), 0)))
		p.Remote = p.Local
	})
	outer := path("[2001:db8::1]:4500", "[2001:db8::2]:4500")
	s.loop(1, func(sa *dataplane.SA) {
		sa.Path, sa.DF = outer, dataplane.DFCopy
		sa.Local = append(anywhere6(), spd.Prefix(within(ip("0.0.0.0"), 0)))
		sa.Remote = sa.Local
	})
	s.HandleMTU(outer.Remote.Addr(), 1280)
	cuttable := datagram(1, 1100)
	cuttable[6], cuttable[10] = 0, cuttable[10]+0x40
	for i, tt := range []struct {
		inner []byte
		whole bool
	}{{cuttable, true}, {packet6(1100), true}, {packet6(1280), false}} {
		s.device.put(tt.inner)
		s.run()
		if sent := s.network.take(); len(sent) != 1 || sent[0].DF != tt.whole {
			t.Errorf("packet %d: %d bursts, whole %v", i, len(sent), len(sent) == 1 && sent[0].DF)
		}
	}
}
