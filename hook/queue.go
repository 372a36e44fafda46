package hook

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Limits bound what commands may cost.
type Limits struct {
	Time   time.Duration // that one run may take
	AtOnce int           // runs at one time
	Queue  int           // children with something to run; beyond that commands of new ones are refused
}

// ErrFull means that too many commands wait already. The command was not run, and neither will be that for the end of the child.
var ErrFull = errors.New("too many commands wait already")

// A Job is what is to be run for one occasion of one child, in order.
type Job struct {
	Occasion Occasion
	Commands func() []Command                                   // asked for when it is the job's turn
	Line     func(command Command, line string)                 // hears the output
	Done     func(command Command, took time.Duration, e error) // hears how each run ended
}

// A Runner runs commands: those of one child one after the other in the order of its coming and going, those of different
// children at the same time. K names children. It is safe for concurrent use, and never blocks who gives it a job.
type Runner[K comparable] struct {
	ctx    context.Context
	limits Limits
	places chan struct{}
	wg     sync.WaitGroup

	mu      sync.Mutex
	waiting map[K][]Job // of children whose goroutine runs
	up      map[K]bool  // children whose end has to be run
	queued  int
}

// NewRunner returns a runner whose commands are killed when ctx ends.
func NewRunner[K comparable](ctx context.Context, l Limits) *Runner[K] {
	return &Runner[K]{ctx: ctx, limits: l, places: make(chan struct{}, l.AtOnce), waiting: map[K][]Job{}, up: map[K]bool{}}
}

// Start takes a job. That of an end is taken if and only if the one of the beginning was: nothing is set up that is not taken
// down. One for a beginning is refused with ErrFull when too many wait.
func (r *Runner[K]) Start(key K, j Job) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case j.Occasion == Up && r.queued >= r.limits.Queue:
		return ErrFull
	case j.Occasion == Up:
		r.up[key] = true
	case !r.up[key]:
		return nil
	default:
		delete(r.up, key)
	}
	r.queued++
	list, running := r.waiting[key]
	r.waiting[key] = append(list, j)
	if !running {
		r.wg.Go(func() { r.serve(key) })
	}
	return nil
}

// serve runs the jobs of a child until none is left.
func (r *Runner[K]) serve(key K) {
	for {
		j, ok := r.next(key)
		if !ok {
			return
		}
		r.places <- struct{}{}
		for _, c := range j.Commands() {
			began := time.Now()
			err := c.run(r.ctx, r.limits.Time, func(line string) { j.Line(c, line) })
			j.Done(c, time.Since(began), err)
		}
		<-r.places
		r.mu.Lock()
		r.queued--
		r.mu.Unlock()
	}
}

// next takes the next job of a child.
func (r *Runner[K]) next(key K) (j Job, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.waiting[key]
	if len(list) == 0 {
		delete(r.waiting, key)
		return j, false
	}
	r.waiting[key] = list[1:]
	return list[0], true
}

// Wait returns when nothing is left to run, or when ctx ends. No job may be given meanwhile.
func (r *Runner[K]) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		r.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
