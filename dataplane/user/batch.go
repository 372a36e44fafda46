package user

import (
	"errors"
	"slices"

	"culvert/dataplane"
	"culvert/dataplane/user/offload"
	"culvert/esp"
)

// batchFull is when a batch is sealed though the device may have more: while it is still in the processor's cache.
const batchFull = 48 << 10

// A job is a (super-)packet that goes into an SA.
type job struct {
	segments offload.Segments
	count    int
	label    label
	next     int // of the same SA, one more than its place among the jobs; 0 behind the last
}

// A group is what a batch has for one SA: a list of jobs, in the order in which they came.
type group struct {
	first, last int // as job.next
	packets     int
	run         run
}

// add puts a job to those of its SA.
func (t *transmitter) add(sa *lane, s *offload.Segments, count int, l label) {
	t.jobs = slices.Grow(t.jobs, 1)[:len(t.jobs)+1]
	n, g := len(t.jobs), &sa.batch
	j := &t.jobs[n-1]
	j.segments, j.count, j.label, j.next = *s, count, l, 0
	if g.last == 0 {
		g.first = n
		t.groups = append(t.groups, sa)
	} else {
		t.jobs[g.last-1].next = n
	}
	g.last = n
	g.packets += count
}

func (t *transmitter) dispatchIfFull() {
	if t.used >= batchFull || len(t.jobs) >= readBatch {
		t.dispatch()
	}
}

// dispatch seals the batch and sends it. The packets of an SA go together, with sequence numbers that are reserved at once;
// those of a flow stay in order.
func (t *transmitter) dispatch() {
	for _, sa := range t.groups {
		t.seal(sa)
	}
	t.outbox.flush()
	t.groups, t.jobs, t.used, t.pieces = t.groups[:0], t.jobs[:0], 0, t.pieces[:0]
}

// seal seals the jobs of an SA into the outbox.
func (t *transmitter) seal(sa *lane) {
	g := sa.batch
	sa.batch = group{}
	if !t.b.settle(&g.run, &sa.account, dataplane.Outbound, t.now) {
		t.drop(esp.ErrExpired, g.packets)
		return
	}
	seq, err := sa.sealer.Reserve(g.packets)
	if err != nil {
		t.drop(esp.DropOf(err), g.packets)
		if errors.Is(err, esp.ErrSequenceExhausted) {
			t.b.notices.limit(sa.Stop(), dataplane.Outbound, sa.spi, sa.policy)
		}
		return
	}
	t.outbox.begin(sa.outbound, seq)
	for n := g.first; n != 0; n = t.jobs[n-1].next {
		seq = t.sealJob(sa, &t.jobs[n-1], seq)
	}
}

// sealJob seals the packets of one job, from sequence number seq on, and returns the number of the next job.
func (t *transmitter) sealJob(sa *lane, j *job, seq uint64) uint64 {
	for s := &j.segments; s.Count() > 0; seq++ {
		room := t.outbox.room(sa.layout.Sealed(max(s.MaxLen(), sa.padTo)))
		sealed, err := sa.sealer.SealFrom(room, s.Cut(), seq)
		if err != nil {
			t.drop(esp.DropOf(err), 1)
			t.outbox.skip()
			continue
		}
		t.outbox.add(j.label, len(sealed))
	}
	return seq
}
