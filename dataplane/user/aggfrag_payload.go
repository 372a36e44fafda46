package user

import (
	"errors"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/user/offload"
	"culvert/esp"
	"culvert/esp/iptfs"
	"culvert/spd"
)

func (p *pump) headerLen() int {
	if p.path != nil {
		return iptfs.CongestionLen
	}
	return iptfs.PlainLen
}

// send seals a payload of size octets, or less when packets are sent as needed, into the outbox. It reports whether the SA may
// send more.
func (p *pump) send(now time.Time, size int) bool {
	room := p.outbox.room(p.layout.Sealed(size))
	payload := p.fill(room[p.layout.HeaderLen():p.layout.HeaderLen()+size], now)
	ok, notice := p.out.Spend(len(payload), 1, now.UnixNano())
	p.b.notices.limit(notice, dataplane.Outbound, p.out.spi, p.out.policy)
	if !ok {
		return false
	}
	sealed, err := p.out.esp.Seal(room, payload)
	if err != nil {
		p.b.workers[0].drops.add(esp.DropOf(err), 1)
		if errors.Is(err, esp.ErrSequenceExhausted) {
			p.b.notices.limit(p.out.Stop(), dataplane.Outbound, p.out.spi, p.out.policy)
		}
		return false
	}
	p.outbox.add(p.label(), len(sealed))
	return true
}

// label says how the packets travel. Nothing of the packets inside shows: DSCP is configured, ECN is Not-ECT (RFC 9347,
// Sections 2.2.5 and 3.1).
func (p *pump) label() label {
	return label{way: p.way, tos: p.how.DSCP << 2, df: p.way.whole(p.out.outer.DF != esp.DFClear)}
}

// fill makes a payload in b of what waits, and returns it. As needed it is no longer than that.
func (p *pump) fill(b []byte, now time.Time) []byte {
	h := iptfs.Header{Congestion: p.path != nil}
	if p.path != nil {
		h.Report = p.path.report(now)
		p.said = now
	}
	p.mu.Lock()
	f := p.queue.Fill(b[h.Len():])
	p.tally(f, len(b)-h.Len())
	p.mu.Unlock()
	h.BlockOffset = f.BlockOffset
	h.Put(b)
	if p.how.Sending == dataplane.SendAsNeeded {
		return b[:h.Len()+max(f.Octets, 1)]
	}
	return b
}

// tally counts a payload with room for n octets.
func (p *pump) tally(f iptfs.Filling, n int) {
	p.count.InnerPackets += uint64(f.Packets)
	p.count.InnerOctets += uint64(f.Octets)
	p.count.Dropped += uint64(f.Dropped)
	switch {
	case f.Octets == 0:
		p.count.AllPad++
	case f.Octets < n && p.how.Sending != dataplane.SendAsNeeded:
		p.count.ExtraPad++
	}
}

// report is what is to be sent now.
func (r *pathReports) report(now time.Time) iptfs.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unsaid = false
	return r.reads.Report(r.delay, now)
}

// aggregate queues a (super-)packet in the SA of a pump.
func (t *transmitter) aggregate(p *pump, s *offload.Segments, pkt []byte, info spd.PacketInfo) {
	if most := p.limit(); most > 0 && s.MaxLen() > most {
		t.aggregateLarge(p, s, pkt, info, most)
		return
	}
	for s.Count() > 0 {
		n := s.Next(t.inner)
		if !p.add(t.inner[:n], t.now) {
			t.drop(esp.ErrQueue, 1)
		}
	}
}

// aggregateLarge deals with what does not fit into a single payload and has to, as other SAs do with what does not fit their
// path (RFC 9347, Section 2.2.6).
func (t *transmitter) aggregateLarge(p *pump, s *offload.Segments, pkt []byte, info spd.PacketInfo, most int) {
	if info.Version == 6 || info.DontFragment {
		t.tellMTU(pkt, most)
		t.drop(esp.ErrTooBig, s.Count())
		return
	}
	for s.Count() > 0 {
		whole := t.inner[:s.Next(t.inner)]
		if !t.aggregateParts(p, whole, info, most) {
			t.drop(esp.ErrQueue, 1)
		}
	}
}

// aggregateParts queues the fragments of an IPv4 packet, and reports whether there was room for all.
func (t *transmitter) aggregateParts(p *pump, whole []byte, info spd.PacketInfo, most int) bool {
	info.Length = len(whole)
	for offset := 0; ; {
		part, next, err := esp.AppendFragment(t.icmp[:0], whole, info, most, offset)
		t.icmp = part
		if err != nil || !p.add(part, t.now) {
			return false
		}
		if next == 0 {
			return true
		}
		offset = next
	}
}
