package daemon

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"culvert/api"
	"culvert/dataplane"
	"culvert/explain"
)

// Limits of what is said about a program that removes what the data plane needs.
const (
	collecting    = time.Second      // removals that belong together are told together
	restoredEvery = time.Minute      // between two lines of the log
	fightWindow   = 10 * time.Minute // within which several occasions are a fight
	fightFrom     = 5                // occasions
)

// restorations says what the data plane had to put back: in the log, and as a warning if it keeps happening. Its methods are safe for
// concurrent use.
type restorations struct {
	log *slog.Logger

	mu        sync.Mutex
	sum       dataplane.Restored // since the last line
	pending   *time.Timer        // nil: no line is to come
	told      time.Time          // the last line
	last      time.Time          // something was put back
	since     time.Time          // occasions are counted
	occasions int
}

// note takes word of the data plane, and sees to a line in the log. It does not block.
func (r *restorations) note(n dataplane.Restored) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.occasions == 0 || now.Sub(r.since) > fightWindow {
		r.since, r.occasions = now, 0
	}
	if r.occasions == 0 || now.Sub(r.last) >= collecting {
		r.occasions++
	}
	r.last = now
	r.sum = r.sum.Plus(n)
	if r.pending == nil {
		r.pending = time.AfterFunc(max(collecting, restoredEvery-now.Sub(r.told)), r.tell)
	}
}

// tell writes the line.
func (r *restorations) tell() {
	r.mu.Lock()
	n := r.sum
	r.sum, r.pending, r.told = dataplane.Restored{}, nil, time.Now()
	r.mu.Unlock()
	r.log.Warn("another program has removed what the data plane needs; it is put back", "code", string(explain.HostRemoved),
		"interfaces", n.Links, "rules", n.Rules, "routes", n.Routes, "addresses", n.Addresses, "filters", n.Filters, "policies", n.Policies, "sas", n.States)
}

// stop ends it: no line is to come.
func (r *restorations) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending != nil {
		r.pending.Stop()
	}
}

// warning is there while some program and the daemon fight over the host.
func (r *restorations) warning() []api.Warning {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.occasions < fightFrom || time.Since(r.last) > fightWindow {
		return nil
	}
	return []api.Warning{newWarning(explain.HostRemoved, fmt.Sprintf("another program keeps removing what the data plane needs: %d times since %s", r.occasions, r.since.UTC().Format(time.RFC3339)))}
}
