// Package fake is a data plane without a device and without sockets: packets from inside are injected, packets from outside
// received by method calls, and what leaves goes to hooks. It keeps its books for those who test the engine above it, and
// carries the packets of simulations and of programs without privileges. Given deterministic randomness it is deterministic.
package fake

import (
	"io"
	"iter"
	"sync"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// Hooks are where packets go. Each may be nil. They are called without locks held, and own the packets they are given.
type Hooks struct {
	Send        func(path dataplane.Path, pkt []byte) // an ESP packet leaves
	Deliver     func(pkt []byte)                      // an IP packet arrived through an SA, or unprotected where policy bypasses
	Unprotected func(pkt []byte)                      // an IP packet leaves in the clear, as a Bypass policy says

	// Workers is how many workers there seem to be, to which SAs may be bound; 0 is 1.
	Workers int
}

// A Backend is a dataplane.Backend in memory. All methods are safe for concurrent use.
type Backend struct {
	rand  io.Reader
	now   func() time.Time
	hooks Hooks

	mu       sync.Mutex
	notice   func(dataplane.Notice)
	spis     map[uint32]*inbound // nil: allocated and without SA
	policies map[dataplane.PolicyID]*policy
	reqIDs   dataplane.ReqIDs
	db       *spd.Database[*policy]
	drops    dataplane.Drops
	traffic  Traffic
	tap      dataplane.Tap // nil: nobody looks

	leaving, arriving *spd.FragmentTable // of SAs that carry fragments without ports
}

// Traffic counts packets by what became of them.
type Traffic struct {
	Sent        uint64 // left through an SA
	Delivered   uint64 // arrived through an SA
	Unprotected uint64 // passed in the clear, either way
	Dropped     uint64
}

// fragmentMemory is how many fragmented packets are remembered in each direction (RFC 4301, Section 7.3).
const fragmentMemory = 16

var _ dataplane.Backend = (*Backend)(nil)

// New returns an empty backend. rand gives SPIs and the IVs of CBC modes; now the time of last use.
func New(rand io.Reader, now func() time.Time, hooks Hooks) *Backend {
	b := &Backend{rand: rand, now: now, hooks: hooks, notice: func(dataplane.Notice) {},
		leaving: spd.NewFragmentTable(fragmentMemory), arriving: spd.NewFragmentTable(fragmentMemory)}
	b.empty()
	return b
}

func (b *Backend) empty() {
	b.spis = map[uint32]*inbound{}
	b.policies = map[dataplane.PolicyID]*policy{}
	b.db = nil
}

// SetNotices is that of dataplane.Backend. f is called without locks held, from the goroutine whose packet or call gave rise
// to the notice. Notices are not limited in number: every packet that deserves one gets one.
func (b *Backend) SetNotices(f func(dataplane.Notice)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notice = f
}

// Close is that of dataplane.Backend. The backend is empty after it, and could be used again.
func (b *Backend) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, in := range b.spis {
		in.clear()
	}
	for _, p := range b.policies {
		for _, out := range p.outs {
			out.esp.Clear()
		}
	}
	b.empty()
	return nil
}

// An outcome is what is left to do about a packet once the lock is released.
type outcome struct {
	err     error
	notices []dataplane.Notice
	hook    func()
	policy  dataplane.PolicyID // of a packet from inside
}

// settle counts an outcome. The caller holds the lock.
func (b *Backend) settle(o *outcome) {
	if d := esp.DropOf(o.err); d != 0 {
		b.drops[d]++
		b.traffic.Dropped++
	}
}

// finish calls the hook and gives the notices, without the lock.
func (b *Backend) finish(o outcome) error {
	if o.hook != nil {
		o.hook()
	}
	if len(o.notices) == 0 {
		return o.err
	}
	b.mu.Lock()
	notice := b.notice
	b.mu.Unlock()
	for _, n := range o.notices {
		notice(n)
	}
	return o.err
}

func (o *outcome) tell(n dataplane.Notice) { o.notices = append(o.notices, n) }

// Drops returns how many packets were dropped, by reason.
func (b *Backend) Drops() dataplane.Drops {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.drops
}

// Resources is that of dataplane.Resources.
func (b *Backend) Resources() int { return max(b.hooks.Workers, 1) }

// Counts is that of dataplane.Counting.
func (b *Backend) Counts() iter.Seq2[string, uint64] {
	d := b.Drops()
	return d.Counts()
}

// Traffic returns how many packets went which way.
func (b *Backend) Traffic() Traffic {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.traffic
}
