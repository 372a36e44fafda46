package esp

import "sync/atomic"

// maxSequence32 is the last sequence number of an SA without ESN.
const maxSequence32 = 1<<32 - 1

// sequence counts the packets of an outbound SA. Numbers are never used twice and never wrap (RFC 4303, Section 3.3.3): the
// ciphers make their nonces from them. It is safe for concurrent use.
type sequence struct {
	last  atomic.Uint64
	limit uint64
}

func (s *sequence) init(p *Params) {
	s.limit = maxSequence32
	if p.Transforms.ESN {
		s.limit = 1<<64 - 1
	}
	s.last.Store(p.Sequence)
}

// take reserves the next n numbers and returns the first.
func (s *sequence) take(n uint64) (uint64, error) {
	for {
		last := s.last.Load()
		if n > s.limit-last {
			return 0, ErrSequenceExhausted
		}
		if s.last.CompareAndSwap(last, last+n) {
			return last + 1, nil
		}
	}
}
