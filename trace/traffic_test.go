package trace

import (
	"strings"
	"testing"

	"culvert/api"
	"culvert/explain"
)

func TestTrafficOfOneDirectionIsExplained(t *testing.T) {
	child := func(in, out uint64, encapsulation string) api.SA {
		return api.SA{Remote: api.Endpoint{Address: "192.0.2.2:500"}, Children: []api.Child{{Name: "net", Encapsulation: encapsulation, In: api.Traffic{Packets: in}, Out: api.Traffic{Packets: out}}}}
	}
	for _, tt := range []struct {
		sa         api.SA
		code, text string
	}{
		{child(0, 2, "esp"), "", ""}, {child(1, 9, "esp"), "", ""}, {child(0, 0, "udp"), "", ""},
		{child(0, 9, "esp"), string(explain.ESPOneWay), "9 packets to 192.0.2.2:500 and received none; ESP travels as IP protocol 50"},
		{child(0, 9, "udp"), string(explain.ESPOneWay), "in UDP port 4500"}, {child(0, 9, "tcp"), string(explain.ESPOneWay), "in the TCP stream"},
	} {
		var e api.Explanation
		ExplainTraffic(&e, &tt.sa)
		if string(e.Code) != tt.code || !strings.Contains(e.Text, tt.text) || (e.Action == "") != (tt.code == "") {
			t.Errorf("%+v: %+v", tt.sa.Children[0], e)
		}
	}
}
