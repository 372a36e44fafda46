package config

import "time"

// Hooks bound the commands of children.
type Hooks struct {
	Origin
	Timeout time.Duration // of one run
	AtOnce  int           // runs at one time
	Queue   int           // children whose commands wait; those of more are not run
}

func (h *Hooks) schema() schema {
	return schema{
		kind: "hooks", origin: &h.Origin,
		doc: "Bounds of the commands that children name by `updown`.",
		options: []option{
			{name: "timeout", slot: one(&h.Timeout, duration(100*time.Millisecond, time.Hour)),
				doc: "Time that one run may take. Then it is killed with all that it has started."},
			{name: "at_once", slot: one(&h.AtOnce, number[int](1, 256)),
				doc: "Runs at one time, of different children. Those of one child follow each other."},
			{name: "queue", slot: one(&h.Queue, number[int](1, 1<<20)),
				doc: "Children whose commands wait for their turn. Commands of more are not run, which is an event with the code `HOOK-QUEUE-FULL`."},
		},
	}
}
