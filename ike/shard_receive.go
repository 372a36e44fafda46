package ike

import (
	"culvert/dataplane"
	"culvert/explain"
	"culvert/wire"
)

// receive takes a datagram to its SA, found by our SPI alone (RFC 7296, Section 2.6), or through the gates to a new one.
func (s *Shard) receive(ev MessageReceived) {
	h, err := wire.ParseHeader(ev.Datagram)
	if err != nil {
		s.refuseVersion(h, ev)
		return
	}
	ours := h.InitiatorSPI
	if h.FromInitiator() {
		ours = h.ResponderSPI
	}
	switch {
	case h.Exchange == wire.ExchangeSAInit && ours == 0:
		s.receiveFirst(h, ev)
	case !s.give(ours, ev):
		s.receiveStray(h, ev)
	}
}

// refuseVersion answers requests of a higher major version (RFC 7296, Sections 1.5 and 2.5); everything else that has no
// IKEv2 header is dropped quietly, IKEv1 above all.
func (s *Shard) refuseVersion(h wire.Header, ev MessageReceived) {
	if h.Major() <= 2 {
		s.drop(DropMalformed, ev)
		return
	}
	s.drop(DropVersion, ev)
	if !h.IsResponse() {
		s.answer(h, ev.Path, &Failure{Notify: wire.NotifyInvalidMajorVersion})
	}
}

// receiveFirst handles an IKE_SA_INIT request: a retransmission, or one that begins an SA.
func (s *Shard) receiveFirst(h wire.Header, ev MessageReceived) {
	m := &firstMessage{Header: h, ev: ev}
	key := keyOf(m)
	if spi, ok := s.inits[key]; ok && s.give(spi, ev) {
		return
	}
	if r := s.pass(m); r.drop != DropNone {
		s.drop(r.drop, ev)
		s.refuse(m, r.answer)
		return
	}
	choice, f := chooseInit(s.env.Connections, ev.Path, m.payloads)
	if f != nil {
		s.env.Stats.received(h)
		s.refuse(m, f)
		return
	}
	if !s.redirectFirst(m, choice.conn) {
		s.open(m, key, choice)
	}
}

// open begins the SA of a responder.
func (s *Shard) open(m *firstMessage, key initKey, choice initChoice) {
	spi, err := s.slots.reserve(s.env.Rand)
	if err != nil {
		s.drop(DropHalfOpenTotal, m.ev)
		return
	}
	in := &inbound{Header: m.Header, path: m.ev.Path, datagram: m.ev.Datagram, payloads: m.payloads}
	sa := newResponder(s.env, s.now, spi, in, choice)
	sl := s.slots.find(spi)
	sl.sa, sl.init, sl.half, sl.remote = sa, key, true, m.ev.Path.Remote.Addr().Unmap()
	s.inits[key] = spi
	s.enter(sl)
	sa.beginResponse(in)
	s.settle(sa, sa.takeActions())
}

// refuse answers a first message that leads to no SA. A demand for a cookie or another group is part of a good handshake
// and no larger than the request, so it is not limited.
func (s *Shard) refuse(m *firstMessage, f *Failure) {
	if f == nil {
		return
	}
	if f.Notify == wire.NotifyCookie || f.Notify == wire.NotifyInvalidKEPayload {
		s.send(m.ev.Path, refusal(m.Header, f))
		return
	}
	if s.answer(m.Header, m.ev.Path, f) {
		n := News{Kind: NewsFailure, Path: m.ev.Path, Failure: f, Size: len(m.ev.Datagram)}
		if s.env.Trace {
			n.Traced = &Traced{m.Header, m.payloads, 1}
		}
		s.report(n)
	}
}

// answer sends an unprotected notify, if the rate allows (RFC 7296, Section 2.21.4).
func (s *Shard) answer(h wire.Header, path dataplane.Path, f *Failure) bool {
	if !s.answers.Take(s.now) {
		s.env.Stats.dropped(DropRateLimit)
		return false
	}
	s.send(path, refusal(h, f))
	return true
}

func (s *Shard) send(path dataplane.Path, datagram []byte) {
	s.actions = append(s.actions, Send{Path: path, Datagrams: [][]byte{datagram}})
}

// receiveStray handles a message for an SA that is not there. A protected request is told so (RFC 7296, Sections 1.5 and
// 2.21.4); responses and unprotected messages never are. An unprotected complaint about an ESP SPI is a hint to look
// whether the peer lives.
func (s *Shard) receiveStray(h wire.Header, ev MessageReceived) {
	s.drop(DropUnknownSPI, ev)
	switch {
	case h.IsResponse():
	case h.NextPayload == wire.PayloadSK, h.NextPayload == wire.PayloadSKF:
		s.answer(h, ev.Path, &Failure{Notify: wire.NotifyInvalidIKESPI})
	case h.Exchange == wire.ExchangeInformational && h.NextPayload == wire.PayloadNotify:
		s.hint(ev)
	}
}

// hint checks the liveness of the SA with the sender of an unprotected INVALID_SPI (RFC 7296, Sections 1.5 and 2.4).
func (s *Shard) hint(ev MessageReceived) {
	m, err := wire.Parse(ev.Datagram)
	if err != nil {
		return
	}
	spi, known := s.peers[ev.Path.Remote.Addr().Unmap()]
	if _, complains := wire.FindNotify(m.Payloads, wire.NotifyInvalidSPI); complains && known && s.hints.Take(s.now) {
		s.give(spi, CheckLiveness{})
	}
}

func (s *Shard) drop(r DropReason, ev MessageReceived) {
	s.env.Stats.dropped(r)
	if s.env.Trace {
		s.report(dropped(r, ev))
	}
}

// notice gives a notice of the data plane to the SA that it is about. One that is about none is the supervisor's.
func (s *Shard) notice(ev Noticed) {
	n := ev.Notice
	spi, ok := s.children[n.SPI]
	switch {
	case n.Kind == dataplane.NoticeBadSPI:
		spi, ok = s.peers[n.Path.Remote.Addr().Unmap()]
	case n.Kind == dataplane.NoticeAcquire, !ok:
		spi, ok = s.policies[n.Policy]
	}
	if !ok || !s.give(spi, ev) {
		s.actions = append(s.actions, Unclaimed{Notice: n})
	}
}

func noSuchSA(spi wire.SPI) *Failure {
	return refuse(explain.IKENoSuchSA, 0, "there is no IKE SA %v", spi)
}
