package vici

import (
	"context"
	"log/slog"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// exhausted is a listener of a process that has no file left.
type exhausted struct {
	net.Listener
	tries int
}

func (e *exhausted) Accept() (net.Conn, error) { e.tries++; return nil, syscall.EMFILE }
func (e *exhausted) Close() error              { return nil }

// A process that is out of files tries once a second, and once more to find that it is told to end: it neither fills its log nor keeps
// a processor busy.
func TestNobodyIsAcceptedInHasteWithoutFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 9500*time.Millisecond)
		defer cancel()
		l, begun := new(exhausted), time.Now()
		err := NewServer(nil, nil, slog.New(slog.DiscardHandler)).Serve(ctx, l)
		if took := time.Since(begun); err != nil || l.tries != 11 || took != 9500*time.Millisecond {
			t.Errorf("%d attempts in %v, %v", l.tries, took, err)
		}
	})
}
