package trace

import (
	"fmt"

	"culvert/api"
	"culvert/explain"
)

// fewPackets is how many packets leave before it says something that none came back.
const fewPackets = 3

// ExplainTraffic adds to an explanation of an IKE SA that is up what the counters of its children tell.
func ExplainTraffic(e *api.Explanation, sa *api.SA) {
	for _, c := range sa.Children {
		if c.Out.Packets < fewPackets || c.In.Packets > 0 {
			continue
		}
		entry, _ := explain.Lookup(explain.ESPOneWay)
		e.Code, e.Title, e.Cause, e.Action = entry.Code, entry.Title, entry.Cause, entry.Action
		e.Text = fmt.Sprintf("child %s has sent %d packets to %s and received none; ESP travels %s", c.Name, c.Out.Packets, sa.Remote.Address, carrier(c.Encapsulation))
		e.Ours = []string{fmt.Sprintf("out: %d packets, %d octets, SPI %s", c.Out.Packets, c.Out.Bytes, c.OutSPI)}
		e.Theirs = []string{fmt.Sprintf("in: %d packets, SPI %s", c.In.Packets, c.InSPI)}
		e.Differs = "IKE passes in both directions, ESP does not"
		if c.Encapsulation == "udp" {
			e.Action = "ESP travels in UDP port 4500 already: look for a firewall that looks into it, then at the other end: its counters of this child, its firewall, its forwarding and its routes back into the tunnel."
		}
		return
	}
}

func carrier(encapsulation string) string {
	switch encapsulation {
	case "udp":
		return "in UDP port 4500"
	case "tcp":
		return "in the TCP stream of IKE"
	}
	return "as IP protocol 50"
}
