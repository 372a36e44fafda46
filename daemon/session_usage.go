package daemon

import (
	"time"

	"culvert/dataplane"
	"culvert/ike"
	"culvert/radius"
	"culvert/wire"
)

// What a session has carried is what its SAs have counted that were removed, and what those count that are there. A child that
// is rekeyed keeps its policy, so the policy tells whose SAs are removed whenever that happens.

// carry notes the SAs of a child that has come up.
func (b *sessions) carry(sa wire.SPI, c *ike.ChildInfo) {
	s := b.bySA[sa]
	if s == nil || c == nil {
		return
	}
	s.children[childKey{dataplane.Inbound, c.InSPI}] = c.Policy
	s.children[childKey{dataplane.Outbound, c.OutSPI}] = c.Policy
	b.policies[c.Policy], s.policies[c.Policy] = s, true
}

// removed adds what an SA had counted when it was removed.
func (b *sessions) removed(direction dataplane.Direction, spi uint32, policy dataplane.PolicyID, c dataplane.Counters) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.policies[policy]
	if s == nil {
		return
	}
	delete(s.children, childKey{direction, spi})
	s.add(&s.gone, direction, c)
}

// add adds counters to a sum, and notes when the last packet came or went.
func (s *session) add(u *radius.Usage, d dataplane.Direction, c dataplane.Counters) {
	if at := time.Unix(0, c.LastUse); c.LastUse > 0 && at.After(s.last) {
		s.last = at
	}
	if d == dataplane.Inbound {
		u.InOctets, u.InPackets = u.InOctets+c.Bytes, u.InPackets+c.Packets
		return
	}
	u.OutOctets, u.OutPackets = u.OutOctets+c.Bytes, u.OutPackets+c.Packets
}

// usage adds up what a session has carried.
func (b *sessions) usage(s *session) radius.Usage {
	sum := s.gone
	for key, policy := range s.children {
		if c, err := b.query(key.direction, key.spi, policy); err == nil { // otherwise it is being removed
			s.add(&sum, key.direction, c)
		}
	}
	return sum
}
