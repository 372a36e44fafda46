package daemon

import (
	"culvert/config"
	"culvert/dataplane"
	"culvert/ike"
)

// aggFrag returns what the engine knows of IP-TFS, nil for none.
func aggFrag(f *config.IPTFS) *ike.AggFragConfig {
	if f.Mode == config.IPTFSOff {
		return nil
	}
	return &ike.AggFragConfig{
		AggFrag: dataplane.AggFrag{
			Sending: sending(f.Mode), Whole: f.DontFragment, Rate: f.Rate, PacketSize: f.PacketSize, MaxAggregationTime: f.MaxAggregationTime,
			DSCP: f.DSCP, BreakerLoss: f.BreakerLoss, BreakerTime: f.BreakerTime,
			WindowSize: f.WindowSize, LostPacketTimer: f.LostPacketTimer, SendImmediately: f.SendImmediately,
		},
		Require: f.Require, NoFragments: !f.AcceptFragments,
	}
}

func sending(m config.IPTFSMode) dataplane.Sending {
	switch m {
	case config.IPTFSConstant:
		return dataplane.SendConstant
	case config.IPTFSControlled:
		return dataplane.SendControlled
	}
	return dataplane.SendAsNeeded
}
