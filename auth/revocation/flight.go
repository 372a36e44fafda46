package revocation

import (
	"context"
	"sync"
)

// A flight is work that several wait for.
type flight struct {
	done chan struct{}
	v    value // once done is closed
}

// flights are what is under way, by key, and how much at a time.
type flights struct {
	mu    sync.Mutex
	byKey map[key]*flight
	slots chan struct{}
}

func newFlights(slots int) flights {
	return flights{byKey: make(map[key]*flight), slots: make(chan struct{}, slots)}
}

// do returns what work makes. Who asks while it is under way waits for it; who stops waiting, because ctx has ended, gets
// the error of ctx and disturbs nobody.
func (f *flights) do(ctx context.Context, k key, work func() value) (value, error) {
	f.mu.Lock()
	fl, ok := f.byKey[k]
	if !ok {
		fl = &flight{done: make(chan struct{})}
		f.byKey[k] = fl
		go f.fly(fl, k, work)
	}
	f.mu.Unlock()
	select {
	case <-fl.done:
		return fl.v, nil
	case <-ctx.Done():
		return value{}, context.Cause(ctx)
	}
}

// fly does the work when a slot is free. Work ends by its own time limit, so slots become free.
func (f *flights) fly(fl *flight, k key, work func() value) {
	f.slots <- struct{}{}
	fl.v = work()
	<-f.slots
	f.mu.Lock()
	delete(f.byKey, k)
	f.mu.Unlock()
	close(fl.done)
}
