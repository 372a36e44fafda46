package daemon

import (
	"context"
	"runtime"
	"sync"

	"culvert/auth"
	"culvert/ike"
)

// maxWaiting bounds the work that waits for others, such as revocation servers or the disk, at one time.
const maxWaiting = 256

// A job is work with the place where its result goes.
type job struct {
	work ike.Work
	done func(result any)
}

// workers run the engine's work: what computes on a few goroutines in the order of its coming, what waits for network or
// disk each on one of its own, so that a server that hangs delays nobody else.
type workers struct {
	ctx     context.Context
	queue   *mailbox[job]
	jobs    chan job
	waiting chan struct{}
	wg      sync.WaitGroup
}

// newWorkers starts n goroutines, or one for each processor when n is 0. They end with ctx.
func newWorkers(ctx context.Context, n int) *workers {
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	w := &workers{ctx: ctx, queue: newMailbox[job](), jobs: make(chan job), waiting: make(chan struct{}, maxWaiting)}
	w.wg.Go(w.distribute)
	for range n {
		w.wg.Go(w.compute)
	}
	return w
}

// start has a job done. It does not block.
func (w *workers) start(j job) {
	if !waits(j.work) {
		w.queue.put(j)
		return
	}
	w.wg.Go(func() {
		select {
		case w.waiting <- struct{}{}:
			defer func() { <-w.waiting }()
			j.done(j.work.Run(w.ctx))
		case <-w.ctx.Done():
		}
	})
}

// waits tells whether work may wait for network or disk.
func waits(work ike.Work) bool {
	switch w := work.(type) {
	case auth.Verify:
		return w.Remote.RevocationInfo != nil
	case admit:
		return w.leases()
	case giveBack:
		return true
	}
	return false
}

// distribute hands queued jobs to the computing goroutines.
func (w *workers) distribute() {
	defer close(w.jobs)
	var batch []job
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-w.queue.ready:
		}
		batch = w.queue.take(batch)
		for _, j := range batch {
			select {
			case w.jobs <- j:
			case <-w.ctx.Done():
				return
			}
		}
	}
}

func (w *workers) compute() {
	for j := range w.jobs {
		j.done(j.work.Run(w.ctx))
	}
}

// wait returns when everything has ended.
func (w *workers) wait() { w.wg.Wait() }
