package sim

import (
	"container/heap"
	"time"
)

// An event is something that happens at a time. Events of the same time happen in the order in which they were planned.
type event struct {
	at    time.Time
	order uint64
	do    func()
}

// A queue holds what is to happen. The zero value is ready.
type queue struct {
	events  []event
	planned uint64
}

// plan has something happen at a time.
func (q *queue) plan(at time.Time, do func()) {
	q.planned++
	heap.Push(q, event{at, q.planned, do})
}

// next takes the earliest event unless it lies after end.
func (q *queue) next(end time.Time) (event, bool) {
	if len(q.events) == 0 || q.events[0].at.After(end) {
		return event{}, false
	}
	return heap.Pop(q).(event), true
}

// Len, Less, Swap, Push and Pop are those of heap.Interface.
func (q *queue) Len() int { return len(q.events) }

func (q *queue) Less(i, j int) bool {
	a, b := &q.events[i], &q.events[j]
	if a.at.Equal(b.at) {
		return a.order < b.order
	}
	return a.at.Before(b.at)
}

func (q *queue) Swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }

func (q *queue) Push(x any) { q.events = append(q.events, x.(event)) }

func (q *queue) Pop() any {
	last := len(q.events) - 1
	e := q.events[last]
	q.events[last] = event{}
	q.events = q.events[:last]
	return e
}
