package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"culvert/config"
	"culvert/explain"
)

// quiet is a Control without anything to tell.
type quiet struct {
	events *Feed[Event]
	log    *Feed[LogEntry]
	up     func(context.Context) error
}

func newQuiet(size int) *quiet {
	return &quiet{events: NewEventFeed(size), log: NewLogFeed(size)}
}

func (q *quiet) Status(context.Context) (Status, error)     { return Status{}, nil }
func (q *quiet) Overview(context.Context) (Overview, error) { return Overview{}, nil }
func (q *quiet) List() Listing                              { return quietListing{} }
func (q *quiet) Pools(context.Context) ([]Pool, error)      { return nil, nil }
func (q *quiet) Up(ctx context.Context, _ Target) error     { return q.up(ctx) }
func (q *quiet) Down(context.Context, Target) error         { return nil }
func (q *quiet) Rekey(context.Context, Target, Layer) error { return nil }
func (q *quiet) Reauth(context.Context, Target) error       { return nil }
func (q *quiet) Reload(context.Context) (Reloaded, error)   { return Reloaded{}, nil }
func (q *quiet) Check(context.Context) config.Diagnostics   { return nil }
func (q *quiet) Events() *Feed[Event]                       { return q.events }
func (q *quiet) Log() *Feed[LogEntry]                       { return q.log }

type quietListing struct{}

func (quietListing) Next(context.Context, func(*SA)) (bool, error) { return false, nil }

// A paper is a response that is written into memory, or fails.
type paper struct {
	header  http.Header
	text    strings.Builder
	broken  error
	written chan struct{} // told of each write
}

func newPaper() *paper { return &paper{header: http.Header{}, written: make(chan struct{}, 1000)} }

func (p *paper) Header() http.Header              { return p.header }
func (p *paper) WriteHeader(int)                  {}
func (p *paper) Flush()                           {}
func (p *paper) SetWriteDeadline(time.Time) error { return nil }
func (p *paper) Write(b []byte) (int, error) {
	if p.broken != nil {
		return 0, p.broken
	}
	p.text.Write(b)
	p.written <- struct{}{}
	return len(b), nil
}

func administrator(ctx context.Context) context.Context {
	return As(ctx, Caller{Name: "test", Role: Administer})
}

func asked(ctx context.Context, path string) *http.Request {
	return httptest.NewRequest("GET", path, nil).WithContext(administrator(ctx))
}

func TestQuietStreamsShowSignsOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuiet(4)
		s := NewServer(q, "test")
		w := newPaper()
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
		defer cancel()
		s.ServeHTTP(w, asked(ctx, "/v1/events"))
		if got, want := w.text.String(), strings.Repeat(":\n\n", 4); got != want { // at 0, 15, 30 and 45 s
			t.Errorf("got %q, want %q", got, want)
		}
		s.end()
	})
}

func TestStreamsAreServerSentEvents(t *testing.T) {
	q := newQuiet(2)
	for i := range 3 {
		q.events.Publish(Event{Kind: EventUp, Text: fmt.Sprint("line\nbreak ", i)})
	}
	w := newPaper()
	s := NewServer(q, "test")
	s.life = "L"
	s.ServeHTTP(w, asked(context.Background(), "/v1/events?since=0&backlog=9&once=true"))
	const zero = `"time":"0001-01-01T00:00:00Z","kind":"up"`
	want := ":\n\nid: L-2\nevent: item\ndata: {\"seq\":2," + zero + ",\"text\":\"line\\nbreak 1\"}\n\nid: L-3\nevent: item\ndata: {\"seq\":3," + zero + ",\"text\":\"line\\nbreak 2\"}\n\nevent: done\ndata: {}\n\n"
	if got := w.text.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := w.header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
}

func TestStreamBeginsBehindANumber(t *testing.T) {
	q := newQuiet(8)
	for range 5 {
		q.events.Publish(Event{})
	}
	w := newPaper()
	NewServer(q, "test").ServeHTTP(w, asked(context.Background(), "/v1/events?since=3&once=true"))
	if n := strings.Count(w.text.String(), "event: item"); n != 2 || !strings.Contains(w.text.String(), `"seq":4`) {
		t.Errorf("got\n%s", w.text.String())
	}
}

// A client that has gone ends its stream, whatever the daemon goes on to publish.
func TestStreamsEndWithTheirClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, path := range []string{"/v1/events", "/v1/log", "/v1/events?once=true&backlog=5"} {
			q := newQuiet(8)
			q.events.Publish(Event{})
			w := newPaper()
			w.broken = errors.New("broken pipe")
			NewServer(q, "test").ServeHTTP(w, asked(context.Background(), path)) // does not return otherwise
		}
	})
}

func upRequest(ctx context.Context, body string) *http.Request {
	r := httptest.NewRequest("POST", "/v1/up", strings.NewReader(body)).WithContext(administrator(ctx))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestUpWaitsAsLongAsItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuiet(8)
		q.up = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		w := newPaper()
		begun := time.Now()
		NewServer(q, "test").ServeHTTP(w, upRequest(context.Background(), `{"connection":"a","timeout":40}`))
		if took := time.Since(begun); took != 40*time.Second || !strings.Contains(w.text.String(), string(explain.ManageTimeout)) {
			t.Errorf("after %v:\n%s", took, w.text.String())
		}
	})
}

func TestCommandsWhoseCallerGoesAwayAreNoFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		q := newQuiet(8)
		q.up = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		s := NewServer(q, "test")
		s.journal = slog.New(slog.NewTextHandler(&log, nil))
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Second, context.Canceled)
		defer cancel()
		s.audited(newPaper(), upRequest(ctx, `{"connection":"a","timeout":40}`))
		if got := log.String(); !strings.Contains(got, "level=INFO") || !strings.Contains(got, "result=interrupted") || strings.Contains(got, "code=") {
			t.Error(got)
		}
	})
}

func TestUpTellsWhatWasPublishedBeforeTheEnd(t *testing.T) {
	for range 100 { // the end of the command and the last events race
		q := newQuiet(1000)
		q.up = func(context.Context) error {
			for range 10 {
				q.events.Publish(Event{Connection: "a"})
			}
			return nil
		}
		w := newPaper()
		NewServer(q, "test").ServeHTTP(w, upRequest(context.Background(), `{"connection":"a"}`))
		if n := strings.Count(w.text.String(), "event: item"); n != 10 || !strings.HasSuffix(w.text.String(), "event: done\ndata: {}\n\n") {
			t.Fatalf("%d events in\n%s", n, w.text.String())
		}
	}
}

func TestServeEndsWhileStreamsAreOpen(t *testing.T) {
	q := newQuiet(4)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- NewServer(q, "test").Serve(ctx, l) }()
	answer, err := http.Get("http://" + l.Addr().String() + "/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("got %v", err)
	}
}

func TestServeTellsOfAListenerThatFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := NewServer(newQuiet(1), "test").Serve(context.Background(), l); err == nil {
		t.Error("no error")
	}
}

func TestErrorsBecomeProblems(t *testing.T) {
	bare := &Problem{Code: explain.AuthPSKWrong, Detail: "x"}
	tests := []struct {
		err    error
		code   explain.Code
		status int
	}{
		{bare, explain.AuthPSKWrong, http.StatusConflict},
		{fmt.Errorf("up: %w", bare), explain.AuthPSKWrong, http.StatusConflict},
		{&Problem{Code: explain.ManageNotFound, Status: 404}, explain.ManageNotFound, 404},
		{&config.InvalidError{Diagnostics: config.Diagnostics{{Severity: config.Error}}}, explain.ManageConfigRefused, http.StatusUnprocessableEntity},
		{errors.New("x"), explain.ManageInternal, http.StatusInternalServerError},
	}
	for _, tt := range tests {
		if p := problemOf(tt.err); p.Code != tt.code || p.GetStatus() != tt.status {
			t.Errorf("%v: got %s and %d", tt.err, p.Code, p.GetStatus())
		}
	}
	if bare.Status != 0 {
		t.Error("the problem of the daemon was changed")
	}
}

func TestProblemsReadAsOneSentence(t *testing.T) {
	for want, p := range map[string]*Problem{
		"it failed [X]":                         {Code: "X", Detail: "it failed"},
		"it failed: correct it [X]":             {Code: "X", Detail: "it failed.", Action: "Correct it."},
		"it failed: PSKs differ [X]":            {Code: "X", Detail: "it failed", Action: "PSKs differ"},
		"it failed: `culvert status` shows [X]": {Code: "X", Detail: "it failed", Action: "`culvert status` shows"},
		"it failed: x [X]":                      {Code: "X", Detail: "it failed", Action: "x"},
	} {
		if got := p.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTargetsAreWrittenAsInCommands(t *testing.T) {
	for want, target := range map[string]Target{
		"a":      {Connection: "a"},
		"a/c":    {Connection: "a", Child: "c"},
		"a#0102": {Connection: "a", SA: "0102"},
		"a/c#01": {Connection: "a", Child: "c", SA: "01"},
	} {
		if got := target.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSeveritiesAreOrdered(t *testing.T) {
	for name, want := range map[string]slog.Level{"debug": slog.LevelDebug, "INFO": slog.LevelInfo, "warn": slog.LevelWarn, "Error": slog.LevelError, "loud": slog.LevelDebug, "": slog.LevelDebug} {
		if got := severity(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}

func TestFeedsServeManyReadersAtOnce(t *testing.T) {
	const readers, items = 50, 200
	f := numbers(items)
	sums := make(chan uint64, readers)
	for range readers {
		r := f.Since(0)
		go func() {
			var sum uint64
			for range items {
				n, missed, err := r.Read(context.Background())
				if err != nil || missed > 0 {
					t.Errorf("missed %d, error %v", missed, err)
				}
				sum += n
			}
			sums <- sum
		}()
	}
	for range items {
		f.Publish(0)
	}
	for range readers {
		if got := <-sums; got != items*(items+1)/2 {
			t.Errorf("got the sum %d", got)
		}
	}
}
