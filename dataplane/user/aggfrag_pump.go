package user

import (
	"cmp"
	"math/rand/v2"
	"sync"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/esp/iptfs"
)

// A pump sends what an outbound SA in AGGFRAG mode has to send, when it is time for it. It alone seals for the SA.
type pump struct {
	b    *Backend
	out  *outbound
	how  *dataplane.AggFrag
	path *pathReports // nil without reports
	news chan struct{}
	end  chan struct{}
	done chan struct{}

	mu       sync.Mutex // guards what follows
	queue    *iptfs.Aggregator
	capacity int // octets of data blocks in a payload; 0 before the first
	count    dataplane.Traffic
	stopped  bool

	// The pump's own.
	outbox  outbox
	pace    iptfs.Pace
	rate    float64
	breaker iptfs.Breaker
	layout  esp.Layout
	way     *way
	mtu     int32
	size    int // octets of the payload with its header
	said    time.Time
}

const (
	// asNeededQueue is how many octets may wait where nothing limits the rate.
	asNeededQueue = 1 << 20
	// mostQueue is how many octets may wait whatever the rate is said to be.
	mostQueue = 1 << 24
)

// newPump makes the pump of an SA, whose way is there. reports are those of its counterpart, or nil.
func newPump(b *Backend, out *outbound, how *dataplane.AggFrag, reports *pathReports) *pump {
	p := &pump{
		b: b, out: out, how: how, path: reports, news: make(chan struct{}, 1), end: make(chan struct{}), done: make(chan struct{}),
		queue: iptfs.NewAggregator(asNeededQueue), outbox: newOutbox(b.network.Sender(0), &b.tap, false),
		breaker: iptfs.Breaker{Loss: how.BreakerLoss, For: how.BreakerTime},
	}
	p.queue.Whole = how.Whole
	if reports != nil {
		p.news = reports.news
	}
	return p
}

// add queues an inner packet, and reports whether there was room.
func (p *pump) add(pkt []byte, now time.Time) bool {
	p.mu.Lock()
	ok := !p.stopped && p.queue.Add(pkt, now)
	if !ok {
		p.count.Dropped++
	}
	p.mu.Unlock()
	if ok && p.how.Sending == dataplane.SendAsNeeded {
		signal(p.news)
	}
	return ok
}

// limit returns the longest inner packet that may be queued, 0 when any may: fragments go where whole packets do not.
func (p *pump) limit() int {
	if !p.how.Whole {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.capacity
}

// run sends until the SA ends.
func (p *pump) run() {
	defer close(p.done)
	defer p.conclude()
	if err := p.measure(); err != nil {
		p.b.workers[0].drops.add(esp.DropOf(err), 1)
		return
	}
	if p.how.Sending == dataplane.SendAsNeeded {
		p.runAsNeeded()
		return
	}
	alarm := newAlarm()
	p.start(p.b.now())
	for alarm.wait(p.pace.Next(), p.end) && p.beat(p.b.now()) {
	}
}

// conclude sends the rest of a packet that has begun, and lets nothing into the queue any more.
func (p *pump) conclude() {
	for p.begun() && p.send(p.b.now(), p.size) {
	}
	p.outbox.flush()
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
}

func (p *pump) begun() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queue.Begun()
}

// bequeath gives what a pump that has ended did not send to that of another SA, unless it is nil.
func (p *pump) bequeath(heir *pump) {
	if heir == nil || heir == p {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	heir.mu.Lock()
	p.queue.Hand(heir.queue)
	heir.mu.Unlock()
	signal(heir.news)
}

// stop ends the pump. It has sent its last packet when the function that is returned returns.
func (p *pump) stop() (wait func()) {
	close(p.end)
	return func() { <-p.done }
}

// start begins to send at a rate, at a moment that tells nothing.
func (p *pump) start(now time.Time) {
	p.setRate(p.target(now), now)
	p.pace.Delay(time.Duration(rand.Int64N(int64(p.pace.Interval()) + 1)))
}

// beat sends what is due, and reports whether the pump goes on.
func (p *pump) beat(now time.Time) bool {
	for range p.pace.Due(now) {
		if !p.send(now, p.size) {
			return false
		}
	}
	p.outbox.flush()
	if p.broken(now) || p.measure() != nil {
		return false
	}
	p.setRate(p.target(now), now)
	return true
}

// target is how many packets per second are to be sent.
func (p *pump) target(now time.Time) float64 {
	if p.how.Sending == dataplane.SendControlled && p.path != nil {
		p.path.mu.Lock()
		defer p.path.mu.Unlock()
		return p.path.reads.Rate(now)
	}
	return packetRate(p.how.Rate, p.outer())
}

// setRate follows a rate, and lets the queue be as long as its last packet may wait.
func (p *pump) setRate(rate float64, now time.Time) {
	if rate == p.rate {
		return
	}
	p.rate = rate
	p.pace.SetRate(rate, now)
	p.mu.Lock()
	p.count.Rate = rate
	p.queue.SetLimit(int(min(rate*p.how.MaxAggregationTime.Seconds()*float64(p.size), mostQueue)))
	p.mu.Unlock()
	if p.path != nil {
		p.path.mu.Lock()
		p.path.delay = p.pace.Interval()
		p.path.mu.Unlock()
	}
}

// broken looks after the circuit breaker (RFC 9347, Section 2.4.2.1).
func (p *pump) broken(now time.Time) bool {
	if p.path == nil {
		return false
	}
	p.path.mu.Lock()
	loss := p.path.reads.Loss()
	p.path.mu.Unlock()
	if !p.breaker.Observe(loss, now) {
		return false
	}
	p.mu.Lock()
	p.stopped, p.count.Tripped = true, true
	p.mu.Unlock()
	p.b.notices.send(dataplane.Notice{Kind: dataplane.NoticeBreaker, Direction: dataplane.Outbound, SPI: p.out.spi, Policy: p.out.policy})
	return true
}

// packetRate is how many packets of size octets make a rate in bits per second.
func packetRate(bits uint64, size int) float64 { return float64(bits) / float64(8*size) }

// outerSize is the size of outer packets on a path with an MTU, 0 when that is not known.
func outerSize(how *dataplane.AggFrag, mtu int) int {
	size := cmp.Or(how.PacketSize, mtu, defaultPath)
	if mtu > 0 {
		size = min(size, mtu)
	}
	return size
}

// outer is the size of the outer packets now.
func (p *pump) outer() int { return outerSize(p.how, int(p.mtu)) }

// measure brings the size of payloads in step with the way.
func (p *pump) measure() error {
	w := p.out.way.Load()
	mtu := w.remote.mtu.Load()
	if p.way == w && p.mtu == mtu {
		return nil
	}
	layout, err := p.out.esp.Layout()
	if err != nil {
		return err
	}
	p.way, p.mtu, p.layout = w, mtu, layout
	p.size = layout.EffectiveMTU(p.outer(), w.Encapsulation(esp.Tunnel))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.capacity, p.count.PacketSize = p.size-p.headerLen(), p.outer()
	if p.capacity < leastCapacity {
		return esp.ErrTooBig
	}
	return nil
}

// leastCapacity is room for the header of an inner packet.
const leastCapacity = 64

// traffic tells what the SA carried inside.
func (p *pump) traffic() *dataplane.Traffic {
	p.mu.Lock()
	t := p.count
	p.mu.Unlock()
	if p.path != nil {
		p.path.mu.Lock()
		t.RTT, t.Loss = p.path.reads.RTT(), p.path.reads.Loss()
		p.path.mu.Unlock()
	}
	return &t
}
