package cli

import (
	"testing"

	"culvert/api"
)

func TestFactsOfIPTFS(t *testing.T) {
	for want, c := range map[string]api.Child{
		"IP-TFS as-needed": {In: api.Traffic{IPTFS: &api.IPTFS{}}, Out: api.Traffic{IPTFS: &api.IPTFS{Sending: "as-needed"}}},
		"IP-TFS constant, 1786 packets/s of 1400 octets, 25 % idle": {In: api.Traffic{IPTFS: &api.IPTFS{}},
			Out: api.Traffic{Packets: 400, IPTFS: &api.IPTFS{Sending: "constant", Rate: 1785.71, PacketSize: 1400, AllPad: 100}}},
		"IP-TFS controlled, round trip 12.35ms, loss 1.5 %, 3 dropped for want of room, 2 outer packets missed, 1 packets incomplete, circuit breaker has tripped": {
			In:  api.Traffic{IPTFS: &api.IPTFS{Missed: 2, Incomplete: 1}},
			Out: api.Traffic{IPTFS: &api.IPTFS{Sending: "controlled", RTT: 0.0123456, Loss: 0.015, Dropped: 3, Tripped: true}}},
	} {
		if got := iptfsFacts(&c); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
