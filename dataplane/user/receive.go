package user

import (
	"encoding/binary"
	"sync"
	"time"

	"culvert/allowance"
	"culvert/dataplane"
	"culvert/dataplane/user/offload"
	"culvert/esp"
	"culvert/spd"
)

const (
	// rebuildSize holds packets of transport mode, which get an IP header in front.
	rebuildSize = 256 << 10
	// joinBatch is how many packets and super-packets wait to be written at most.
	joinBatch = 256
)

// A receiver is the worker from the network to the device: whoever calls HandleESP.
type receiver struct {
	b         *Backend
	worker    *worker
	mu        sync.Mutex
	epoch     epoch
	coalescer offload.Coalescer
	out       port
	rebuilt   []byte
	last      *inbound // of the packet before, within a batch; its lock is held
	run       run
	now       time.Time
	tap       *tap // of the batch
	strangers allowance.Bucket
	fragments *spd.FragmentTable // of SAs that carry fragments without ports
	watched   watched
}

// fragmentMemory is how many fragmented packets are remembered in each direction (RFC 4301, Section 7.3).
const fragmentMemory = 256

func (r *receiver) init(b *Backend, w *worker) {
	r.b, r.worker, r.fragments = b, w, spd.NewFragmentTable(fragmentMemory)
	r.out = port{b.device, b.affinity}
	r.coalescer.UDP = b.device.JoinsUDP()
	r.rebuilt = make([]byte, 0, rebuildSize)
	r.strangers = allowance.Bucket{Every: badSPIEvery, Most: badSPIBurst}
}

// HandleESP takes ESP packets from the network, in the order of their arrival. They are changed in place, and the
// caller's again when it returns. Calls for one worker wait for one another.
func (b *Backend) HandleESP(worker int, bursts []dataplane.Burst) {
	r := &b.workers[worker%len(b.workers)].rx
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch.enter()
	defer r.epoch.leave()
	if b.closed.Load() {
		return
	}
	r.now, r.tap = b.now(), b.tap.Load()
	for len(bursts) > 0 {
		n := r.fetch(bursts)
		for i := range bursts[:n] {
			r.burst(bursts[i])
		}
		bursts = bursts[n:]
	}
	r.turnTo(nil)
	r.flush()
}

// fetchAhead is for how many packets SAs are fetched at a time: more would not stay in the cache.
const fetchAhead = 64

// fetch has SAs fetched for the next bursts, and returns for how many.
func (r *receiver) fetch(bursts []dataplane.Burst) (n int) {
	last := uint32(0)
	for packets := 0; n < len(bursts) && packets < fetchAhead; n++ {
		packets += bursts[n].Count()
		last = r.b.sad.fetch(bursts[n], last)
	}
	return n
}

func (r *receiver) burst(burst dataplane.Burst) {
	for p, ok := burst.Next(); ok; p, ok = burst.Next() {
		if r.tap == nil {
			r.packet(p, &burst)
			continue
		}
		r.shown(p, &burst)
	}
}

func (r *receiver) flush() {
	if n := r.coalescer.Flush(&r.out); n > 0 {
		r.drop(esp.ErrOther, n)
	}
	r.rebuilt = r.rebuilt[:0]
}

func (r *receiver) drop(d esp.Drop, n int) {
	r.worker.drops.add(d, n)
	r.watched.drop = d
}

// packet processes one ESP packet (RFC 4301, Section 5.2; RFC 4303, Section 3.4).
func (r *receiver) packet(p []byte, from *dataplane.Burst) {
	if len(p) < 8 {
		r.drop(esp.ErrTruncated, 1)
		return
	}
	in := r.find(binary.BigEndian.Uint32(p))
	if in == nil {
		r.stranger(p, from)
		return
	}
	before := in.esp.Sequence()
	inner, next, err := in.esp.Open(p)
	if d := esp.DropOf(err); d != 0 && d != esp.ErrDummy {
		r.drop(d, 1)
		return
	}
	if before == 0 {
		r.b.notices.send(dataplane.Notice{Kind: dataplane.NoticeFirstPacket, Direction: dataplane.Inbound, SPI: in.spi, Policy: in.policy})
	}
	r.moved(in, from, in.esp.Sequence() > before)
	switch {
	case !r.b.spend(&r.run, &in.account, dataplane.Inbound, run{len(inner), 1}, r.now):
		r.drop(esp.ErrExpired, 1)
	case err != nil:
		r.drop(esp.ErrDummy, 1)
	case in.aggFrag != nil:
		r.gather(in, inner, from)
	default:
		r.deliver(in, inner, next, from)
	}
}

// find returns the SA of a packet, or nil, with its lock held until the next SA is found.
func (r *receiver) find(spi uint32) *inbound {
	if r.last == nil || r.last.spi != spi {
		r.turnTo(r.b.sad.find(spi))
	}
	return r.last
}

// turnTo ends the run of the last SA, and begins one of in, which may be nil.
func (r *receiver) turnTo(in *inbound) {
	if r.last != nil {
		r.b.settle(&r.run, &r.last.account, dataplane.Inbound, r.now)
		r.last.sequence.Store(r.last.esp.Sequence())
		r.last.mu.Unlock()
	}
	if r.last = in; in != nil {
		in.mu.Lock()
	}
}

// stranger tells about a packet without SA (RFC 7296, Section 2.21.4, INVALID_SPI).
func (r *receiver) stranger(p []byte, from *dataplane.Burst) {
	r.drop(esp.ErrUnknownSPI, 1)
	if r.strangers.Take(r.now) {
		r.b.notices.send(dataplane.Notice{Kind: dataplane.NoticeBadSPI, Direction: dataplane.Inbound, SPI: binary.BigEndian.Uint32(p), Path: from.Path})
	}
}

// moved tells, once, that an SA's packets come from another address. Only the newest packet says where the peer is now
// (RFC 7296, Section 2.23).
func (r *receiver) moved(in *inbound, from *dataplane.Burst, newest bool) {
	remote := from.Path.Remote
	if remote == in.told || !newest || from.Path.Transport == dataplane.TransportRaw && remote.Addr() == in.told.Addr() {
		return
	}
	in.told = remote
	if *in.path.Load() != from.Path {
		r.b.notices.send(dataplane.Notice{Kind: dataplane.NoticeNewAddress, Direction: dataplane.Inbound, SPI: in.spi, Policy: in.policy, Path: from.Path})
	}
}

// deliver checks a packet that was protected and puts it to those that go to the device.
func (r *receiver) deliver(in *inbound, inner []byte, next uint8, from *dataplane.Burst) {
	if in.mode == esp.Transport {
		var err error
		if inner, err = r.rebuild(in, inner, next, from); err != nil {
			r.drop(esp.DropOf(err), 1)
			return
		}
	}
	if r.tap != nil {
		r.see(inner)
	}
	if d := r.check(in, inner); d != 0 {
		r.drop(d, 1)
		return
	}
	if in.mode == esp.Tunnel {
		if err := in.mark(inner, from); err != nil {
			r.drop(esp.DropOf(err), 1)
			return
		}
	}
	r.coalescer.Add(inner)
	if r.coalescer.Len() >= joinBatch {
		r.flush()
	}
}

// mark carries over to a packet what the outer header says of its class and of congestion (RFC 4301, Section 5.1.2; RFC 6040).
func (in *inbound) mark(inner []byte, from *dataplane.Burst) error {
	if !in.noECN {
		if _, err := esp.Decapsulate(inner, from.TOS); err != nil {
			return err
		}
	}
	if in.copyDSCP && from.Path.Transport != dataplane.TransportTCP { // a stream has one marking for all (RFC 9329, Section 9.3)
		return esp.CopyDSCP(inner, from.TOS)
	}
	return nil
}

// check compares a packet with the selectors of its SA (RFC 4301, Section 5.2, step 4). What matches them is remembered; an
// ICMP error about traffic that does passes for what it quotes (RFC 4301, Section 6.2).
func (r *receiver) check(in *inbound, inner []byte) esp.Drop {
	var flow spd.Flow
	var info spd.PacketInfo
	if err := spd.Parse(inner, &flow, &info); err != nil {
		if d := reason(err); d == esp.ErrFragment {
			return d
		}
		return esp.ErrInner
	}
	if isSYN(inner, &flow, &info) {
		r.clamp(inner, flow, &info)
	}
	if in.nonFirst {
		flow = r.fragments.Whole(flow, info, r.now)
	}
	switch {
	case flow == in.flow && !info.Fragment:
		return 0
	case in.selectors.Inbound(flow):
		if in.nonFirst {
			r.fragments.Passed(flow, info, r.now)
		}
		in.flow = flow
		return 0
	case in.selectors.AdmitsInbound(inner, flow, info):
		return 0
	}
	if in.offended.allow(r.now) {
		r.b.notices.send(dataplane.Notice{Kind: dataplane.NoticeSelectors, Direction: dataplane.Inbound, SPI: in.spi, Policy: in.policy, Packet: flow, Data: head(inner)})
	}
	return esp.ErrSelector
}

// rebuild gives a packet of transport mode the IP header it came with (RFC 4303, Section 3.4.4).
func (r *receiver) rebuild(in *inbound, payload []byte, next uint8, from *dataplane.Burst) ([]byte, error) {
	const headers = 64 // room for an IP header of either version
	if cap(r.rebuilt)-len(r.rebuilt) < len(payload)+headers {
		r.flush()
	}
	h := esp.TransportHeader{
		Source: from.Path.Remote.Addr(), Destination: from.Path.Local.Addr(),
		OriginalSource: in.original[0], OriginalDestination: in.original[1], TrafficClass: from.TOS,
	}
	start := len(r.rebuilt)
	out, err := h.Append(r.rebuilt, payload, next)
	if err != nil {
		return nil, err
	}
	r.rebuilt = out
	return out[start:], nil
}
