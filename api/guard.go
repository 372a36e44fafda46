package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"culvert/explain"
)

// guarded is the way of every request: who sends it, whether a browser was tricked into it, how long it may take to come and go,
// and what the log says of it. named tells whether the host that it asks for is one of ours.
func (s *Server) guarded(identify func(*http.Request) Caller, named func(host string) bool) http.Handler {
	foreign := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest := patient(w, r)
		w = &timedWriter{w, http.NewResponseController(w), rest}
		defer rest()
		protect(w.Header())
		if !named(r.Host) {
			writeProblem(w, NewProblem(http.StatusMisdirectedRequest, explain.ManageBadRequest, "use localhost", "this host is not called %q", r.Host))
			return
		}
		if err := foreign.Check(r); err != nil {
			writeProblem(w, NewProblem(http.StatusForbidden, explain.ManageForbidden, "", "the request comes from a page of another origin"))
			return
		}
		s.ServeHTTP(w, r.WithContext(As(r.Context(), identify(r))))
	})
}

// protect has browsers run nothing but the page's own files, and show it in no frame.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// patience is how long a client may take to send a body, or to take a part of an answer.
const patience = 10 * time.Second

// mostUnread is how much of a body is read that nobody has asked for, so that the connection can be used again.
const mostUnread = 256 << 10

// patient gives the body of a request its time. The deadline is gone once it has been read: what the request asks for may take
// as long as it takes. What is left of the body has to be read before the answer is sent, by rest: net/http would wait for it
// without an end.
func patient(w http.ResponseWriter, r *http.Request) (rest func()) {
	if r.ContentLength == 0 {
		return func() {}
	}
	control := http.NewResponseController(w)
	body := &timedBody{r.Body, func() { _ = control.SetReadDeadline(time.Now().Add(patience)) }, func() { _ = control.SetReadDeadline(time.Time{}) }}
	r.Body = body
	return sync.OnceFunc(func() {
		if r.Header.Get("Expect") == "" { // else it was not sent if nobody has asked for it
			_, _ = io.CopyN(io.Discard, body, mostUnread) // of a body that was read, nothing
		}
	})
}

// timedBody is a body with a deadline from its first octet to its last.
type timedBody struct {
	readCloser
	begin func() // nil once it has begun
	end   func()
}

type readCloser interface {
	Read([]byte) (int, error)
	Close() error
}

func (b *timedBody) Read(p []byte) (int, error) {
	if b.begin != nil {
		b.begin()
		b.begin = nil
	}
	n, err := b.readCloser.Read(p)
	if err == io.EOF { // after any other error the rest has no more time than that
		b.end()
	}
	return n, err
}

// timedWriter gives up a client that does not read.
type timedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	rest    func() // reads the rest of the request
}

func (t *timedWriter) WriteHeader(status int) {
	t.rest()
	_ = t.control.SetWriteDeadline(time.Now().Add(patience)) // recorders of tests know none
	t.ResponseWriter.WriteHeader(status)
}

func (t *timedWriter) Write(b []byte) (int, error) {
	t.rest()
	_ = t.control.SetWriteDeadline(time.Now().Add(patience))
	return t.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (t *timedWriter) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// An entry is what the log will say of a request.
type entry struct {
	mu          sync.Mutex
	about       string
	problem     *Problem
	interrupted bool // the caller went away before the answer
	harmless    bool // nothing would have changed
}

type entryKey struct{}

// about notes for the log what a request is about.
func about(ctx context.Context, text string) {
	if e, ok := ctx.Value(entryKey{}).(*entry); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.about = text
	}
}

// harmless notes that a request changes nothing although its method would have it so: the log tells of it only when it fails.
func harmless(ctx context.Context) {
	if e, ok := ctx.Value(entryKey{}).(*entry); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.harmless = true
	}
}

// failed notes for the log how a request has failed.
func failed(ctx context.Context, p *Problem) {
	if e, ok := ctx.Value(entryKey{}).(*entry); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.problem, e.interrupted = p, context.Cause(ctx) == context.Canceled
	}
}

// audited writes a line into the log for every request that would change something, whether it did or not.
func (s *Server) audited(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		s.handler.ServeHTTP(w, r)
		return
	}
	begun, e := time.Now(), new(entry)
	s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), entryKey{}, e)))
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.harmless && e.problem == nil {
		return
	}
	level, attrs := slog.LevelInfo, []slog.Attr{
		slog.String("caller", CallerOf(r.Context()).Name), slog.String("remote", r.RemoteAddr), slog.String("request", r.Method+" "+r.URL.Path),
	}
	if e.about != "" {
		attrs = append(attrs, slog.String("about", e.about))
	}
	result := "done"
	switch {
	case e.interrupted:
		result = "interrupted"
	case e.problem != nil:
		level, result = slog.LevelWarn, "failed"
		attrs = append(attrs, slog.String("code", string(e.problem.Code)), slog.String("detail", e.problem.Detail))
	}
	attrs = append(attrs, slog.String("result", result), slog.Duration("took", time.Since(begun).Round(time.Millisecond)))
	s.journal.LogAttrs(r.Context(), level, "management request", attrs...)
}
