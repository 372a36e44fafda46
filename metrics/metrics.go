// Package metrics shows what a daemon does to Prometheus: states of this moment as gauges, and totals that never fall, through
// every change of keys. Names begin with ike_ or ipsec_; labels are names of the configuration, reasons and codes, and peers up
// to a number: never an SPI, and nothing of which strangers could make any number of series.
//
// One table of families is the source of the metrics, of their documentation and of what tests hold dashboards against.
package metrics

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"culvert/api"
)

// A Snapshot is what one scrape shows. It is read by one goroutine.
type Snapshot struct {
	Status       api.Status
	Pools        []api.Pool
	Certificates []Certificate
	Counts       Counts
}

// A Certificate is one that the configuration names.
type Certificate struct {
	Connection string
	Use        string // "local": we show it; "ca": peers' lead to it
	Subject    string
	NotAfter   time.Time
}

// A Source makes a snapshot.
type Source func(context.Context) (*Snapshot, error)

// Handler answers scrapes. A few at a time are answered, others are told to come later.
func Handler(source Source) http.Handler {
	const atOnce = 4
	slots := make(chan struct{}, atOnce)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			http.Error(w, "too many scrapes at a time", http.StatusServiceUnavailable)
			return
		}
		s, err := source(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		registry := prometheus.NewRegistry()
		registry.MustRegister(collector{s})
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(w, r)
	})
}

// Listener returns a server of scrapes alone, for addresses at which anybody may ask.
func Listener(h http.Handler) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h)
	return &http.Server{
		Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
}
