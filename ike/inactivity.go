package ike

import (
	"time"

	"culvert/explain"
)

// A child that may be idle for a limited time only ends when nothing has passed through it for as long, in either direction. The
// standard knows no such limit: it is local policy, and the peer sees a Delete (RFC 7296, Section 1.4.1).

// armIdle looks at a child when it may have been idle too long, counted from a time.
func (sa *SA) armIdle(c *Child, from time.Time) {
	if d := c.config.Inactivity; d > 0 && !c.forResource() {
		sa.timers.set(timerChildIdle, c.inSPI, from.Add(d))
	}
}

// idleDue asks the data plane when something passed through a child.
func (sa *SA) idleDue(c *Child) {
	if c == nil || !c.live() || sa.env.LastInbound == nil {
		return
	}
	var refs []ChildRef
	for _, o := range sa.children { // those of single processors beside it, too
		if o.policy == c.policy {
			refs = append(refs, ChildRef{SPI: o.inSPI, OutSPI: o.outSPI, Policy: o.policy})
		}
	}
	sa.start(sa.env.LastInbound(refs), func(result any) error {
		last, _ := result.(time.Time)
		sa.judgeIdle(c, last)
		return nil
	})
}

// judgeIdle ends a child through which nothing has passed since last, or looks again when that may be.
func (sa *SA) judgeIdle(c *Child, last time.Time) {
	if sa.childWhere(func(o *Child) bool { return o == c }) == nil || !c.live() {
		return
	}
	if last.Before(c.created) {
		last = c.created
	}
	limit := c.config.Inactivity
	if sa.now.Sub(last) < limit {
		sa.armIdle(c, last)
		return
	}
	sa.deleteChild(c, refuse(explain.IKEInactive, 0, "nothing has passed through child %q for %v", c.config.Name, limit))
}
