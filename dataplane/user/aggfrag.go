package user

import (
	"sync"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/esp/iptfs"
)

// SAs in AGGFRAG mode (RFC 9347) go their own ways: outbound packets wait in the queue of their SA, and a pump, a goroutine of
// that SA, fills payloads from it, seals and sends them; inbound payloads pass a gatherer before what they carry goes the way
// of all packets.

// A gatherer is what an inbound SA has more in AGGFRAG mode. The SA's lock guards it.
type gatherer struct {
	how         *dataplane.AggFrag
	reassembler *iptfs.Reassembler
	path        *pathReports // nil without reports
	errored     uint64
	timer       *time.Timer // of the lost packet; nil before the first
	armed       bool
}

// pathReports is what both SAs of a child know about their path.
type pathReports struct {
	mu     sync.Mutex
	reads  *iptfs.Congestion
	delay  time.Duration // between our packets
	unsaid bool          // payloads have come since we reported
	news   chan struct{} // says so
}

func newGatherer(how *dataplane.AggFrag, after uint64, now time.Time) *gatherer {
	g := &gatherer{how: how}
	g.reassembler = iptfs.NewReassembler(iptfs.Reassembly{Window: how.WindowSize, Wait: how.LostPacketTimer, Immediately: how.SendImmediately}, after)
	if how.Reports {
		g.path = newReports(how, now)
		g.reassembler.Lost = g.path.lost
	}
	return g
}

func newReports(how *dataplane.AggFrag, now time.Time) *pathReports {
	most := 0.0
	if how.Rate > 0 {
		most = packetRate(how.Rate, outerSize(how, 0))
	}
	return &pathReports{news: make(chan struct{}, 1), reads: iptfs.NewCongestion(how.Sending == dataplane.SendControlled, most, now)}
}

func (r *pathReports) lost(seq, n uint64, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads.Lost(seq, n, now)
}

// arrived takes what a payload says about the path.
func (r *pathReports) arrived(seq uint64, h *iptfs.Header, tos uint8, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.unsaid {
		r.unsaid = true
		signal(r.news)
	}
	r.reads.Arrived(seq, tos, now)
	if h.Congestion {
		r.reads.Heard(h.Report, r.delay, now)
	}
}

// signal leaves a word for whoever waits, unless one is there already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// gather takes a payload apart, and passes on the packets that are whole now (RFC 9347, Section 2.5).
func (r *receiver) gather(in *inbound, payload []byte, from *dataplane.Burst) {
	g := in.aggFrag
	h, blocks, err := iptfs.Parse(payload)
	if err != nil { // it has come nevertheless, with nothing in it
		g.errored++
		r.drop(esp.ErrInner, 1)
	}
	seq := in.esp.Latest()
	if g.path != nil {
		g.path.arrived(seq, &h, from.TOS, r.now)
	}
	g.reassembler.Push(seq, h.BlockOffset, blocks, from.TOS, r.now)
	r.hand(in, from)
}

// hand delivers what the gatherer has, and sees to it that what waits does not do so for ever.
func (r *receiver) hand(in *inbound, from *dataplane.Burst) {
	g := in.aggFrag
	as := *from
	for p, ok := g.reassembler.Next(); ok; p, ok = g.reassembler.Next() {
		if p.Kept { // the coalescer looks at it later
			p.Data = r.keep(p.Data)
		}
		as.TOS = p.TOS
		r.deliver(in, p.Data, 0, &as)
	}
	if due := g.reassembler.Deadline(); !due.IsZero() && !g.armed {
		g.armed = true
		r.b.expireAt(in, due.Sub(r.now), from.Path)
	}
}

// keep copies a packet to where it stays until the next flush.
func (r *receiver) keep(p []byte) []byte {
	if cap(r.rebuilt)-len(r.rebuilt) < len(p) {
		r.flush()
	}
	start := len(r.rebuilt)
	r.rebuilt = append(r.rebuilt, p...)
	return r.rebuilt[start:]
}

// expireAt has the SA, whose lock is held, looked at after a while.
func (b *Backend) expireAt(in *inbound, after time.Duration, path dataplane.Path) {
	g := in.aggFrag
	if g.timer == nil {
		g.timer = time.AfterFunc(after, func() { b.expireMissing(in, path) })
		return
	}
	g.timer.Reset(after)
}

// expireMissing gives up payloads that did not come in time (RFC 9347, Section 2.2.3).
func (b *Backend) expireMissing(in *inbound, path dataplane.Path) {
	r := &b.workers[0].rx
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch.enter()
	defer r.epoch.leave()
	if b.closed.Load() || b.sad.find(in.spi) != in {
		return
	}
	r.now = b.now()
	r.turnTo(in)
	in.aggFrag.armed = false
	in.aggFrag.reassembler.Expire(r.now)
	r.hand(in, &dataplane.Burst{Path: path})
	r.turnTo(nil)
	r.flush()
}

// traffic tells what the SA carried inside.
func (in *inbound) traffic() *dataplane.Traffic {
	in.mu.Lock()
	defer in.mu.Unlock()
	g := in.aggFrag
	if g == nil {
		return nil
	}
	c := g.reassembler.Count()
	return &dataplane.Traffic{InnerPackets: c.Packets, InnerOctets: c.Octets, AllPad: c.AllPad, ExtraPad: c.ExtraPad,
		Incomplete: c.Incomplete, Errored: c.Errored + g.errored, Missed: c.Missed, Late: c.Late}
}
