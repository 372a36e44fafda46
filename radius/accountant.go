package radius

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	maxRecords = 8192             // that wait for a server
	maxAtOnce  = 32               // requests on their way
	retryAfter = 30 * time.Second // when no server has taken a record
)

// node stands for Accounting-On and -Off among the sessions.
const node = ""

// An Accountant brings accounting records to the servers of a group, those of one session in their order. Records wait, in
// memory, until a server has taken them; an interim update gives way to the next record of its session, and to others when
// there is no more room. It is safe for concurrent use.
type Accountant struct {
	group *Group
	nas   NAS

	mu      sync.Mutex
	waiting []*Record
	busy    map[string]bool // sessions with a record on its way
	resume  time.Time       // after a failure
	trouble error
	lost    uint64
	wake    chan struct{}
	idle    *sync.Cond // of mu: a record was taken or lost
}

// NewAccountant returns an accountant whose Run is to be called.
func NewAccountant(g *Group, nas NAS) *Accountant {
	a := &Accountant{group: g, nas: nas, busy: map[string]bool{}, wake: make(chan struct{}, 1)}
	a.idle = sync.NewCond(&a.mu)
	return a
}

// Add puts a record at the end of the queue. It does not block.
func (a *Accountant) Add(r Record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := r.Account.Line.Session
	if r.Status == Interim || r.Status == Stop {
		a.drop(func(old *Record) bool { return old.Status == Interim && old.Account.Line.Session == id }) // said better now
	}
	if len(a.waiting) >= maxRecords {
		a.makeRoom()
	}
	a.waiting = append(a.waiting, &r)
	a.stir()
}

// makeRoom gives up the interim updates, or else the oldest record.
func (a *Accountant) makeRoom() {
	before := len(a.waiting)
	a.drop(func(old *Record) bool { return old.Status == Interim })
	if len(a.waiting) == before {
		a.waiting = slices.Delete(a.waiting, 0, 1)
	}
	a.lost += uint64(before - len(a.waiting))
}

func (a *Accountant) drop(which func(*Record) bool) {
	a.waiting = slices.DeleteFunc(a.waiting, which)
}

func (a *Accountant) stir() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Run sends what is in the queue until ctx ends, and returns when nothing is on its way any more.
func (a *Accountant) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		for r := a.next(time.Now()); r != nil; r = a.next(time.Now()) {
			wg.Go(func() { a.done(r, a.send(ctx, r)) })
		}
		timer.Reset(a.pause())
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-timer.C:
		}
	}
}

// next takes the first record that may go. Accounting-On and -Off are about the whole node: what was before them goes before
// them, what comes after waits.
func (a *Accountant) next(now time.Time) *Record {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.busy) >= maxAtOnce || now.Before(a.resume) {
		return nil
	}
	for i, r := range a.waiting {
		id := r.Account.Line.Session
		switch {
		case a.busy[node] || id == node && i+len(a.busy) > 0:
			return nil
		case !a.busy[id]:
			a.busy[id] = true
			a.waiting = slices.Delete(a.waiting, i, i+1)
			return r
		}
	}
	return nil
}

// pause is the time until there is something to do without being woken.
func (a *Accountant) pause() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if wait := time.Until(a.resume); wait > 0 {
		return wait
	}
	return time.Hour
}

func (a *Accountant) send(ctx context.Context, r *Record) error {
	_, err := a.group.ask(ctx, r.request(a.nas, time.Now()))
	return err
}

// done notes what became of a record. One that no server has taken goes back to the front, but what cannot be sent at all.
func (a *Accountant) done(r *Record, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.busy, r.Account.Line.Session)
	switch {
	case err == nil:
		a.trouble, a.resume = nil, time.Time{}
	case unsendable(err):
		a.lost++
	default:
		a.trouble, a.resume = err, time.Now().Add(retryAfter)
		if r.Status != Interim || !a.superseded(r) {
			a.waiting = slices.Insert(a.waiting, 0, r)
		}
	}
	a.idle.Broadcast()
	a.stir()
}

// superseded tells whether a later record of the session says more.
func (a *Accountant) superseded(r *Record) bool {
	return slices.ContainsFunc(a.waiting, func(later *Record) bool { return later.Account.Line.Session == r.Account.Line.Session })
}

// Flush waits until every record is taken, or ctx ends.
func (a *Accountant) Flush(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.idle.Broadcast()
	})
	defer stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting)+len(a.busy) > 0 && ctx.Err() == nil {
		a.idle.Wait()
	}
}

// State returns how many records wait, how many were lost, and why they wait.
func (a *Accountant) State() (waiting int, lost uint64, trouble error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.waiting) + len(a.busy), a.lost, a.trouble
}
