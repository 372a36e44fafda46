// Package apitest has a fake of the daemon for tests of what talks to one.
package apitest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
)

// Fake is an api.Control that answers as it is told and remembers what it was asked. Set its fields before it is used.
type Fake struct {
	Now        api.Status
	Leases     []api.Pool
	Applied    api.Reloaded
	Findings   config.Diagnostics
	Configured api.Configuration
	Compared   api.Comparison
	Err        map[string]error // by command: "up", "reload"
	Script     []api.Event      // published by Up
	Traced     []api.Trace
	Told       map[string]api.Explanation // by ID of the trace
	Hang       map[string]bool            // commands that end with their context only

	events *api.Feed[api.Event]
	log    *api.Feed[api.LogEntry]

	mu    sync.Mutex
	calls []string
}

// New returns a fake whose feeds hold size items.
func New(size int) *Fake {
	return &Fake{Err: map[string]error{}, Hang: map[string]bool{}, events: api.NewEventFeed(size), log: api.NewLogFeed(size)}
}

// Calls lists what the fake was asked to do: "up office/net".
func (f *Fake) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

func (f *Fake) do(ctx context.Context, command string, about ...any) error {
	f.mu.Lock()
	call := command
	for _, a := range about {
		call += fmt.Sprintf(" %v", a)
	}
	f.calls = append(f.calls, call)
	f.mu.Unlock()
	if f.Hang[command] {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.Err[command]
}

// Status implements api.Control.
func (f *Fake) Status(ctx context.Context) (api.Status, error) { return f.Now, f.do(ctx, "status") }

// Overview implements api.Control.
func (f *Fake) Overview(ctx context.Context) (api.Overview, error) {
	return OverviewOf(&f.Now), f.do(ctx, "overview")
}

// List implements api.Control.
func (f *Fake) List() api.Listing { return ListOf(f.Now.SAs) }

// Pools implements api.Control.
func (f *Fake) Pools(ctx context.Context) ([]api.Pool, error) { return f.Leases, f.do(ctx, "pools") }

// Up implements api.Control.
func (f *Fake) Up(ctx context.Context, t api.Target) error {
	for _, e := range f.Script {
		f.events.Publish(e)
	}
	return f.do(ctx, "up", t)
}

// Down implements api.Control.
func (f *Fake) Down(ctx context.Context, t api.Target) error { return f.do(ctx, "down", t) }

// Rekey implements api.Control.
func (f *Fake) Rekey(ctx context.Context, t api.Target, l api.Layer) error {
	return f.do(ctx, "rekey", t, l)
}

// Reauth implements api.Control.
func (f *Fake) Reauth(ctx context.Context, t api.Target) error { return f.do(ctx, "reauth", t) }

// Reload implements api.Control.
func (f *Fake) Reload(ctx context.Context) (api.Reloaded, error) {
	return f.Applied, f.do(ctx, "reload")
}

// Check implements api.Control.
func (f *Fake) Check(ctx context.Context) config.Diagnostics {
	_ = f.do(ctx, "check")
	return f.Findings
}

// Traces implements api.Tracer.
func (f *Fake) Traces(ctx context.Context, connection string) ([]api.TraceSummary, error) {
	list := []api.TraceSummary{}
	for _, t := range f.Traced {
		if connection == "" || t.Connection == connection {
			list = append(list, t.TraceSummary)
		}
	}
	return list, f.do(ctx, "traces", connection)
}

// Trace implements api.Tracer.
func (f *Fake) Trace(ctx context.Context, id string) (api.Trace, error) {
	for _, t := range f.Traced {
		if t.ID == id {
			return t, f.do(ctx, "trace", id)
		}
	}
	return api.Trace{}, api.NewProblem(http.StatusNotFound, explain.ManageNotFound, "", "there is no trace %s", id)
}

// Explain implements api.Tracer.
func (f *Fake) Explain(ctx context.Context, id string) (api.Explanation, error) {
	if e, ok := f.Told[id]; ok {
		return e, f.do(ctx, "explain", id)
	}
	return api.Explanation{}, api.NewProblem(http.StatusNotFound, explain.ManageNotFound, "", "there is no trace %s", id)
}

// Events implements api.Control.
func (f *Fake) Events() *api.Feed[api.Event] { return f.events }

// Log implements api.Control.
func (f *Fake) Log() *api.Feed[api.LogEntry] { return f.log }

// Serve serves the fake on a socket until the test ends, and returns the path of the socket.
func Serve(t testing.TB, control api.Control) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := api.Listen(socket, "")
	if err != nil {
		t.Fatal(err)
	}
	ServeOn(t, control, l)
	return socket
}

// ServeOn serves a control on a listener until the test ends.
func ServeOn(t testing.TB, control api.Control, l net.Listener) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	server := api.NewServer(control, "test")
	if err := server.Permit(&config.API{Web: netip.MustParseAddrPort("127.0.0.1:0"), Session: time.Minute}, ""); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}
