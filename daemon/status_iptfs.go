package daemon

import (
	"culvert/api"
	"culvert/dataplane"
)

// iptfsTraffic shows the counters of an SA in AGGFRAG mode, nil for others.
func iptfsTraffic(t *dataplane.Traffic) *api.IPTFS {
	if t == nil {
		return nil
	}
	return &api.IPTFS{
		InnerPackets: t.InnerPackets, InnerOctets: t.InnerOctets, AllPad: t.AllPad, ExtraPad: t.ExtraPad, Dropped: t.Dropped,
		Incomplete: t.Incomplete, Errored: t.Errored, Missed: t.Missed, Late: t.Late,
		Rate: t.Rate, PacketSize: t.PacketSize, RTT: t.RTT.Seconds(), Loss: t.Loss, Tripped: t.Tripped,
	}
}

// iptfsStatus completes what a direction shows of a child in AGGFRAG mode, which may have no SA yet.
func iptfsStatus(s *api.IPTFS, sending dataplane.Sending) *api.IPTFS {
	if s == nil {
		s = &api.IPTFS{}
	}
	s.Sending = sending.String()
	return s
}
