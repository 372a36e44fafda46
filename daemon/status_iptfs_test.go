package daemon

import (
	"testing"
	"time"

	"culvert/api"
	"culvert/dataplane"
)

func TestStatusOfIPTFS(t *testing.T) {
	if iptfsTraffic(nil) != nil {
		t.Error("an ordinary SA has a status of IP-TFS")
	}
	got := iptfsStatus(iptfsTraffic(&dataplane.Traffic{InnerPackets: 1, InnerOctets: 2, AllPad: 3, ExtraPad: 4, Dropped: 5, Incomplete: 6, Errored: 7,
		Missed: 8, Late: 9, Rate: 10, PacketSize: 11, RTT: 12 * time.Second, Loss: 0.13, Tripped: true}), dataplane.SendControlled)
	want := api.IPTFS{Sending: "controlled", InnerPackets: 1, InnerOctets: 2, AllPad: 3, ExtraPad: 4, Dropped: 5, Incomplete: 6, Errored: 7,
		Missed: 8, Late: 9, Rate: 10, PacketSize: 11, RTT: 12, Loss: 0.13, Tripped: true}
	if *got != want {
		t.Errorf("%+v", got)
	}
	if got := iptfsStatus(nil, dataplane.SendConstant); got.Sending != "constant" {
		t.Errorf("before the SA is there: %+v", got)
	}
}
