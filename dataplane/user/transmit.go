package user

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"culvert/allowance"
	"culvert/dataplane"
	"culvert/dataplane/user/fair"
	"culvert/dataplane/user/offload"
	"culvert/dataplane/user/tun"
	"culvert/esp"
	"culvert/spd"
)

const (
	// readSize holds the largest super-packet with its header.
	readSize = fair.PacketSize
	// readBatch bounds the packets read before the batch ends, and others learn that it did.
	readBatch = 64
	// readAlign is where packets begin in the buffer: in a line of the processor's cache of their own.
	readAlign = fair.Align
	// trailerRoom is left behind each packet, so that it can be sealed where it lies.
	trailerRoom = fair.Trailer
	// flowCache is how many flows are remembered with their policy.
	flowCache = 1024
)

// A transmitter is the worker from the device to the network.
type transmitter struct {
	b        *Backend
	worker   *worker
	outbox   outbox
	epoch    epoch
	done     chan struct{}
	wanted   atomic.Bool // release of the queue
	holding  atomic.Bool // something is in the queue
	waiting  queue
	retrying bool // what waits is being sent

	in       []byte // packets of the batch, one behind the other
	used     int
	arrivals []arrival
	jobs     []job
	groups   []*lane // SAs that have jobs, in the order of their first
	inner    []byte  // a packet of transport mode, before its header is left out
	icmp     []byte
	pieces   []byte // fragments of the batch

	cache   *spd.Cache[*policy]
	fetcher *spd.Fetcher[*policy]
	now     time.Time
	tap     *tap // of the batch
	watched watched

	overload  overload
	fragments *spd.FragmentTable
	answers   allowance.Bucket // ICMP to the inside
	aging     allowance.Bucket
}

// Limits of what packets from inside provoke.
const (
	answerEvery = 10 * time.Millisecond
	answerBurst = 50
	ageEvery    = 10 * time.Second
)

func (t *transmitter) init(b *Backend, w *worker, s dataplane.Sender) {
	*t = transmitter{
		b: b, worker: w, outbox: newOutbox(s, &b.tap, b.device.Queues() > 1), done: make(chan struct{}),
		in: make([]byte, batchFull+readSize+2*readAlign), inner: make([]byte, readSize), cache: spd.NewCache[*policy](flowCache),
		arrivals: make([]arrival, 0, readBatch), fetcher: spd.NewFetcher[*policy](readBatch), fragments: spd.NewFragmentTable(fragmentMemory),
		answers: allowance.Bucket{Every: answerEvery, Most: answerBurst}, aging: allowance.Bucket{Every: ageEvery, Most: 1},
	}
}

// release lets the worker try again what waited for an SA. It may be called from any goroutine. Worker and caller each say
// what they have done before they look at the other, so that nothing stays behind; and a worker that holds nothing is left
// alone, since waking it costs more than installing an SA.
func (t *transmitter) release() {
	t.wanted.Store(true)
	if t.holding.Load() {
		t.b.device.Wake(t.worker.index)
	}
}

// run works until the Backend is closed.
func (t *transmitter) run() {
	runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
	defer close(t.done)
	for !t.b.closed.Load() { // looked at even if the device never runs dry
		if more := t.step(); !more {
			t.wait()
		}
	}
}

// step handles one batch and reports whether there may be more.
func (t *transmitter) step() (more bool) {
	t.epoch.enter()
	defer t.epoch.leave()
	more = t.batch()
	t.dispatch()
	t.overload.sent()
	holds := len(t.waiting.packets) > 0
	t.holding.Store(holds)
	return more || holds && t.wanted.Load()
}

// devicePause is how long the worker leaves a device alone that fails.
const devicePause = 100 * time.Millisecond

// wait waits for the device, or for its end. It tells of a device that somebody has removed.
func (t *transmitter) wait() {
	err := t.b.device.Wait(t.worker.index)
	if err == nil || errors.Is(err, os.ErrClosed) {
		return
	}
	if errors.Is(err, tun.ErrGone) {
		t.b.notices.send(dataplane.Notice{Kind: dataplane.NoticeDeviceGone})
	}
	time.Sleep(devicePause)
}

// batch seals what the device has.
func (t *transmitter) batch() (more bool) {
	t.now, t.tap = t.b.now(), t.b.tap.Load()
	if t.wanted.Swap(false) {
		t.retry()
	}
	if t.overload.behind() {
		return t.overloaded()
	}
	more = t.inPlace()
	t.overload.kept(!more, t.now)
	return more
}

// packet examines a packet and sends it on its way. since is when it came from the device.
func (t *transmitter) packet(raw []byte, since time.Time) {
	a := arrival{raw: raw}
	t.examine(&a)
	t.send(&a, since)
}

// send sends a packet on its way (RFC 4301, Section 5.1).
func (t *transmitter) send(a *arrival, since time.Time) {
	if a.drop != 0 {
		t.drop(a.drop, 1)
		return
	}
	t.b.affinity.came(t.worker.index, a.pkt)
	var segments offload.Segments
	if err := segments.Split(a.header, a.pkt); err != nil {
		t.drop(esp.ErrMalformed, 1)
		return
	}
	switch e := a.entry; {
	case e == nil, e.Action == spd.Bypass: // bypassed traffic is not routed here
		t.drop(esp.ErrNoPolicy, segments.Count())
	case e.Action == spd.Discard:
		t.discarded(a.pkt, segments.Count())
	default:
		t.into(e, a, &segments, since)
	}
}

// into sends a packet into the SA of its policy.
func (t *transmitter) into(e *spd.Entry[*policy], a *arrival, segments *offload.Segments, since time.Time) {
	t.watched.policy = dataplane.PolicyID(e.ID)
	sa := e.Value.exit(t.worker.index)
	if sa == nil {
		t.unprotected(e.Value, a.flow, a.raw, since)
		return
	}
	if e.Value.spec.PerResource && !sa.isOf(t.worker.index) {
		t.askForOwn(e.Value, a.flow)
	}
	if sa.pump != nil {
		t.aggregate(sa.pump, segments, a.pkt, a.info)
		return
	}
	t.protect(sa.lane(t.worker.index), segments, a.pkt, &a.flow, &a.info)
}

// askForOwn asks for an SA of the worker's own, while another one carries its traffic (RFC 9611, Section 3).
func (t *transmitter) askForOwn(p *policy, flow spd.Flow) {
	if p.asked[t.worker.index].allow(t.now, netip.Addr{}) {
		t.b.notices.send(dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: p.spec.ID, Packet: flow, Resource: t.worker.index + 1})
	}
}

// policyFor finds the policy of a packet. A fragment without ports follows the first of its packet into an SA that carries
// such (RFC 4301, Section 7.3); an ICMP error that has no policy goes with the traffic it is about (Section 6.2).
func (t *transmitter) policyFor(pkt []byte, flow spd.Flow, info spd.PacketInfo) *spd.Entry[*policy] {
	db := t.b.policies.Load()
	if info.Fragment {
		t.fragments.Passed(flow, info, t.now)
		if e := t.cache.Outbound(db, t.fragments.Whole(flow, info, t.now)); e != nil && e.Value.carriesNonFirst(t.worker.index) {
			return e
		}
	}
	if e := t.cache.Outbound(db, flow); e != nil {
		return e
	}
	if ret, ok := spd.ReturnFlow(pkt, flow, info); ok {
		return t.cache.Outbound(db, ret)
	}
	return nil
}

func (t *transmitter) drop(r esp.Drop, n int) {
	t.worker.drops.add(r, n)
	t.watched.drop = r
}

// reason says which drop a packet that cannot be parsed is.
func reason(err error) esp.Drop {
	if errors.Is(err, spd.ErrTinyFragment) {
		return esp.ErrFragment
	}
	return esp.ErrMalformed
}
