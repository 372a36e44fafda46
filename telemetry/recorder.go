package telemetry

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"culvert/ike"
)

// goodbye is how long a recorder that ends tries to tell what it has.
const goodbye = 2 * time.Second

// Counts are totals of spans. They are safe for concurrent use.
type Counts struct {
	Exported atomic.Uint64
	Dropped  atomic.Uint64 // there was no room for them, or the collector did not take them
	Unseen   atomic.Uint64 // operations that were not followed, as too many are under way
}

// Options say what a recorder tells, and to whom.
type Options struct {
	Endpoint Endpoint
	Resource Resource
	Share    float64 // of what succeeds, from 0 to 1; what fails is told in any case
	Counts   *Counts
	Now      func() time.Time // of the wall clock
	Told     func(error)      // of each request, nil if it has arrived
}

// A Recorder tells a collector what IKE does. It is safe for concurrent use, and News never waits for the collector.
type Recorder struct {
	now      func() time.Time
	exporter *exporter
	mu       sync.Mutex
	book     *Book
}

// NewRecorder makes a recorder; Run has it work.
func NewRecorder(o Options) *Recorder {
	e := newExporter(o.Endpoint, o.Resource, o.Counts, o.Told)
	r := &Recorder{now: o.Now, exporter: e}
	r.book = newBook(o.Share, random, func(op *operation) { e.offer(op.spans(r.book.identity), op.life.stranger()) }, func() { o.Counts.Unseen.Add(1) })
	return r
}

func random(b []byte) { _, _ = rand.Read(b) } // it never fails

// News takes what the engine reports. at is the time of the wall clock.
func (r *Recorder) News(n *ike.News, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.book.News(n, at)
}

// Run brings spans to the collector until ctx ends, and for a moment longer what is there by then.
func (r *Recorder) Run(ctx context.Context) {
	hard, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(goodbye, cancel) })()
	var ticks sync.WaitGroup
	ticks.Go(func() { each(ctx, func() { r.locked(func(b *Book) { b.Tick(r.now()) }) }) })
	each(ctx, func() { r.exporter.flush(hard, ctx.Done()) })
	ticks.Wait()
	r.locked((*Book).Drain)
	r.exporter.flush(hard, ctx.Done())
}

// each does something from time to time, until ctx ends.
func each(ctx context.Context, do func()) {
	every := time.NewTicker(collectTime)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			do()
		case <-ctx.Done():
			return
		}
	}
}

func (r *Recorder) locked(do func(*Book)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do(r.book)
}
