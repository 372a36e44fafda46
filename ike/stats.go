package ike

import "maps"

// stats yields the counters that an IKE SA counts into: those of its shard, and those of its connection.
func (sa *SA) stats(yield func(*Stats) bool) {
	if sa.env.Stats != nil && !yield(sa.env.Stats) {
		return
	}
	if sa.conn == nil || sa.env.counted == nil {
		return
	}
	s := sa.env.counted[sa.conn.Name]
	if s == nil {
		s = new(Stats)
		sa.env.counted[sa.conn.Name] = s
	}
	yield(s)
}

// countRekeying counts the rekeying that has made a successor.
func (sa *SA) countRekeying(successor *SA) {
	for s := range sa.stats {
		if successor.initiator {
			s.RekeyedByUs++
		} else {
			s.RekeyedByPeer++
		}
	}
}

// ConnectionStats returns the counters of single connections, by name. They outlive IKE SAs and what is configured.
func (s *Shard) ConnectionStats() map[string]Stats {
	all := make(map[string]Stats, len(s.env.counted))
	for name, stats := range maps.All(s.env.counted) {
		all[name] = *stats
	}
	return all
}

// Add adds the counters of another shard.
func (s *Stats) Add(o Stats) {
	for i := range s.Sent {
		s.Sent[i] += o.Sent[i]
		s.Received[i] += o.Received[i]
	}
	for i := range s.Dropped {
		s.Dropped[i] += o.Dropped[i]
	}
	s.RekeyedByUs += o.RekeyedByUs
	s.RekeyedByPeer += o.RekeyedByPeer
	s.RekeyedChildren += o.RekeyedChildren
}

// Since returns what was counted since the counters were at from.
func (s Stats) Since(from Stats) Stats {
	for i := range s.Sent {
		s.Sent[i] -= from.Sent[i]
		s.Received[i] -= from.Received[i]
	}
	for i := range s.Dropped {
		s.Dropped[i] -= from.Dropped[i]
	}
	s.RekeyedByUs -= from.RekeyedByUs
	s.RekeyedByPeer -= from.RekeyedByPeer
	s.RekeyedChildren -= from.RekeyedChildren
	return s
}

// All yields every counter with a stable name: ike_sent_auth_request, ike_dropped_malformed.
func (s *Stats) All(yield func(name string, n uint64) bool) {
	for i := range s.Sent {
		kind := kindName(i)
		if !yield("ike_sent_"+kind, s.Sent[i]) || !yield("ike_received_"+kind, s.Received[i]) {
			return
		}
	}
	if !yield("ike_rekeyed_by_us", s.RekeyedByUs) || !yield("ike_rekeyed_by_peer", s.RekeyedByPeer) || !yield("ike_rekeyed_children", s.RekeyedChildren) {
		return
	}
	for r := DropNone + 1; r < dropReasons; r++ {
		if !yield("ike_dropped_"+r.String(), s.Dropped[r]) {
			return
		}
	}
}

// kindName names an ExchangeKind.
func kindName(kind int) string {
	names := [...]string{"sa_init", "auth", "create_child_sa", "informational", "other"}
	if kind%2 == 1 {
		return names[kind/2] + "_response"
	}
	return names[kind/2] + "_request"
}
