package supervisor

import (
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// carries tells whether a child of that name is up and allows a packet. One that was narrowed may not: the peer wants a Child
// SA of its own for each pair of addresses (RFC 7296, Section 2.9).
func (l *link) carries(child string, flow spd.Flow) bool {
	for _, t := range l.sas {
		for _, c := range t.children {
			if !t.closing && c.name == child && (spd.Selectors{Local: c.local, Remote: c.remote}).Outbound(flow) {
				return true
			}
		}
	}
	return false
}

// Acquired takes a notice that no IKE SA claimed: a packet met a trap.
func (s *Supervisor) Acquired(now time.Time, n dataplane.Notice) []Action {
	s.now = now
	if n.Kind != dataplane.NoticeAcquire {
		return nil
	}
	owner, ok := s.policies.owner[n.Policy]
	if !ok {
		return nil
	}
	l := s.links[owner.connection]
	if l == nil || l.child(owner.child) == nil || l.held || l.off[owner.child] {
		return nil
	}
	flow := n.Packet
	if l.open() && l.child(owner.child).Mode == esp.Transport {
		s.meet(l, owner.child, flow)
		return s.done()
	}
	l.wanted[owner.child] = true
	switch t := l.usable(); {
	case l.carries(owner.child, flow):
	case t != nil:
		s.createChild(l, t, owner.child, &flow)
	case l.attempt == nil && l.retryAt.IsZero():
		s.connect(l, &attempt{children: l.missing(), trigger: &flow})
	}
	return s.done()
}
