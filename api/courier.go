package api

import (
	"net/http"
	"time"
)

// answerWithin is how long a daemon may take to begin the answer to a question. A command takes as long as what it does.
const answerWithin = 30 * time.Second

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
