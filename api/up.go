package api

import (
	"context"
	"log/slog"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// timeout is the time to wait for the end; 0: as long as it takes.
func (c Command) timeout() time.Duration {
	return time.Duration(c.TimeoutSeconds * float64(time.Second))
}

// limit bounds the time of a command.
func (c Command) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.TimeoutSeconds == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.timeout())
}

// up brings up a target and sends what happens meanwhile, and at last how it ended.
func (s *Server) up(ctx context.Context, in *commandInput) (*huma.StreamResponse, error) {
	about(ctx, in.Body.String())
	reader := s.control.Events().Tail(0)
	return s.respond(func(ctx context.Context, st *stream) error {
		ctx, cancel := in.Body.limit(ctx)
		defer cancel()
		ended := make(chan error, 1)
		watching, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			ended <- s.control.Up(ctx, in.Body.Target)
			stop()
		}()
		err := copyFeed(watching, st, reader, s.heartbeat, in.Body.concerns)
		if watching.Err() == nil {
			return err // the client has gone; the deferred cancel ends the wait
		}
		if err := copyPast(st, reader, s.control.Events().Next(), in.Body.concerns); err != nil {
			return err
		}
		if err := <-ended; err != nil {
			p := in.Body.problem(ctx, "up", err)
			failed(ctx, p)
			return st.send(streamProblem, p)
		}
		return st.send(streamDone, struct{}{})
	}), nil
}

// concerns reports whether an event belongs to the command.
func (c Command) concerns(e Event) bool { return e.Connection == c.Connection }

// severity orders the names of log levels. An unknown one is taken for debug.
func severity(level string) slog.Level {
	var l slog.Level
	if l.UnmarshalText([]byte(level)) != nil {
		return slog.LevelDebug
	}
	return l
}
