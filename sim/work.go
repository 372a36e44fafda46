package sim

import (
	"context"
	"time"

	"culvert/dataplane"
	"culvert/ike"
)

// startWork has work done after a while, and brings the result back.
func (n *Node) startWork(s *ike.Shard, a ike.StartWork) {
	n.core.working++
	n.after(n.lab.upTo(n.WorkTime), func() {
		n.core.working--
		n.handle(s, ike.WorkFinished{SA: a.SA, Work: a.ID, Result: a.Work.Run(context.Background())})
	})
}

// admit asks the supervisor about a peer, and the pool for its address.
type admit struct {
	node      *Node
	admission ike.Admission
}

// Run returns an ike.Verdict.
func (w admit) Run(context.Context) any {
	n := w.node
	if f := n.core.supervisor.Admit(n.lab.now, w.admission); f != nil || w.admission.Initiator {
		return ike.Verdict{Refusal: f}
	}
	return n.lease(w.admission)
}

// lastInbound asks the data plane when the peer was heard.
type lastInbound struct {
	node     *Node
	children []ike.ChildRef
}

// Run returns a time.Time.
func (w lastInbound) Run(context.Context) any {
	var last time.Time
	for _, c := range w.children {
		used, err := w.node.core.plane.Query(dataplane.Inbound, c.SPI, c.Policy)
		if at := time.Unix(0, used.LastUse); err == nil && used.LastUse != 0 && at.After(last) {
			last = at
		}
	}
	return last
}
