package removal

import (
	"sync"
	"time"
)

// A Mender runs a repair on a goroutine of its own, at once when it is wanted, and then rests in proportion to what it took: a
// program that removes things in a loop gets a bounded part of a processor out of it, however much there is to repair.
type Mender struct {
	repair func()
	wanted chan struct{}
	end    chan struct{}
	done   sync.WaitGroup
}

// Bounds of the rest between two repairs.
const (
	restShare = 20 // times what a repair took
	minRest   = 10 * time.Millisecond
	maxRest   = time.Second
)

// NewMender starts a Mender, which Stop ends.
func NewMender(repair func()) *Mender {
	m := &Mender{repair: repair, wanted: make(chan struct{}, 1), end: make(chan struct{})}
	m.done.Go(m.run)
	return m
}

// Want asks for a repair that begins after the call. It does not wait.
func (m *Mender) Want() {
	select {
	case m.wanted <- struct{}{}:
	default: // one is to come
	}
}

// Stop waits for a repair that runs; there is none after it.
func (m *Mender) Stop() {
	close(m.end)
	m.done.Wait()
}

func (m *Mender) run() {
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		select {
		case <-m.end:
			return
		case <-rest.C:
		}
		select {
		case <-m.end:
			return
		case <-m.wanted:
		}
		began := time.Now()
		m.repair()
		rest.Reset(min(max(minRest, restShare*time.Since(began)), maxRest))
	}
}
