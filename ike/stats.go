package ike

// Add adds the counters of another shard.
func (s *Stats) Add(o Stats) {
	for i := range s.Sent {
		s.Sent[i] += o.Sent[i]
		s.Received[i] += o.Received[i]
	}
	for i := range s.Dropped {
		s.Dropped[i] += o.Dropped[i]
	}
}

// All yields every counter with a stable name: ike_sent_auth_request, ike_dropped_malformed.
func (s *Stats) All(yield func(name string, n uint64) bool) {
	for i := range s.Sent {
		kind := kindName(i)
		if !yield("ike_sent_"+kind, s.Sent[i]) || !yield("ike_received_"+kind, s.Received[i]) {
			return
		}
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
