package esp

import "slices"

// Of the recovery from the loss of 2^32 packets (RFC 4303, Appendix A3): after how many failures in a row to look, and how
// many subspaces ahead. One look per 4096 bad packets adds less than a thousandth to what they cost anyway.
const (
	resyncTrigger = 4096
	resyncReach   = 4
)

// resync counts the packets of an SA with ESN that failed authentication in a row.
type resync struct{ failures int }

func (r *resync) failed(esn bool) {
	if esn {
		r.failures++
	}
}

// due reports whether the packet at hand is to be tried under later sequence numbers.
func (r *resync) due() bool { return r.failures > 0 && r.failures%resyncTrigger == 0 }

// searchSequence tries pkt under the sequence numbers with higher upper halves than seq's and returns the one that
// authenticates it. pkt stays as it is.
func (i *Inbound) searchSequence(pkt []byte, seq uint64) (uint64, bool) {
	for range resyncReach {
		if seq>>32 == maxSequence32 {
			return 0, false
		}
		seq += 1 << 32
		if _, err := i.cipher.Open(slices.Clone(pkt), seq); err == nil {
			return seq, true
		}
	}
	return 0, false
}
