package probe

import (
	"context"

	"culvert/dataplane"
)

// Reach asks whether a peer answers on a UDP port, and searches for the MTU of the way to it, which is 0 if it cannot be told. It
// takes a dozen datagrams at most.
func Reach(ctx context.Context, c Config) (answers bool, mtu int, err error) {
	l, err := openLine(c)
	if err != nil {
		return false, 0, err
	}
	s := &session{line: l, ctx: ctx, report: &Report{}}
	if p, err := l.path(c.Port); err == nil {
		s.transport("", p, nil)
	}
	if answers = s.path.Remote.IsValid(); answers {
		all := everything()
		s.mtu(&all)
	}
	return answers, s.report.MTU, l.close()
}

// Sizes of IP packets between which the MTU is searched.
const (
	leastPacket = 576
	mostPacket  = 1500
)

// mtu searches for the largest request that arrives in one piece. An answer proves that it has.
func (s *session) mtu(base *offer) {
	if s.path.Transport != dataplane.TransportUDP {
		return
	}
	s.progress("MTU")
	if s.arrives(base, mostPacket) {
		s.report.MTU = mostPacket
		return
	}
	const near = 8 // octets; closer is not worth a datagram
	least, most := leastPacket, mostPacket
	if !s.arrives(base, least) {
		return // nothing is known then
	}
	for most-least > near {
		if middle := (least + most) / 2; s.arrives(base, middle) {
			least = middle
		} else {
			most = middle
		}
	}
	s.report.MTU = least
}

// arrives tells whether a request in an IP packet of this size is answered.
func (s *session) arrives(base *offer, packet int) bool {
	small := *base
	small.encr, small.prf, small.integ = base.encr[:1], base.prf, base.integ[:1]
	q, err := newQuestion(&small)
	if err != nil {
		return false
	}
	q.pad(packet - s.headers())
	_, err = s.ask(s.path, q, true)
	return err == nil
}

// headers are the octets of IP, UDP and the marker before a message.
func (s *session) headers() int {
	n := 20 + 8
	if s.path.Remote.Addr().Is6() {
		n = 40 + 8
	}
	if s.path.Remote.Port() != 500 {
		n += 4
	}
	return n
}
