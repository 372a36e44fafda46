package user

import (
	"sync/atomic"
	"time"
)

// An epoch tells whether its worker is in the middle of a batch. It lets others wait until the worker has forgotten what
// was taken out of its sight, without a lock.
type epoch struct {
	n atomic.Uint64 // odd during a batch
}

func (e *epoch) enter() { e.n.Add(1) }
func (e *epoch) leave() { e.n.Add(1) }

// poll is how often a waiting goroutine looks; batches take well below a millisecond.
const poll = time.Millisecond

// wait returns when the batch that runs, if any, is over.
func (e *epoch) wait() { e.waitFor(e.n.Load()) }

// waitFor returns when the batch that ran when n was read, if one did, is over.
func (e *epoch) waitFor(n uint64) {
	for n%2 == 1 && e.n.Load() == n {
		time.Sleep(poll)
	}
}

// after runs f when the batches that run are over: at once, if none does.
func after(f func(), epochs []*epoch) {
	var busy []func()
	for _, e := range epochs {
		if n := e.n.Load(); n%2 == 1 {
			busy = append(busy, func() { e.waitFor(n) })
		}
	}
	if len(busy) == 0 {
		f()
		return
	}
	go func() {
		for _, wait := range busy {
			wait()
		}
		f()
	}()
}
