package cli

import (
	"io"
	"sync"
)

// A sink remembers what has kept a result from being written: a file that was cut must not look as if it were whole.
type sink struct {
	w    io.Writer
	lock sync.Mutex
	err  error // the first
}

// Write writes to what is below.
func (s *sink) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	if err != nil {
		s.lock.Lock()
		defer s.lock.Unlock()
		if s.err == nil {
			s.err = err
		}
	}
	return n, err
}

// failure returns why the result is not whole, nil if it is.
func (s *sink) failure() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	return unwritten(s.err)
}
