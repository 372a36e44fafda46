package cli

import (
	"fmt"
	"strings"
	"time"

	"culvert/api"
)

// iptfsFacts tells how a child in AGGFRAG mode sends, and what became of it.
func iptfsFacts(c *api.Child) string {
	in, out := c.In.IPTFS, c.Out.IPTFS
	facts := []string{"IP-TFS " + out.Sending}
	if out.Rate > 0 {
		facts = append(facts, fmt.Sprintf("%.4g packets/s of %d octets", out.Rate, out.PacketSize))
	}
	if c.Out.Packets > 0 && out.Rate > 0 {
		facts = append(facts, fmt.Sprintf("%.0f %% idle", 100*float64(out.AllPad)/float64(c.Out.Packets)))
	}
	if out.RTT > 0 {
		rtt := time.Duration(out.RTT * float64(time.Second)).Round(10 * time.Microsecond)
		facts = append(facts, fmt.Sprintf("round trip %v, loss %.2g %%", rtt, 100*out.Loss))
	}
	facts = append(facts, iptfsLosses(in, out)...)
	if out.Tripped {
		facts = append(facts, "circuit breaker has tripped")
	}
	return strings.Join(facts, ", ")
}

// iptfsLosses tells what did not come or go, if anything.
func iptfsLosses(in, out *api.IPTFS) (facts []string) {
	for _, l := range []struct {
		n    uint64
		what string
	}{{out.Dropped, "dropped for want of room"}, {in.Missed, "outer packets missed"}, {in.Incomplete, "packets incomplete"}} {
		if l.n > 0 {
			facts = append(facts, fmt.Sprintf("%d %s", l.n, l.what))
		}
	}
	return facts
}
