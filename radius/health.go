package radius

import (
	"sync"
	"time"
)

// A health remembers whether a server answers. After a silence nobody waits for it for a while; then one request tries it, and the
// others do not wait with it. It is safe for concurrent use.
type health struct {
	mu      sync.Mutex
	dead    bool
	until   time.Time // when it is tried again
	trying  bool
	trouble error // the last one, until it answers
}

// usable tells whether a request may go to the server.
func (h *health) usable(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.dead {
		return true
	}
	if h.trying || now.Before(h.until) {
		return false
	}
	h.trying = true
	return true
}

// answered notes that the server is there.
func (h *health) answered() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dead, h.trying, h.trouble = false, false, nil
}

// silent notes that it is not.
func (h *health) silent(now time.Time, rest time.Duration, why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dead, h.trying, h.until, h.trouble = true, false, now.Add(rest), why
}

// undecided notes that a request ended before anything was known.
func (h *health) undecided() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trying = false
}

// state returns whether the server is thought to be dead, and why.
func (h *health) state() (dead bool, why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dead, h.trouble
}
