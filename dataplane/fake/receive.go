package fake

import (
	"encoding/binary"
	"slices"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// noticeData bounds the octets of an offending packet that a notice carries.
const noticeData = 128

// Receive takes an ESP packet from the network and delivers what is inside (RFC 4301, Section 5.2). path is seen from us: path.Remote is
// where the packet came from. The error is the reason why it was dropped. pkt stays the caller's.
func (b *Backend) Receive(path dataplane.Path, pkt []byte) error {
	b.mu.Lock()
	o := b.receive(path, slices.Clone(pkt))
	b.settle(&o)
	policy := b.policyOf(pkt)
	b.mu.Unlock()
	b.show(dataplane.TappedPacket{Direction: dataplane.Inbound, Data: pkt, Path: path, Policy: policy}, o.err)
	return b.finish(o)
}

// HandleESP is that of dataplane.PacketHandler.
func (b *Backend) HandleESP(_ int, bursts []dataplane.Burst) {
	for i := range bursts {
		burst := bursts[i]
		for packet, ok := burst.Next(); ok; packet, ok = burst.Next() {
			_ = b.Receive(burst.Path, packet) // what it drops, it counts
		}
	}
}

func (b *Backend) receive(path dataplane.Path, pkt []byte) (o outcome) {
	if len(pkt) < 8 {
		return outcome{err: esp.ErrTruncated}
	}
	spi := binary.BigEndian.Uint32(pkt)
	in := b.spis[spi]
	if in == nil {
		o.err = esp.ErrUnknownSPI
		o.tell(dataplane.Notice{Kind: dataplane.NoticeBadSPI, Direction: dataplane.Inbound, SPI: spi, Path: path})
		return o
	}
	before := in.esp.Sequence()
	inner, next, err := in.esp.Open(pkt)
	if err != nil && esp.DropOf(err) != esp.ErrDummy {
		return outcome{err: err}
	}
	if before == 0 {
		o.tell(dataplane.Notice{Kind: dataplane.NoticeFirstPacket, Direction: dataplane.Inbound, SPI: spi, Policy: in.policy})
	}
	if in.esp.Sequence() > before {
		in.moved(path, &o)
	}
	ok, kind := in.Spend(len(inner), 1, b.now().UnixNano())
	o.limit(kind, dataplane.Inbound, spi, in.policy)
	switch {
	case !ok:
		o.err = esp.ErrExpired
	case err != nil:
		o.err = err
	default:
		b.accept(in, path, inner, next, &o)
	}
	return o
}

// moved tells, once, that authenticated packets come from another address; the newest packet only says where the peer is
// (RFC 7296, Section 2.23).
func (i *inbound) moved(path dataplane.Path, o *outcome) {
	if path.Remote == i.told {
		return
	}
	if i.told = path.Remote; path != i.path {
		o.tell(dataplane.Notice{Kind: dataplane.NoticeNewAddress, Direction: dataplane.Inbound, SPI: i.spi, Policy: i.policy, Path: path})
	}
}

// accept checks a packet that was protected against the selectors of its SA, and delivers it.
func (b *Backend) accept(in *inbound, path dataplane.Path, inner []byte, next uint8, o *outcome) {
	if in.mode == esp.Transport {
		h := esp.TransportHeader{
			Source: path.Remote.Addr(), Destination: path.Local.Addr(),
			OriginalSource: in.original[0], OriginalDestination: in.original[1],
		}
		if inner, o.err = h.Append(nil, inner, next); o.err != nil {
			return
		}
	}
	f, i, err := spd.ParseFlow(inner)
	if err != nil {
		o.err = esp.ErrInner
		return
	}
	if in.nonFirst {
		f = b.arriving.Whole(f, i, b.now())
	}
	if !in.selectors.AdmitsInbound(inner, f, i) {
		o.err = esp.ErrSelector
		head := slices.Clone(inner[:min(len(inner), noticeData)])
		o.tell(dataplane.Notice{Kind: dataplane.NoticeSelectors, Direction: dataplane.Inbound, SPI: in.spi, Policy: in.policy, Packet: f, Data: head})
		return
	}
	if in.nonFirst {
		b.arriving.Passed(f, i, b.now())
	}
	b.traffic.Delivered++
	o.hook = func() {
		b.show(dataplane.TappedPacket{Inner: true, Direction: dataplane.Inbound, Data: inner, SPI: in.spi, Policy: in.policy}, nil)
		call(b.hooks.Deliver, inner)
	}
}

// ReceiveClear takes an unprotected IP packet from the network. Only a Bypass policy lets it pass (RFC 4301, Section 5.2,
// step 3b). pkt stays the caller's.
func (b *Backend) ReceiveClear(pkt []byte) error {
	b.mu.Lock()
	o := b.receiveClear(pkt)
	b.settle(&o)
	b.mu.Unlock()
	return b.finish(o)
}

func (b *Backend) receiveClear(pkt []byte) outcome {
	f, _, err := spd.ParseFlow(pkt)
	if err != nil {
		return outcome{err: esp.ErrMalformed}
	}
	e := b.db.Inbound(f)
	switch {
	case e == nil:
		return outcome{err: esp.ErrNoPolicy}
	case e.Action == spd.Discard:
		return outcome{err: esp.ErrDiscarded}
	case e.Action == spd.Protect:
		return outcome{err: esp.ErrUnprotected}
	}
	b.traffic.Unprotected++
	return outcome{hook: func() { call(b.hooks.Deliver, slices.Clone(pkt)) }}
}
