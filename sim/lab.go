package sim

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// A Lab is a world of its own: a clock, a network and nodes.
type Lab struct {
	Network *Network
	Ledger  *Ledger
	Names   map[string][]Address // what names resolve to

	seed     uint64
	chance   *rand.Rand // of what happens by chance
	start    time.Time
	now      time.Time
	queue    queue
	nodes    []*Node
	problems []string
	trace    *Trace
}

// beginning is when every Lab begins; nothing in the engine reads a clock.
var beginning = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// New returns an empty laboratory.
func New(seed uint64) *Lab {
	l := &Lab{seed: seed, start: beginning, now: beginning, Names: map[string][]Address{}}
	l.chance = rand.New(rand.NewPCG(seed, 0x5eed))
	l.Network = newNetwork(l)
	l.Ledger = newLedger(l)
	return l
}

// Chance is the source of what happens by chance. Tests that draw from it are reproducible too.
func (l *Lab) Chance() *rand.Rand { return l.chance }

// Now is the time in the laboratory.
func (l *Lab) Now() time.Time { return l.now }

// Elapsed is the time since the beginning.
func (l *Lab) Elapsed() time.Duration { return l.now.Sub(l.start) }

// Nodes lists the nodes in the order in which they were added.
func (l *Lab) Nodes() []*Node { return l.nodes }

// After has something happen after a while.
func (l *Lab) After(d time.Duration, do func()) { l.queue.plan(l.now.Add(max(d, 0)), do) }

// Run lets time pass.
func (l *Lab) Run(d time.Duration) {
	end := l.now.Add(d)
	for e, ok := l.queue.next(end); ok; e, ok = l.queue.next(end) {
		l.now = e.at
		e.do()
	}
	l.now = end
}

// RunUntil lets time pass until a condition holds, for d at most, and tells whether it does. It looks after every event.
func (l *Lab) RunUntil(d time.Duration, done func() bool) bool {
	end := l.now.Add(d)
	for !done() {
		e, ok := l.queue.next(end)
		if !ok {
			l.now = end
			return done()
		}
		l.now = e.at
		e.do()
	}
	return true
}

// stream returns a source of randomness of its own. The same label gives the same stream in every run of a seed.
func (l *Lab) stream(label string) io.Reader {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], l.seed)
	copy(key[8:], label)
	return rand.NewChaCha8(key)
}

// maxProblems bounds what is kept: the first few tell the story.
const maxProblems = 20

// Problem notes that something happened that must not.
func (l *Lab) Problem(format string, args ...any) {
	text := fmt.Sprintf("%9.3fs ", l.Elapsed().Seconds()) + fmt.Sprintf(format, args...)
	if len(l.problems) < maxProblems {
		l.problems = append(l.problems, text)
	}
	l.trace.note(l, nil, "PROBLEM: "+text)
}

// Problems lists what was noted.
func (l *Lab) Problems() []string { return l.problems }

// toss tells whether something of a probability happens.
func (l *Lab) toss(probability float64) bool {
	return probability > 0 && l.chance.Float64() < probability
}

// upTo draws a duration from 0 up to d.
func (l *Lab) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(l.chance.Int64N(int64(d) + 1))
}
