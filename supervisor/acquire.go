package supervisor

import (
	"time"

	"culvert/dataplane"
)

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
	if l == nil || l.child(owner.child) == nil || l.held {
		return nil
	}
	l.wanted[owner.child] = true
	flow := n.Packet
	switch t := l.usable(); {
	case l.up(owner.child):
	case t != nil:
		s.createChild(l, t, owner.child, &flow)
	case l.attempt == nil && l.retryAt.IsZero():
		s.connect(l, &attempt{children: l.missing(), trigger: &flow})
	}
	return s.done()
}
