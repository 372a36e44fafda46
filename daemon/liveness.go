package daemon

import (
	"context"
	"time"

	"culvert/dataplane"
	"culvert/ike"
)

// lastInbound is the work that tells when a child last received something.
type lastInbound struct {
	backend  dataplane.Backend
	clock    *clock
	children []ike.ChildRef
}

// Run returns a time.Time of the engine, zero when nothing ever came.
func (w lastInbound) Run(context.Context) any {
	var last time.Time
	for _, c := range w.children {
		counters, err := w.backend.Query(dataplane.Inbound, c.SPI, c.Policy)
		if err != nil || counters.LastUse == 0 {
			continue
		}
		if at := w.clock.heard(time.Unix(0, counters.LastUse)); at.After(last) {
			last = at
		}
	}
	return last
}
