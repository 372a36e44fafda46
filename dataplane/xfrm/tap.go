package xfrm

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nflog"
	"culvert/spd"
)

// A watch shows the packets of the kernel to somebody: those that its rules log (package nflog), with the SAs that they belong
// to. The kernel says nothing of single packets that it drops; its counters are held against what was logged (verdict.go).
type watch struct {
	backend *Backend
	tap     dataplane.Tap
	log     *nflog.Log
	before  Stat // the kernel's counters when the last batch was complete
	batch   []dataplane.TappedPacket
	lost    uint64 // packets that nobody has seen, in front of the next one
}

// Packets are shown in batches, complete when nothing follows for a moment: by then the kernel is done with them.
const (
	settleAfter = 10 * time.Millisecond
	maxBatch    = 256
)

// SetTap is that of dataplane.Tappable. It takes nftables with the expression xfrm, and Linux 5.12. Packets that are on their
// way may still be shown after it returned.
func (b *Backend) SetTap(t dataplane.Tap) error {
	b.tapping.Lock()
	defer b.tapping.Unlock()
	if w := b.watch; w != nil {
		if w.tap == t {
			return nil
		}
		b.watch = nil
		if err := w.log.Close(); err != nil {
			return err
		}
	}
	if t == nil {
		return nil
	}
	log, err := nflog.Open(b.namespace, b.config.NATPort)
	if err != nil {
		return err
	}
	b.watch = &watch{backend: b, tap: t, log: log, before: b.stat.now()}
	b.watches.Go(b.watch.run)
	return nil
}

// run shows packets until the log is closed.
func (w *watch) run() {
	for {
		var until time.Time
		if len(w.batch) > 0 {
			until = time.Now().Add(settleAfter)
		}
		quiet, err := w.receive(until)
		switch {
		case err != nil:
			w.settle(w.backend.stat.now(), false)
			return
		case quiet:
			// What the kernel has counted it had logged before: when there is no more, counters and batch are of the same packets.
			now := w.backend.stat.now()
			if quiet, _ = w.receive(time.Now().Add(settleAfter)); quiet {
				w.settle(now, true)
			}
		case len(w.batch) >= maxBatch:
			w.settle(w.backend.stat.now(), false)
		}
	}
}

// receive takes what is logged until a time. It tells whether there was nothing.
func (w *watch) receive(until time.Time) (quiet bool, err error) {
	err = w.log.Receive(until, w.take)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true, nil
	}
	return false, err
}

// take keeps a packet that is ours, or about which nobody knows.
func (w *watch) take(p nflog.Packet) {
	w.lost += uint64(p.Lost)
	shown, ok := w.backend.identify(&p)
	if !ok {
		return
	}
	shown.Time, shown.Lost = time.Now(), w.lost
	w.lost = 0
	w.batch = append(w.batch, shown)
}

// settle shows a batch, with what the kernel has counted meanwhile. An incomplete one may lack packets that are counted, and
// what came out of its last ones.
func (w *watch) settle(now Stat, complete bool) {
	judge(w.batch, now.since(w.before), complete)
	if len(w.batch) > 0 { // counters that rise between batches are told with the next one
		w.before = now
	}
	for i := range w.batch {
		w.tap.Tap(&w.batch[i])
		w.batch[i] = dataplane.TappedPacket{}
	}
	w.batch = w.batch[:0]
}

// identify finds out whose a packet is. Those of SAs that others made are not shown; ESP that arrives for nobody is.
func (b *Backend) identify(p *nflog.Packet) (t dataplane.TappedPacket, ok bool) {
	t = dataplane.TappedPacket{Inner: p.Inner, Direction: p.Direction, Data: p.Data, SPI: p.SPI}
	if !p.Inner && !unwrap(&t) {
		return t, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s, known := b.owned(&t)
	if s != nil {
		t.Policy = s.policy
	}
	return t, known || !p.Inner && p.Direction == dataplane.Inbound
}

// owned returns the SA of a packet. Of several outbound SAs with one SPI, which their peers have chosen alike, what is inside
// does not say which it is for. The caller holds the lock.
func (b *Backend) owned(t *dataplane.TappedPacket) (s *sa, known bool) {
	if t.Direction == dataplane.Inbound {
		s = b.ins[t.SPI]
		return s, s != nil
	}
	var fit []*sa
	for _, o := range b.leaving[t.SPI] {
		if t.Inner || o.state.Destination == t.Path.Remote.Addr() {
			fit = append(fit, o)
		}
	}
	if len(fit) == 1 {
		s = fit[0]
	}
	return s, len(fit) > 0
}

// unwrap finds ESP in an IP packet, in UDP or not.
func unwrap(t *dataplane.TappedPacket) bool {
	const udp, udpHeader, spiLength = 17, 8, 4
	flow, info, err := spd.ParseFlow(t.Data)
	if err != nil {
		return false
	}
	from := info.HeaderLength
	t.Path.Transport = dataplane.TransportRaw
	if flow.Protocol == udp {
		t.Path.Transport = dataplane.TransportUDP
		from += udpHeader
	}
	if from+spiLength > info.Length {
		return false
	}
	t.Whole, t.Data, t.TOS = t.Data, t.Data[from:info.Length], info.TrafficClass
	t.SPI = binary.BigEndian.Uint32(t.Data)
	t.Path.Local, t.Path.Remote = netip.AddrPortFrom(flow.Source, flow.SourcePort), netip.AddrPortFrom(flow.Destination, flow.DestinationPort)
	if t.Direction == dataplane.Inbound {
		t.Path.Local, t.Path.Remote = t.Path.Remote, t.Path.Local
	}
	return true
}
