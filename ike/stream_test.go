package ike

import (
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/wire"
)

func TestIKEAndESPGoInTheStreamThatTheInitiatorOpens(t *testing.T) {
	l := newStreams(t, nil)
	path := l.sa(l.a).path
	if path.Transport != dataplane.TransportTCP || path.Local.Port() != 40001 || l.sa(l.b).path != reverse(path) {
		t.Errorf("IKE along %+v and %+v", path, l.sa(l.b).path)
	}
	if p := l.planes[l.a].out[1][0].Path; p != path {
		t.Errorf("ESP along %+v", p)
	}
	if !l.a.keeps(path) || !l.b.keeps(reverse(path)) {
		t.Error("nobody keeps the stream")
	}
	if l.sa(l.a).peer.encap || l.sa(l.b).peer.encap {
		t.Error("the ports of the stream are taken for a NAT (RFC 9329, Section 6.5)")
	}
}

func TestANATChangesNothingAboutAStream(t *testing.T) {
	l := newStreamLab(t, nil)
	route := l.route
	l.testNet.route = func(from *testNode, path dataplane.Path) (*testNode, dataplane.Path) {
		if from == l.b {
			path.Remote = l.alive[0].Local
			return route(from, path)
		}
		to, seen := route(from, path)
		seen.Remote = natPort(seen.Remote)
		return to, seen
	}
	l.dial()
	l.agree(1)
	if !l.sa(l.a).peer.weBehindNAT || !l.sa(l.b).peer.behindNAT {
		t.Error("the NAT is not seen")
	}
	if l.sa(l.a).path.Transport != dataplane.TransportTCP || l.sa(l.a).timers.at(timerKeepalive, 0) != (time.Time{}) {
		t.Error("it changes something (RFC 9329, Sections 6.5 and 6.6)")
	}
}

func TestRequestsAreNotRepeatedInAStream(t *testing.T) {
	l := newStreams(t, nil)
	l.lose(l.sa(l.a).path) // without a word
	before := l.sent
	total := l.sa(l.a).conn.Retransmit.Total()
	l.command(l.a, CheckLiveness{})
	l.elapse(total - time.Second)
	if l.sent != before+1 {
		t.Errorf("sent %d times (RFC 9329, Section 6.2)", l.sent-before)
	}
	l.elapse(2 * time.Second)
	if f := l.a.failure(t, NewsClosed); f.Code != explain.IKETimeout {
		t.Errorf("closed with %v", f)
	}
}

func TestABrokenStreamIsReplacedAtOnceAndTheSALivesOn(t *testing.T) {
	l := newStreams(t, nil)
	spi := l.sa(l.b).LocalSPI()
	broken := l.cut()
	path := l.sa(l.a).path
	if path == broken || l.sa(l.b).path != reverse(path) || l.sa(l.b).LocalSPI() != spi {
		t.Fatalf("along %+v and %+v, before %+v", path, l.sa(l.b).path, broken)
	}
	for at, want := range map[*testNode]dataplane.Path{l.a: path, l.b: reverse(path)} {
		c := l.child(at)
		if !slices.Contains(at.actions, Action(MoveSA{Inbound: c.inSPI, Outbound: c.outSPI, Path: want})) {
			t.Errorf("%s does not send ESP along %+v", at.name, want)
		}
		if !at.keeps(want) {
			t.Errorf("%s does not keep the new stream", at.name)
		}
	}
	l.agree(1)
}

func TestTheOtherSideSendsAgainInTheNewStream(t *testing.T) {
	l := newStreams(t, nil)
	l.lose(l.sa(l.a).path)
	l.command(l.b, RekeyChild{SPI: l.child(l.b).inSPI}) // nobody hears it
	if l.child(l.b).state == childRekeyed {
		t.Fatal("rekeyed without an answer")
	}
	before := l.child(l.b).inSPI
	l.do(l.a, StreamClosed{Path: l.sa(l.a).path})
	l.elapse(time.Second)
	if l.child(l.b).inSPI == before {
		t.Error("the request was not sent again (RFC 9329, Section 6.2)")
	}
}

func TestNoStreamIsOpenedForAnother(t *testing.T) {
	l := newStreams(t, nil)
	first := l.sa(l.a).path
	l.do(l.b, StreamClosed{Path: reverse(first)}) // only the originator opens
	other := first
	other.Remote = natPort(other.Remote)
	l.do(l.a, StreamClosed{Path: other})
	if l.sa(l.a).path != first || len(l.alive) != 1 {
		t.Errorf("%d streams", len(l.alive))
	}
}

func TestAPeerThatTakesNoStreamsIsAskedLessAndLess(t *testing.T) {
	l := newStreams(t, nil)
	l.refused = errRefused
	l.cut()
	asked := func() int { return len(l.a.of(NewsWarning)) }
	first := asked()
	l.elapse(time.Minute)
	if first != 1 || asked() < 3 || asked() > 20 {
		t.Errorf("asked %d times at once and %d in a minute", first, asked())
	}
	l.refused = nil
	l.elapse(time.Minute)
	l.agree(1)
	if l.sa(l.a).stream.tries != 0 {
		t.Error("the peer was heard, but streams are still opened hesitantly")
	}
}

func TestAStreamThatBreaksAtOnceIsNotReplacedAtOnce(t *testing.T) {
	l := newStreams(t, nil)
	l.testNet.route = func(*testNode, dataplane.Path) (*testNode, dataplane.Path) { return nil, dataplane.Path{} }
	l.cut()
	for range 5 {
		l.cut()
	}
	if opened := int(l.next) - 40001; opened != 1 {
		t.Errorf("%d streams at the same time", opened)
	}
}

func TestAPeerThatIsGoneEndsTheSAWithItsStream(t *testing.T) {
	l := newStreams(t, nil)
	l.refused = errRefused
	l.cut()
	l.elapse(l.a.env.Connections.list[0].Retransmit.Total() + time.Second)
	if f := l.a.failure(t, NewsClosed); f.Code != explain.IKETimeout {
		t.Errorf("closed with %v", f)
	}
}

func TestTheFirstStreamDecidesAboutTheAttempt(t *testing.T) {
	l := newStreamLab(t, nil)
	l.refused = errRefused
	l.dial()
	f := l.a.failure(t, NewsClosed)
	if f.Code != explain.IKEStream || !strings.Contains(f.Error(), "connection refused") || !strings.Contains(f.Error(), "192.0.2.2:4500") {
		t.Errorf("closed with %v", f)
	}
	l.a.env.Dial = nil
	l.dial()
	if f := l.a.failure(t, NewsClosed); f.Code != explain.IKEStream || l.a.shard.Len() != 0 {
		t.Errorf("without streams: %v", f)
	}
}

func TestAnErrorInAStreamEndsTheAttemptAtOnce(t *testing.T) {
	l := newStreamLab(t, func(a, b *Connection) {
		b.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes256-sha256-modp2048")}
	})
	l.dial()
	if f := l.a.failure(t, NewsClosed); f.Code != explain.IKENoProposal {
		t.Errorf("closed with %v (RFC 9329, Section 6.4)", f)
	}
	if c := l.a.closings(); len(c) != 1 || c[0].After != 0 {
		t.Errorf("closes %+v", c)
	}
}

func TestAConnectionForUDPTakesNoStreams(t *testing.T) {
	l := newStreamLab(t, func(a, b *Connection) { b.Transport = TransportUDP })
	l.dial()
	f := l.b.failure(t, NewsFailure)
	if f.Code != explain.IKENoConnection || !strings.Contains(f.Error(), "over TCP") || len(l.b.of(NewsEstablished)) != 0 {
		t.Errorf("refused with %v", f)
	}
}

func TestNoCookiesInStreams(t *testing.T) {
	l := newStreamLab(t, nil)
	l.b.env.Gateway.HalfOpen = HalfOpenLimits{Cookie: -1}
	l.dial()
	l.agree(1)
	for _, m := range l.a.messages(NewsMessageReceived) {
		if strings.Contains(m, "COOKIE") {
			t.Errorf("%s (RFC 9329, Section 6.3)", m)
		}
	}
}

func TestNoFragmentsInStreams(t *testing.T) {
	l := newStreams(t, func(a, b *Connection) { a.Fragmentation, b.Fragmentation = FragmentForce, FragmentForce })
	if !l.sa(l.a).peer.fragmentation || l.sa(l.a).fragmentLimit() != 0 {
		t.Error("RFC 9329, Section 7.5")
	}
}

func TestARepeatedFirstRequestInAnotherStreamMakesNoSecondSA(t *testing.T) {
	l := newStreamLab(t, nil)
	l.tap0()
	l.dial()
	request := l.held[0].ev.(MessageReceived)
	l.testNet.tap = nil
	l.do(l.b, request)
	request.Path.Remote = natPort(request.Path.Remote)
	l.do(l.b, request)
	if l.b.shard.Len() != 1 {
		t.Errorf("%d half-open SAs", l.b.shard.Len())
	}
}

// tap0 holds everything back, with the path that it takes.
func (l *streamLab) tap0() {
	l.testNet.tap = func(from, to *testNode, d []byte) [][]byte {
		l.held = append(l.held, heldDatagram{from, flight{to, MessageReceived{Path: reverse(l.alive[0]), Datagram: d}}})
		return nil
	}
}

func TestWhoOpenedTheFirstStreamOpensTheOthersWhoeverRekeys(t *testing.T) {
	l := newStreams(t, nil)
	l.command(l.b, RekeyIKE{})
	l.elapse(time.Second)
	if l.sa(l.a).initiator || !l.sa(l.a).stream.originator || l.sa(l.b).stream.originator {
		t.Fatal("RFC 9329, Section 1.2")
	}
	before := l.sa(l.a).LocalSPI()
	if c := append(l.a.closings(), l.b.closings()...); len(c) != 0 {
		t.Errorf("the stream of the successor is closed: %+v", c)
	}
	broken := l.cut()
	l.elapse(time.Second)
	if l.sa(l.a).path == broken || l.sa(l.a).LocalSPI() != before || l.sa(l.b).path != reverse(l.sa(l.a).path) {
		t.Error("the successor has no stream")
	}
	l.elapse(closedMemory)
	l.agree(1)
}

func TestTheOriginatorClosesTheStreamOfAnSAThatIsGone(t *testing.T) {
	for name, closer := range map[string]func(*streamLab) *testNode{
		"when it closes": func(l *streamLab) *testNode { return l.a }, "when the peer closes": func(l *streamLab) *testNode { return l.b },
	} {
		t.Run(name, func(t *testing.T) {
			l := newStreams(t, nil)
			path := l.sa(l.a).path
			l.command(closer(l), Close{})
			a, b := l.a.closings(), l.b.closings()
			if len(a) != 1 || a[0] != (CloseStream{Path: path}) || len(b) != 1 || b[0] != (CloseStream{Path: reverse(path), After: streamGrace}) {
				t.Errorf("closes %+v, the other side %+v", a, b)
			}
		})
	}
}

func TestOnlyFreshMessagesMoveAnSAToAnotherStream(t *testing.T) {
	l := newStreams(t, nil)
	l.command(l.a, CheckLiveness{})
	path := l.sa(l.b).path
	elsewhere := path
	elsewhere.Remote = natPort(elsewhere.Remote)
	l.do(l.b, Noticed{dataplane.Notice{Kind: dataplane.NoticeNewAddress, Direction: dataplane.Inbound, SPI: l.child(l.b).inSPI, Path: elsewhere}})
	if l.sa(l.b).path != elsewhere {
		t.Error("fresh ESP does not move it (RFC 9329, Section 6.1)")
	}
	l.do(l.b, MessageReceived{Path: path, Datagram: []byte("no IKE message of any kind, but long enough")})
	l.command(l.a, CheckLiveness{})
	if l.sa(l.b).path != path {
		t.Error("a fresh request does not move it")
	}
	udp := path
	udp.Transport = dataplane.TransportUDP
	l.do(l.b, Noticed{dataplane.Notice{Kind: dataplane.NoticeNewAddress, Direction: dataplane.Inbound, SPI: l.child(l.b).inSPI, Path: udp}})
	if l.sa(l.b).path != path {
		t.Error("the transport changes without MOBIKE (RFC 9329, Section 5)")
	}
}

func TestSilenceOverUDPIsNoticedSoonWhenThereIsAnotherWay(t *testing.T) {
	n, a, _ := gateways(t, nil)
	n.tap = func(from, to *testNode, d []byte) [][]byte { return nil }
	ev := initiate(a)
	ev.Fallback = true
	n.do(a, ev)
	n.elapse(20 * time.Second)
	if f := a.failure(t, NewsClosed); f.Code != explain.IKEUDPSilent || !strings.Contains(f.Error(), "after 1 retransmission in") || len(a.of(NewsRetransmitted)) != fallbackTries {
		t.Errorf("%v after %d retransmissions (RFC 9329, Section 5.1)", f, len(a.of(NewsRetransmitted)))
	}
}
