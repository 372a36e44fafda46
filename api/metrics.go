package api

import (
	"net/http"
)

// An Exporter is a Control that shows to Prometheus what it does.
type Exporter interface {
	// Metrics answers scrapes.
	Metrics() http.Handler
}

// metrics answers a scrape, which everybody may do who may read. The path is the one where Prometheus looks, without a version.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	if p := refuse(CallerOf(r.Context()), Read); p != nil {
		writeProblem(w, p)
		return
	}
	e, err := capability[Exporter](s)
	if err != nil {
		writeProblem(w, problemOf(err))
		return
	}
	e.Metrics().ServeHTTP(w, r)
}
