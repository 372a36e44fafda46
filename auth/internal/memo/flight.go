package memo

import "context"

// A flight is work that several wait for.
type flight[V any] struct {
	done chan struct{}
	v    V // once done is closed
}

// Do returns what work makes. Who asks while it is under way waits for it; who stops waiting, because ctx has ended, gets
// the error of ctx and disturbs nobody. Work must end by itself.
func (m *Memo[V]) Do(ctx context.Context, k Key, work func() V) (V, error) {
	m.mu.Lock()
	fl, ok := m.flights[k]
	if !ok {
		fl = &flight[V]{done: make(chan struct{})}
		m.flights[k] = fl
		go m.fly(fl, k, work)
	}
	m.mu.Unlock()
	select {
	case <-fl.done:
		return fl.v, nil
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
}

// fly does the work when a slot is free. Work ends by its own time limit, so slots become free.
func (m *Memo[V]) fly(fl *flight[V], k Key, work func() V) {
	m.slots <- struct{}{}
	fl.v = work()
	<-m.slots
	m.mu.Lock()
	delete(m.flights, k)
	m.mu.Unlock()
	close(fl.done)
}
