package api

import (
	"context"
	"net/http"
	"time"

	"culvert/explain"
)

// answerWithin is how long a daemon may take to begin the answer to a question. A command takes as long as what it does,
// or as its own time says.
const answerWithin = 30 * time.Second

// grace is what a daemon has to say that the time of a command is over, before it is taken to hang.
const grace = 5 * time.Second

// bounded ends a command whose daemon does not keep to its time.
func (c Command) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.TimeoutSeconds == 0 {
		return context.WithCancel(ctx)
	}
	most := c.timeout() + grace
	return context.WithTimeoutCause(ctx, most, NewProblem(0, explain.ManageTimeout,
		"it hangs or has too much to do: see `systemctl status culvert`", "the daemon has said nothing within %v", most))
}

// A courier takes requests to a daemon. Questions are given up when no answer begins: who waits for a daemon that hangs is told so.
type courier struct {
	*http.Transport // of commands
	questions       *http.Transport
}

func newCourier(t *http.Transport) *courier {
	questions := t.Clone()
	questions.ResponseHeaderTimeout = answerWithin
	return &courier{t, questions}
}

// RoundTrip carries out one request.
func (c *courier) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		return c.questions.RoundTrip(r)
	}
	return c.Transport.RoundTrip(r)
}

// CloseIdleConnections gives up connections that nobody uses.
func (c *courier) CloseIdleConnections() {
	c.Transport.CloseIdleConnections()
	c.questions.CloseIdleConnections()
}
