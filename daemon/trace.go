package daemon

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"culvert/api"
	"culvert/explain"
	"culvert/ike"
	"culvert/supervisor"
	"culvert/trace"
)

// A tracer keeps the recent exchanges with peers. It is safe for concurrent use: every shard brings its news.
type tracer struct {
	mu    sync.Mutex
	store *trace.Store
}

func newTracer() *tracer { return &tracer{store: trace.NewStore()} }

// news takes what the engine reports, as trace.Store does.
func (t *tracer) news(n ike.News, at time.Time, e api.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.store.News(n, at, e)
}

// failed keeps an attempt that has failed before there was an IKE SA.
func (t *tracer) failed(n supervisor.Note, e api.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.store.Failed(n.Connection.Name, n.Remote, e)
}

// Traces lists the recent exchanges with peers, the newest first.
func (d *Daemon) Traces(_ context.Context, connection string) ([]api.TraceSummary, error) {
	t := d.engine.tracer
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.store.List(connection), nil
}

// Trace tells everything about one of them.
func (d *Daemon) Trace(_ context.Context, id string) (api.Trace, error) {
	t := d.engine.tracer
	t.mu.Lock()
	defer t.mu.Unlock()
	one, ok := t.store.Get(id)
	if !ok {
		return one, noTrace(id)
	}
	return one, nil
}

// Explain tells in words what happened in one of them.
func (d *Daemon) Explain(ctx context.Context, id string) (api.Explanation, error) {
	e, sa, err := d.engine.tracer.explain(id)
	if err != nil || sa == "" {
		return e, err
	}
	s, err := d.Status(ctx)
	if err != nil {
		return e, err
	}
	i := slices.IndexFunc(s.SAs, func(o api.SA) bool { return o.SPI == sa })
	if i >= 0 {
		trace.ExplainTraffic(&e, &s.SAs[i])
	}
	return e, nil
}

// explain explains one trace. Where nothing has failed it returns the IKE SA that is up, whose traffic may tell more.
func (t *tracer) explain(id string) (e api.Explanation, sa string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.store.Explain(id)
	if !ok {
		return e, "", noTrace(id)
	}
	if one, _ := t.store.Get(id); e.Code == "" && one.Outcome == api.TraceUp {
		sa = one.SA
	}
	return e, sa, nil
}

func noTrace(id string) error {
	return api.NewProblem(http.StatusNotFound, explain.ManageNotFound, "`culvert trace --list` shows those that are kept", "there is no trace %q, or no longer", id)
}
