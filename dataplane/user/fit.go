package user

import (
	"net/netip"

	"culvert/dataplane"
	"culvert/dataplane/user/offload"
	"culvert/esp"
	"culvert/spd"
)

// piecesSize holds the fragments of a few packets.
const piecesSize = 128 << 10

// protect takes a (super-)packet to those that are sealed into an SA, in packets that fit its path.
func (t *transmitter) protect(sa *lane, s *offload.Segments, pkt []byte, flow *spd.Flow, info *spd.PacketInfo) {
	w := sa.way.Load()
	if err := sa.measure(w); err != nil {
		t.drop(esp.DropOf(err), s.Count())
		return
	}
	if sa.largest > 0 && isSYN(pkt, flow, info) && clampMSS(pkt, info, sa.largest, s.Partial()) {
		t.worker.changed[changeMSS].Add(1)
	}
	l := label{way: w, tos: sa.outer.TrafficClass(info.TrafficClass), df: w.whole(sa.outer.DF.DontFragment(pkt))}
	if sa.largest > 0 && s.MaxLen() > sa.largest {
		switch t.fit(sa, s, pkt, info) {
		case esp.TooBig:
			t.drop(esp.ErrTooBig, s.Count())
			return
		case esp.Fragment:
			t.fragment(sa, s, l)
			return
		case esp.SendAnyhow:
			l.df = false
		}
	}
	t.commit(sa, s, l)
}

// commit puts packets to those that are sealed together.
func (t *transmitter) commit(sa *lane, s *offload.Segments, l label) {
	t.skip(s)
	count := s.Count()
	if count == 0 {
		return
	}
	if !t.b.spend(&sa.batch.run, &sa.account, dataplane.Outbound, run{s.Len(), count}, t.now) {
		t.drop(esp.ErrExpired, count)
		return
	}
	t.add(sa, s, count, l)
}

// fit decides about packets that are too large for the path (RFC 4301, Section 8.2.1). Senders that have forbidden
// fragments are told. TCP is cut smaller rather than lost; it is told all the same, since it does better with packets that
// fit. What may be fragmented is, before ESP, as far as the SA takes fragments; else the outer packets are.
func (t *transmitter) fit(sa *lane, s *offload.Segments, pkt []byte, info *spd.PacketInfo) esp.Oversize {
	whole := *info
	whole.Length = s.MaxLen()
	verdict := esp.Judge(whole, sa.largest)
	if verdict == esp.TooBig && !t.tooBig(sa, pkt) {
		return esp.SendAnyhow
	}
	switch {
	case verdict == esp.SendAnyhow:
	case s.Resegment(sa.largest):
		t.worker.changed[changeResegment].Add(1)
		return esp.Fits
	case verdict == esp.Fragment && (sa.mode == esp.Transport || !sa.takesFragments):
		return esp.SendAnyhow
	}
	return verdict
}

// fragment cuts packets into fragments that fit (RFC 4301, Section 8.2.1, case 2).
func (t *transmitter) fragment(sa *lane, s *offload.Segments, l label) {
	for s.Count() > 0 {
		t.worker.changed[changeFragment].Add(1)
		if t.commitPieces(sa, t.inner[:s.Next(t.inner)], l) != nil {
			t.drop(esp.ErrTooBig, 1)
		}
	}
}

// commitPieces puts the fragments of a packet to what is sealed.
func (t *transmitter) commitPieces(sa *lane, pkt []byte, l label) error {
	_, info, err := spd.ParseFlow(pkt)
	for offset := 0; err == nil; {
		var piece []byte
		if piece, offset, err = esp.AppendFragment(t.piece(sa.largest), pkt, info, sa.largest, offset); err != nil {
			break
		}
		t.pieces = t.pieces[:len(t.pieces)+len(piece)]
		var whole offload.Segments
		if err = whole.Split(offload.Header{}, piece); err == nil {
			t.commit(sa, &whole, l)
		}
		if offset == 0 {
			break
		}
	}
	return err
}

// piece returns an empty slice with room for n octets, which stays until the batch is sent.
func (t *transmitter) piece(n int) []byte {
	if t.pieces == nil {
		t.pieces = make([]byte, 0, piecesSize)
	}
	if len(t.pieces)+n > cap(t.pieces) {
		t.dispatch()
	}
	return t.pieces[len(t.pieces):len(t.pieces):cap(t.pieces)]
}

// tooBig tells the sender of a packet that it does not fit, unless what is known about the path turns out to be old. It
// reports whether the packet does not fit.
func (t *transmitter) tooBig(sa *lane, pkt []byte) bool {
	if t.aging.Take(t.now) {
		t.b.remotes.age(t.now)
		if sa.way.Load().remote.mtu.Load() == 0 {
			return false
		}
	}
	t.tellMTU(pkt, sa.largest)
	return true
}

// tellMTU tells the sender of a packet how large its packets may be, unless many were told just now.
func (t *transmitter) tellMTU(pkt []byte, mtu int) {
	if t.answers.Take(t.now) {
		t.answer(esp.AppendTooBig(t.icmp[:0], pkt, mtu, netip.Addr{}))
	}
}

// discarded drops what a policy discards, and tells the sender that it is prohibited (RFC 4301, Section 5.1.1).
func (t *transmitter) discarded(pkt []byte, count int) {
	t.drop(esp.ErrDiscarded, count)
	if t.answers.Take(t.now) {
		t.answer(esp.AppendProhibited(t.icmp[:0], pkt, netip.Addr{}))
	}
}

// answer sends an ICMP error to the inside.
func (t *transmitter) answer(message []byte, ok bool) {
	t.icmp = message
	if ok {
		t.worker.changed[changeTold].Add(1)
		_ = t.b.device.WritePacket(t.worker.index, [][]byte{make([]byte, offload.HeaderLen), message})
	}
}
