package api

import (
	"context"
	"sync"
)

// Shared lets all who ask at about the same time have one answer, so that many who do cost as much as two. No answer is older than the
// question. The zero value is ready, and safe for concurrent use.
type Shared[T any] struct {
	mu   sync.Mutex
	busy bool
	next *outcome[T] // that is made when the one before is ready; nil: nobody waits for it
}

// An outcome is there once ready is closed. Nobody may change it.
type outcome[T any] struct {
	ready chan struct{}
	value T
	err   error
}

// Ask returns what find does, which may be called for others as well and so knows nothing of the end of ctx.
func (s *Shared[T]) Ask(ctx context.Context, find func(context.Context) (T, error)) (T, error) {
	a := s.join(context.WithoutCancel(ctx), find)
	select {
	case <-a.ready:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// join finds the answer that is made next.
func (s *Shared[T]) join(ctx context.Context, find func(context.Context) (T, error)) *outcome[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = &outcome[T]{ready: make(chan struct{})}
	}
	a := s.next
	if !s.busy {
		s.busy = true
		go s.work(ctx, find)
	}
	return a
}

// work makes answers until nobody waits for one.
func (s *Shared[T]) work(ctx context.Context, find func(context.Context) (T, error)) {
	for a := s.take(); a != nil; a = s.take() {
		a.value, a.err = find(ctx)
		close(a.ready)
	}
}

func (s *Shared[T]) take() *outcome[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.next
	s.next, s.busy = nil, a != nil
	return a
}
