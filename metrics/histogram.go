package metrics

// A Histogram counts durations in seconds. It is a value.
type Histogram struct {
	Sum     float64
	Count   uint64
	Buckets [12]uint64 // how many lasted no longer than each of the bounds
}

// bounds are those of handshakes: in a network nearby, across the world, with a retransmission or more, with a person who types
// a password.
func bounds() [12]float64 {
	return [...]float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
}

func (h Histogram) with(seconds float64) Histogram {
	seconds = max(0, seconds)
	h.Sum += seconds
	h.Count++
	for i, b := range bounds() {
		if seconds <= b {
			h.Buckets[i]++
		}
	}
	return h
}

// cumulative returns the buckets as Prometheus has them.
func (h *Histogram) cumulative() map[float64]uint64 {
	m := make(map[float64]uint64, len(h.Buckets))
	for i, b := range bounds() {
		m[b] = h.Buckets[i]
	}
	return m
}
