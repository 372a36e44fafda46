package radius

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"culvert/secret"
)

const (
	maxLinks = 8                // sockets to one server; together they hold 2048 requests
	maxWait  = 16 * time.Second // the longest time between two tries (RFC 5080, Section 2.2.1)
)

// An endpoint is one port of a server, with the links to it. It is safe for concurrent use.
type endpoint struct {
	name    string
	stream  bool
	key     secret.Bytes
	timeout time.Duration // of the first try
	tries   int
	dial    func(context.Context) (net.Conn, error)
	slots   chan struct{} // as many as there may be requests
	health  health

	mu      sync.Mutex
	links   []*link
	retired bool
}

// A noAnswer says why a server was of no use. The next one is asked.
type noAnswer struct {
	server string
	err    error
}

func (e *noAnswer) Error() string { return e.server + ": " + e.err.Error() }
func (e *noAnswer) Unwrap() error { return e.err }

var errSilent = errors.New("no answer")

// exchange sends a request and returns the answer with the request as it was sent. A link that ends under it, as an idle TLS
// connection may, is replaced once.
func (e *endpoint) exchange(ctx context.Context, p *Packet) (answer, request *Packet, err error) {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	for range 2 {
		answer, request, err = e.try(ctx, p)
		if !errors.Is(err, errGone) {
			break
		}
	}
	if err != nil && ctx.Err() == nil && !unsendable(err) {
		err = &noAnswer{e.name, err}
	}
	return answer, request, err
}

// unsendable tells whether an error lies in the request and not in the server.
func unsendable(err error) bool { return errors.Is(err, errTooLong) || errors.Is(err, errTooLarge) }

func (e *endpoint) try(ctx context.Context, p *Packet) (answer, request *Packet, err error) {
	l, q, err := e.ask(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	answer, err = e.wait(ctx, l, q)
	if doubt := l.forget(q); errors.Is(err, errSilent) && doubt != nil {
		err = doubt
	}
	return answer, &q.request, err
}

// ask finds a link with a free identifier, or makes one.
func (e *endpoint) ask(ctx context.Context, p *Packet) (*link, *question, error) {
	e.mu.Lock()
	e.links = slices.DeleteFunc(e.links, (*link).gone)
	links := slices.Clone(e.links)
	e.mu.Unlock()
	for _, l := range links {
		if q, ok, err := l.ask(p); ok || err != nil {
			return l, q, err
		}
	}
	l, err := e.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	q, ok, err := l.ask(p)
	if !ok && err == nil {
		err = errGone
	}
	return l, q, err
}

// connect makes one more link. When many requests do so at the same time, those that are too many end with their request.
func (e *endpoint) connect(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, e.patience())
	defer cancel()
	conn, err := e.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot connect: %w", err)
	}
	l := newLink(conn, e.stream, e.key)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.retired || len(e.links) >= maxLinks {
		l.last = true // nobody else knows it yet
		return l, nil
	}
	e.links = append(e.links, l)
	return l, nil
}

// patience is how long a request waits for its answer in all.
func (e *endpoint) patience() (sum time.Duration) {
	for try := range e.tries {
		sum += e.pause(try)
	}
	return sum
}

// pause is the time after a try, twice as long as the one before (RFC 5080, Section 2.2.1).
func (e *endpoint) pause(try int) time.Duration { return min(e.timeout<<try, maxWait) }

// wait sends the request until it is answered: again and again over UDP, the same octets each time; once over TLS, which
// delivers by itself (RFC 6614, Section 2.2).
func (e *endpoint) wait(ctx context.Context, l *link, q *question) (*Packet, error) {
	if e.stream {
		return e.once(ctx, l, q, e.patience())
	}
	for try := range e.tries {
		pause := e.pause(try)
		jitter := time.Duration((rand.Float64() - 0.5) / 5 * float64(pause)) // a tenth either way
		answer, err := e.once(ctx, l, q, pause+jitter)
		if !errors.Is(err, errSilent) {
			return answer, err
		}
	}
	return nil, errSilent
}

func (e *endpoint) once(ctx context.Context, l *link, q *question, pause time.Duration) (*Packet, error) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	if err := l.send(q); err != nil && e.stream {
		l.conn.Close()
		<-l.done // so that nobody asks it again
		return nil, errGone
	}
	select {
	case answer := <-q.answer:
		return answer, nil
	case <-timer.C:
		return nil, errSilent
	case <-l.done:
		return q.lastWord()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// retire closes the links as soon as nobody waits on them.
func (e *endpoint) retire() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.retired = true
	for _, l := range e.links {
		l.retire()
	}
	e.links = nil
}
