package daemon

import (
	"testing"
	"time"

	"culvert/config"
	"culvert/dataplane"
)

func TestIPTFSIsTranslated(t *testing.T) {
	if aggFrag(&config.IPTFS{}) != nil {
		t.Error("off is something")
	}
	f := config.IPTFS{Mode: config.IPTFSConstant, Require: true, Rate: 1, PacketSize: 2, DontFragment: true, MaxAggregationTime: 3, WindowSize: 4,
		SendImmediately: true, LostPacketTimer: 5, DSCP: 6, BreakerLoss: 0.7, BreakerTime: 8 * time.Second}
	got := aggFrag(&f)
	want := dataplane.AggFrag{Rate: 1, PacketSize: 2, Whole: true, MaxAggregationTime: 3, WindowSize: 4, SendImmediately: true, LostPacketTimer: 5,
		DSCP: 6, BreakerLoss: 0.7, BreakerTime: 8 * time.Second}
	if got.AggFrag != want || !got.Require || !got.NoFragments {
		t.Errorf("%+v", got)
	}
	for mode, want := range map[config.IPTFSMode]dataplane.Sending{config.IPTFSConstant: dataplane.SendConstant,
		config.IPTFSControlled: dataplane.SendControlled, config.IPTFSAsNeeded: dataplane.SendAsNeeded} {
		if got := aggFrag(&config.IPTFS{Mode: mode}); got.Sending != want {
			t.Errorf("mode %d is %v", mode, got.Sending)
		}
	}
}
