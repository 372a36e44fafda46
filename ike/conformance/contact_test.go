package conformance

import (
	"context"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/ike"
	"culvert/supervisor"
	"culvert/wire"
)

// An admission asks the supervisor, which knows all IKE SAs of a node.
type admission struct {
	l *lab
	s *supervisor.Supervisor
	ike.Admission
}

// Run returns an ike.Verdict.
func (a admission) Run(context.Context) any {
	return ike.Verdict{Refusal: a.s.Admit(a.l.now, a.Admission)}
}

// supervise gives the node a supervisor.
func (l *lab) supervise() {
	s := supervisor.New(func(d time.Duration) time.Duration { return d / 2 }, func() dataplane.PolicyID { l.nut.policy++; return l.nut.policy })
	l.nut.env.Admit = func(a ike.Admission) ike.Work { return admission{l, s, a} }
	l.nut.watch = func(n ike.News) []supervisor.Action { return s.News(l.now, n) }
	s.Configure(l.now, []*ike.Connection{l.nut.conn}, nil)
}

// A peer that says that it has no other IKE SA has lost the one before (RFC 7296, Section 2.4).
func TestInitialContact(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, unique := range []ike.Uniqueness{ike.UniqueReplace, ike.UniqueNo} {
			l := newLab(t, s, func(c *ike.Connection) { c.Unique = unique })
			l.supervise()
			_, old := l.connected()
			old.carries()
			l.wait(time.Second)
			se := l.opened()
			o := se.offerChild()
			o.notifies = append(o.notifies, &wire.Notify{NotifyType: wire.NotifyInitialContact})
			answer := se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)
			c := o.complete(answer)
			l.silent() // the peer has forgotten it: there is nobody to tell
			c.carries()
			l.sends(c)
			l.installed(1)
			old.carriesNothing()
		}
	})
}
