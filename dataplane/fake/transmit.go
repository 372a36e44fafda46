package fake

import (
	"slices"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// Inject takes an IP packet from inside and sends it as policy says (RFC 4301, Section 5.1). The error is the reason why it
// went no further. pkt stays the caller's.
func (b *Backend) Inject(pkt []byte) error { return b.InjectAt(1, pkt) }

// InjectAt is Inject on one of the workers, 1 for the first.
func (b *Backend) InjectAt(worker int, pkt []byte) error {
	b.mu.Lock()
	o := b.inject(worker, pkt)
	b.settle(&o)
	b.mu.Unlock()
	b.show(dataplane.TappedPacket{Inner: true, Direction: dataplane.Outbound, Data: pkt, Policy: o.policy}, o.err)
	return b.finish(o)
}

func (b *Backend) inject(worker int, pkt []byte) outcome {
	f, i, err := spd.ParseFlow(pkt)
	if err != nil {
		return outcome{err: esp.ErrMalformed}
	}
	e := b.policyFor(pkt, f, i)
	switch {
	case e == nil:
		return outcome{err: esp.ErrNoPolicy}
	case e.Action == spd.Discard:
		return outcome{err: esp.ErrDiscarded}
	case e.Action == spd.Bypass:
		b.traffic.Unprotected++
		return outcome{hook: func() { call(b.hooks.Unprotected, slices.Clone(pkt)) }}
	}
	o := b.protect(e.Value, worker, pkt, f)
	o.policy = e.Value.ID
	return o
}

// policyFor finds the policy of an outbound packet. A fragment without ports follows the first of its packet into an SA
// that carries such (RFC 4301, Section 7.3); an ICMP error that has no policy goes with the traffic it is about (Section 6.2).
func (b *Backend) policyFor(pkt []byte, f spd.Flow, i spd.PacketInfo) *spd.Entry[*policy] {
	b.leaving.Passed(f, i, b.now())
	if e := b.db.Outbound(b.leaving.Whole(f, i, b.now())); e != nil && i.Fragment {
		if out := e.Value.latest(0); out != nil && out.nonFirst {
			return e
		}
	}
	if e := b.db.Outbound(f); e != nil {
		return e
	}
	if ret, ok := spd.ReturnFlow(pkt, f, i); ok {
		return b.db.Outbound(ret)
	}
	return nil
}

func (b *Backend) protect(p *policy, worker int, pkt []byte, f spd.Flow) (o outcome) {
	out := p.latest(worker)
	if out == nil {
		if p.Trap {
			o.tell(dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: p.ID, Packet: f})
		}
		o.err = esp.ErrNoSA
		return o
	}
	if p.PerResource && out.resource != worker {
		o.tell(dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: p.ID, Packet: f, Resource: worker})
	}
	ok, kind := out.Spend(len(pkt), 1, b.now().UnixNano())
	o.limit(kind, dataplane.Outbound, out.esp.SPI(), p.ID)
	if !ok {
		o.err = esp.ErrExpired
		return o
	}
	sealed, err := out.seal(pkt)
	if err != nil {
		o.err = err
		return o
	}
	b.traffic.Sent++
	path := out.path
	o.hook = func() {
		b.show(dataplane.TappedPacket{Direction: dataplane.Outbound, Data: sealed, Path: path, Policy: p.ID}, nil)
		if b.hooks.Send != nil {
			b.hooks.Send(path, sealed)
		}
	}
	return o
}

// pathMTU is that of every path here.
const pathMTU = 1500

// seal seals a packet, padded as the SA wants it.
func (out *outbound) seal(pkt []byte) ([]byte, error) {
	if out.padToPath {
		layout, err := out.esp.Layout()
		if err != nil {
			return nil, err
		}
		out.esp.SetPadTo(layout.EffectiveMTU(pathMTU, out.encapsulation()))
	}
	return out.esp.Seal(nil, pkt)
}

func (out *outbound) encapsulation() esp.Encapsulation {
	return out.path.Encapsulation(out.mode)
}

func (o *outcome) limit(kind dataplane.NoticeKind, d dataplane.Direction, spi uint32, id dataplane.PolicyID) {
	if kind != 0 {
		o.tell(dataplane.Notice{Kind: kind, Direction: d, SPI: spi, Policy: id})
	}
}

func call(hook func([]byte), pkt []byte) {
	if hook != nil {
		hook(pkt)
	}
}
