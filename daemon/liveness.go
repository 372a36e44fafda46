package daemon

import (
	"context"
	"time"

	"culvert/dataplane"
	"culvert/ike"
)

// lastInbound is the work that tells when children last received something, or sent where that is asked for.
type lastInbound struct {
	backend  dataplane.Backend
	clock    *clock
	children []ike.ChildRef
}

// Run returns a time.Time of the engine, zero when nothing ever passed.
func (w lastInbound) Run(context.Context) any {
	var last time.Time
	for _, c := range w.children {
		last = w.later(last, dataplane.Inbound, c.SPI, c.Policy)
		if c.OutSPI != 0 {
			last = w.later(last, dataplane.Outbound, c.OutSPI, c.Policy)
		}
	}
	return last
}

// later returns when an SA was used, if that is later.
func (w lastInbound) later(last time.Time, d dataplane.Direction, spi uint32, policy dataplane.PolicyID) time.Time {
	counters, err := w.backend.Query(d, spi, policy)
	if err != nil || counters.LastUse == 0 {
		return last
	}
	if at := w.clock.heard(time.Unix(0, counters.LastUse)); at.After(last) {
		return at
	}
	return last
}
