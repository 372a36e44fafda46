package carrier

import (
	"bytes"
	"net"
	"os"
	"time"
)

// A stream is the connection that crypto/tls reads and writes: whole messages in, whole messages out. It is used in the
// coroutine only, or while that rests.
type stream struct {
	in, out bytes.Buffer
	rest    func() bool // ends the turn and waits for the next message; false: the exchange is closed
	ready   bool        // reading does not wait, but ends with os.ErrDeadlineExceeded
	closed  bool
}

// turn gives what was written to the other side, and waits for its next message, which may be empty.
func (s *stream) turn() error {
	if s.closed || !s.rest() {
		s.closed = true
		return net.ErrClosed
	}
	return nil
}

// Read waits for messages until there is something to read.
func (s *stream) Read(b []byte) (int, error) {
	for s.in.Len() == 0 {
		if s.ready {
			return 0, os.ErrDeadlineExceeded
		}
		if err := s.turn(); err != nil {
			return 0, err
		}
	}
	return s.in.Read(b)
}

// Write keeps what is written for the end of the turn.
func (s *stream) Write(b []byte) (int, error) {
	if s.closed {
		return 0, net.ErrClosed
	}
	return s.out.Write(b)
}

// take returns what was written in this turn; it is the caller's.
func (s *stream) take() []byte {
	b := bytes.Clone(s.out.Bytes())
	s.out.Reset()
	return b
}

func (s *stream) Close() error { return nil }

// The rest of net.Conn. Deadlines are the lower layer's.

func (s *stream) LocalAddr() net.Addr              { return &net.UnixAddr{Name: "eap"} }
func (s *stream) RemoteAddr() net.Addr             { return &net.UnixAddr{Name: "eap"} }
func (s *stream) SetDeadline(time.Time) error      { return nil }
func (s *stream) SetReadDeadline(time.Time) error  { return nil }
func (s *stream) SetWriteDeadline(time.Time) error { return nil }
