package daemon

import (
	"context"
	"slices"
	"sync"

	"culvert/auth"
	"culvert/ike"
)

// maxWaiting bounds the work that waits for others, such as revocation servers or the disk, at one time; maxConversing the steps
// of EAP, which are many, wait for slow hashes, and can be asked for by strangers.
const (
	maxWaiting    = 256
	maxConversing = 256
)

// A job is work with the place where its result goes.
type job struct {
	work ike.Work
	done func(result any)
}

// workers run the engine's work: what computes on a few goroutines in the order of its coming, what waits for network or
// disk each on one of its own, so that a server that hangs delays nobody else.
type workers struct {
	ctx        context.Context
	waiting    chan struct{}
	conversing chan struct{}
	wg         sync.WaitGroup

	mu   sync.Mutex
	some *sync.Cond // of mu: there are jobs, or ctx has ended
	jobs []job      // in the order of their coming
}

// newWorkers starts n goroutines, or one for each processor when n is 0. They end with ctx.
func newWorkers(ctx context.Context, n int) *workers {
	if n == 0 {
		n = processors()
	}
	w := &workers{ctx: ctx, waiting: make(chan struct{}, maxWaiting), conversing: make(chan struct{}, maxConversing)}
	w.some = sync.NewCond(&w.mu)
	for range n {
		w.wg.Go(w.compute)
	}
	context.AfterFunc(ctx, w.stop)
	return w
}

// start has a job done. It does not block.
func (w *workers) start(j job) {
	if waits(j.work) {
		w.startWaiting(j)
		return
	}
	w.put(j)
}

// startWaiting has a job done on a goroutine of its own, as soon as there are not too many of its kind.
func (w *workers) startWaiting(j job) {
	places := w.placesFor(j.work)
	w.wg.Go(func() {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			j.done(j.work.Run(w.ctx))
		case <-w.ctx.Done():
		}
	})
}

// placesFor are the places that work takes one of. The end of a conversation, which stops a step that waits, has always one.
func (w *workers) placesFor(work ike.Work) chan struct{} {
	switch work.(type) {
	case auth.EAPStep:
		return w.conversing
	case auth.EAPClose:
		return make(chan struct{}, 1)
	}
	return w.waiting
}

// waits tells whether work may wait for network, disk or a device.
func waits(work ike.Work) bool {
	switch w := work.(type) {
	case auth.Verify:
		return w.Remote.RevocationInfo != nil || w.Remote.Lookup != nil
	case auth.Sign:
		return w.AsksForOCSP() || slices.ContainsFunc(w.Local.Credentials, auth.Credential.Elsewhere)
	case admit:
		return w.leases()
	case giveBack, dialing, auth.EAPStep, auth.EAPClose: // of RADIUS servers, peers, devices and slow hashes
		return true
	}
	return false
}

// quick tells whether work takes no longer than handing it to another goroutine and back, as a few hashes with a shared key.
func quick(work ike.Work) bool {
	switch w := work.(type) {
	case ike.QuickWork:
		return w.Quick()
	case auth.Sign:
		return w.Local.Method == auth.MethodPSK
	case auth.Verify:
		return w.Remote.Method == auth.MethodPSK
	}
	return false
}

func (w *workers) put(j job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs = append(w.jobs, j)
	w.some.Signal()
}

// stop wakes those who wait for jobs.
func (w *workers) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.some.Broadcast()
}

// compute does one job after the other.
func (w *workers) compute() {
	for j, ok := w.next(); ok; j, ok = w.next() {
		j.done(j.work.Run(w.ctx))
	}
}

// next waits for a job; there is none when ctx has ended.
func (w *workers) next() (job, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.jobs) == 0 && w.ctx.Err() == nil {
		w.some.Wait()
	}
	if w.ctx.Err() != nil {
		return job{}, false
	}
	j := w.jobs[0]
	w.jobs[0] = job{}
	w.jobs = w.jobs[1:]
	return j, true
}

// wait returns when everything has ended.
func (w *workers) wait() { w.wg.Wait() }
