package daemon

import (
	"context"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
	"culvert/hook"
	"culvert/ike"
	"culvert/telemetry"
)

// A telemetryFeed tells the collector that is configured what IKE does. The zero one tells nobody.
type telemetryFeed struct {
	engine  *engine
	version string
	counts  telemetry.Counts
	running atomic.Pointer[telemetry.Recorder] // nil: there is no collector
	wg      sync.WaitGroup

	mu     sync.Mutex
	config *config.Telemetry // nil: none so far
	end    context.CancelFunc
}

// news takes what the engine reports. at is the time to show.
func (t *telemetryFeed) news(n ike.News, at time.Time) {
	if r := t.running.Load(); r != nil {
		r.News(&n, at)
	}
}

// configure has the collector of another configuration told from now on, unless it is the same. The configurations of programs
// have none.
func (t *telemetryFeed) configure(c *config.Telemetry) {
	if c == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.config != nil {
		if t.config.Same(c) {
			return
		}
		t.running.Store(nil)
		t.end()
	}
	if t.config, t.end = c, func() {}; c.Endpoint == "" {
		return
	}
	ctx, end := context.WithCancel(t.engine.ctx)
	r := t.recorder(c)
	t.end = end
	t.wg.Go(func() { r.Run(ctx) })
	t.running.Store(r)
}

func (t *telemetryFeed) recorder(c *config.Telemetry) *telemetry.Recorder {
	host, _ := os.Hostname() // without it is ""
	to := telemetry.Endpoint{URL: c.Endpoint, Client: hook.NewClient(c.Timeout, rootsOf(c.CAs))}
	for _, h := range c.Headers {
		to.Headers = append(to.Headers, telemetry.Header(h))
	}
	return telemetry.NewRecorder(telemetry.Options{
		Endpoint: to, Share: c.Sample, Counts: &t.counts, Now: t.engine.clock.wall, Told: t.watch(c),
		Resource: telemetry.Resource{Service: c.Service, Version: t.version, Host: host, PID: os.Getpid()},
	})
}

// watch tells people of the first request that fails, and of the first that arrives again.
func (t *telemetryFeed) watch(c *config.Telemetry) func(error) {
	broken := false
	return func(err error) {
		switch {
		case err == nil && broken:
			t.engine.log.Info("the collector of traces can be told again")
		case err != nil && !broken:
			text := "telemetry to " + c.Endpoint + ": " + err.Error()
			t.engine.tell(api.Event{Kind: api.EventWarning, Text: text, Problem: api.NewProblem(http.StatusBadGateway, explain.TelemetryFailed, "", "%s", text)})
		}
		broken = err != nil
	}
}

// count adds what was told and what was not, if anything.
func (t *telemetryFeed) count(m map[string]uint64) {
	c := &t.counts
	for name, n := range map[string]uint64{"telemetry_exported": c.Exported.Load(), "telemetry_dropped": c.Dropped.Load(), "telemetry_unseen": c.Unseen.Load()} {
		if n > 0 {
			m[name] = n
		}
	}
}

// sayGoodbye has the collector told of what has happened, for as long as that does not take long.
func (t *telemetryFeed) sayGoodbye() {
	t.configure(new(config.Telemetry))
	t.wg.Wait()
}
