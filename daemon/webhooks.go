package daemon

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
	"culvert/hook"
)

// webhooks tells web servers of events. Each reads the stream of events by itself, and has a queue of its own.
type webhooks struct {
	engine *engine
	run    string // tells deliveries of this process from those of others
	host   string
	wg     sync.WaitGroup

	mu      sync.Mutex
	running []*webhook
}

// A webhook is one web server.
type webhook struct {
	owner  *webhooks
	config *config.Webhook
	sender *hook.Sender
	end    context.CancelFunc // no further events are wanted
	broken bool               // the last delivery has failed; of the sender's goroutine
}

// A notice is the body of a request.
type notice struct {
	ID      string    `json:"id"`
	Webhook string    `json:"webhook"`
	Host    string    `json:"host"`
	Missed  uint64    `json:"missed,omitempty"` // events that were lost since the last request
	Event   api.Event `json:"event"`
}

func newWebhooks(e *engine) *webhooks {
	host, _ := os.Hostname() // without it is ""
	return &webhooks{engine: e, run: strconv.FormatInt(e.clock.wall().UnixNano(), 36), host: host}
}

// configure ends what is configured no longer, or otherwise, and begins what is new.
func (w *webhooks) configure(list []*config.Webhook) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var kept []*webhook
	for _, r := range w.running {
		if slices.ContainsFunc(list, r.config.Same) {
			kept = append(kept, r)
		} else {
			r.end()
		}
	}
	for _, c := range list {
		if !slices.ContainsFunc(kept, func(r *webhook) bool { return r.config.Name == c.Name }) {
			kept = append(kept, w.begin(c))
		}
	}
	w.running = kept
}

// begin has a web server told of what happens from now on.
func (w *webhooks) begin(c *config.Webhook) *webhook {
	ctx, end := context.WithCancel(w.engine.ctx)
	r := &webhook{owner: w, config: c, end: end}
	r.sender = hook.NewSender(r.told)
	events := w.engine.hub.events.Tail(0)
	collected := make(chan struct{})
	w.wg.Go(func() {
		defer close(collected)
		r.collect(ctx, events)
	})
	w.wg.Go(func() { r.sender.Run(w.engine.ctx, r.endpoint(), collected) })
	return r
}

func (r *webhook) endpoint() *hook.Endpoint {
	return &hook.Endpoint{URL: r.config.URL, Secret: r.config.Secret, Client: hook.NewClient(r.config.Timeout, rootsOf(r.config.CAs)), Tries: r.config.Tries, Pause: time.Second}
}

// rootsOf are the authorities that a web server's certificate may be from; nil is those of the system.
func rootsOf(files []config.CertificateFile) *x509.CertPool {
	if len(files) == 0 {
		return nil
	}
	roots := x509.NewCertPool()
	for _, ca := range certificates(files) {
		roots.AddCert(ca)
	}
	return roots
}

// collect picks the events that are told, until ctx ends and those that are there by then are read.
func (r *webhook) collect(ctx context.Context, events *api.Reader[api.Event]) {
	for ended := false; ; {
		ev, missed, err := events.Read(ctx)
		switch {
		case err != nil && ended:
			return
		case err != nil:
			ended = true
		case missed > 0:
			r.sender.Skip(missed)
		case r.wants(&ev):
			r.offer(ev)
		}
	}
}

// wants tells whether an event is told. What is wrong with webhooks is not, or one would lead to the next.
func (r *webhook) wants(ev *api.Event) bool {
	c := r.config
	if ev.Problem != nil && ev.Problem.Code == explain.WebhookFailed {
		return false
	}
	return slices.Contains(c.Events, string(ev.Kind)) && (len(c.Connections) == 0 || slices.Contains(c.Connections, ev.Connection))
}

func (r *webhook) offer(ev api.Event) {
	n := notice{ID: fmt.Sprintf("%s-%d", r.owner.run, ev.Seq), Webhook: r.config.Name, Host: r.owner.host, Missed: r.sender.Missed(), Event: ev}
	body, err := json.Marshal(n)
	if err != nil {
		r.sender.Skip(1 + n.Missed)
		return
	}
	r.sender.Offer(hook.Delivery{ID: n.ID, Kind: string(ev.Kind), Missed: n.Missed, Body: body})
}

// told notes what became of a delivery: the first one that fails, and the first one that arrives again.
func (r *webhook) told(d hook.Delivery, err error) {
	e := r.owner.engine
	switch {
	case err == nil && r.broken:
		e.log.Info("webhook "+r.config.Name+" works again", "delivery", d.ID)
	case err != nil && !r.broken && !errors.Is(err, context.Canceled):
		text := fmt.Sprintf("webhook %s: %v", r.config.Name, err)
		e.tell(api.Event{Kind: api.EventWarning, Text: text, Problem: api.NewProblem(http.StatusBadGateway, explain.WebhookFailed, "", "%s", text)})
	case err != nil:
		e.log.Log(context.Background(), slog.LevelDebug, "webhook "+r.config.Name+" fails", "delivery", d.ID, "error", err)
	}
	r.broken = err != nil
}

// sayGoodbye has the servers told of what has happened, for as long as that does not take long.
func (w *webhooks) sayGoodbye() {
	w.configure(nil)
	done := make(chan struct{})
	go func() {
		w.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(goodbye):
	}
}
