package ike

import (
	"errors"
	"strings"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/wire"
)

func TestDeleteOfAChildIsAnsweredWithTheOtherHalf(t *testing.T) {
	l := oneChild(t, nil)
	ofA, ofB := l.child(l.a).inSPI, l.child(l.b).inSPI
	answer := l.ask(l.a, wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{ofA}})
	if d, ok := wire.Find[*wire.Delete](answer); !ok || len(d.SPIs) != 1 || d.SPIs[0] != ofB || d.Protocol != wire.ProtocolESP {
		t.Errorf("answer %v, want a Delete of %08x", answer, ofB)
	}
	if n := len(l.planes[l.b].in) + len(l.planes[l.b].out) + len(l.planes[l.b].policies); n != 0 {
		t.Errorf("%d things are left in the data plane", n)
	}
	if f := l.b.failure(t, NewsChildDown); f.Code != explain.IKEPeerDeleted {
		t.Errorf("reported as %v", f)
	}
}

func TestDeleteNamesSeveralChildren(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless = false
	l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0]})
	one, two := l.live(l.a)[0].inSPI, l.live(l.a)[1].inSPI
	answer := l.ask(l.a, wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{one, 0x99999999, two, one}})
	if d, ok := wire.Find[*wire.Delete](answer); !ok || len(d.SPIs) != 2 {
		t.Errorf("answer %v", answer)
	}
	if len(l.live(l.b)) != 0 {
		t.Error("children are left")
	}
}

func TestDeleteOfAHIsIgnored(t *testing.T) {
	l := oneChild(t, nil)
	answer := l.ask(l.a, wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolAH, SPIs: []uint32{l.child(l.a).inSPI}})
	if len(answer) != 0 || len(l.live(l.b)) != 1 {
		t.Errorf("answer %v, %d children", answer, len(l.live(l.b)))
	}
}

func TestDeleteOfTheIKESAClosesItsChildren(t *testing.T) {
	l := oneChild(t, nil)
	spi := l.child(l.a).inSPI
	l.elapse(40 * time.Millisecond)
	answer := l.ask(l.a, wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{spi}}, &wire.Delete{Protocol: wire.ProtocolIKE})
	if len(answer) != 0 {
		t.Errorf("answer %v, want an empty one (RFC 7296, Section 1.4.1)", answer)
	}
	f := l.b.failure(t, NewsClosed)
	if f.Code != explain.IKEPeerDeleted || !strings.Contains(f.Error(), " 40ms after it was established") || len(l.planes[l.b].in) != 0 {
		t.Errorf("closed with %v, %d SAs left", f, len(l.planes[l.b].in))
	}
	l.elapse(time.Minute)
	if l.b.shard.Len() != 0 {
		t.Error("the IKE SA is remembered for ever")
	}
}

func TestClosedIKESAAnswersRetransmissions(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, Close{})
	l.deliver(l.a)
	l.lose(l.b) // the answer
	l.elapse(wait)
	l.letGo()
	if l.a.shard.Len() != 0 || len(l.a.of(NewsClosed)) != 1 {
		l.failf("a got no answer to its repeated Delete")
	}
}

func TestEmptyRequestIsASignOfLife(t *testing.T) {
	l := oneChild(t, nil)
	if answer := l.ask(l.a, wire.ExchangeInformational); len(answer) != 0 {
		t.Errorf("answer %v", answer)
	}
}

func TestInformationalIgnoresWhatItDoesNotKnow(t *testing.T) {
	l := oneChild(t, nil)
	answer := l.ask(l.a, wire.ExchangeInformational, &wire.Notify{NotifyType: 40001, Data: []byte("private status")},
		&wire.VendorID{Data: []byte("vendor")}, &wire.Notify{NotifyType: wire.NotifyInitialContact})
	if len(answer) != 0 || len(l.live(l.b)) != 1 {
		t.Errorf("answer %v, %d children", answer, len(l.live(l.b)))
	}
}

func TestComplaintsChangeNothingButAreReported(t *testing.T) {
	for _, n := range []*wire.Notify{
		{NotifyType: wire.NotifyInvalidSPI, Data: spiOctets(0x00200001)},
		{Protocol: wire.ProtocolESP, SPI: spiOctets(0x00100001), NotifyType: wire.NotifyInvalidSelectors, Data: []byte{0x45}},
		{NotifyType: wire.NotifyInvalidSPI, Data: []byte{1}},
		{NotifyType: 8193},
		{NotifyType: wire.NotifyInvalidMessageID, Data: []byte{0, 0, 0, 9}},
	} {
		l := oneChild(t, nil)
		if answer := l.ask(l.a, wire.ExchangeInformational, n); len(answer) != 0 {
			t.Errorf("%v: answer %v", n.NotifyType, answer)
		}
		if f := l.b.failure(t, NewsFailure); f.Code != explain.IKEPeerComplaint || f.Notify != n.NotifyType {
			t.Errorf("%v: reported as %v", n.NotifyType, f)
		} else if about := strings.Contains(f.Error(), "ESP"); about != (n.NotifyType == wire.NotifyInvalidSPI || n.NotifyType == wire.NotifyInvalidSelectors) {
			t.Errorf("%v: reported as %v", n.NotifyType, f)
		}
		if len(l.live(l.b)) != 1 {
			t.Errorf("%v: a complaint has changed state, which RFC 7296, Section 2.21.4 forbids", n.NotifyType)
		}
	}
}

func TestFinalErrorsEndTheIKESA(t *testing.T) {
	for _, notify := range []wire.NotifyType{wire.NotifyAuthenticationFailed, wire.NotifyInvalidSyntax} {
		l := oneChild(t, nil)
		if answer := l.ask(l.a, wire.ExchangeInformational, &wire.Notify{NotifyType: notify}); len(answer) != 0 {
			t.Errorf("%v: answer %v", notify, answer)
		}
		if f := l.b.failure(t, NewsClosed); f.Notify != notify {
			t.Errorf("%v: closed with %v", notify, f)
		}
	}
}

func TestConfigurationInInformational(t *testing.T) {
	l := oneChild(t, nil)
	set := &wire.Configuration{ConfigType: wire.ConfigSet, Attributes: []wire.Attribute{{Type: wire.AttrInternalIP4DNS, Value: []byte{192, 0, 2, 1}}}}
	cp, ok := wire.Find[*wire.Configuration](l.ask(l.a, wire.ExchangeInformational, set))
	if !ok || cp.ConfigType != wire.ConfigAck || len(cp.Attributes) != 0 {
		t.Errorf("CFG_SET is answered with %v", cp)
	}
	version := &wire.Configuration{ConfigType: wire.ConfigRequest, Attributes: []wire.Attribute{{Type: wire.AttrApplicationVersion}, {Type: 31000}}}
	cp, ok = wire.Find[*wire.Configuration](l.ask(l.a, wire.ExchangeInformational, version))
	if !ok || cp.ConfigType != wire.ConfigReply || len(cp.Attributes) != 1 || len(cp.Attributes[0].Value) != 0 {
		t.Errorf("APPLICATION_VERSION is answered with %v", cp)
	}
	for _, stray := range []wire.ConfigType{wire.ConfigReply, wire.ConfigAck, 200} {
		if answer := l.ask(l.a, wire.ExchangeInformational, &wire.Configuration{ConfigType: stray}); len(answer) != 0 {
			t.Errorf("configuration of type %v is answered with %v", stray, answer)
		}
	}
}

// notice gives a notice about a child of a node.
func (l *childLab) notice(at *testNode, n dataplane.Notice) {
	l.do(at, Noticed{Notice: n})
}

func TestSoftLimitRekeysAndHardLimitDeletes(t *testing.T) {
	for _, direction := range []dataplane.Direction{dataplane.Inbound, dataplane.Outbound} {
		l := oneChild(t, nil)
		c := l.child(l.b)
		n := dataplane.Notice{Kind: dataplane.NoticeSoftLimit, Direction: direction, SPI: c.inSPI, Policy: c.policy}
		if direction == dataplane.Outbound {
			n.SPI = c.outSPI
		}
		l.notice(l.b, n)
		l.notice(l.b, n) // of the other direction, or late
		l.quiet()
		l.agree(1)
		if len(l.b.of(NewsChildRekeyed)) != 1 {
			l.failf("rekeyed %d times", len(l.b.of(NewsChildRekeyed)))
		}
		c = l.child(l.b)
		n.Kind, n.SPI = dataplane.NoticeHardLimit, c.inSPI
		if direction == dataplane.Outbound {
			n.SPI = c.outSPI
		}
		l.notice(l.b, n)
		l.quiet()
		l.agree(0)
		if f := l.b.failure(t, NewsChildDown); f.Code != explain.IKELifetime {
			t.Errorf("reported as %v", f)
		}
	}
}

func TestNoticesAboutUnknownChildrenAreIgnored(t *testing.T) {
	l := oneChild(t, nil)
	for kind := dataplane.NoticeAcquire; kind <= dataplane.NoticeSelectors+1; kind++ {
		l.notice(l.b, dataplane.Notice{Kind: kind, SPI: 0x77777777, Policy: l.child(l.b).policy})
		l.notice(l.b, dataplane.Notice{Kind: kind, SPI: 0x77777777, Policy: l.child(l.b).policy, Direction: dataplane.Outbound})
	}
	l.quiet()
	l.agree(1)
}

func TestPeerIsToldAboutBadPacketsButNotOften(t *testing.T) {
	l := oneChild(t, nil)
	c := l.child(l.b)
	l.story = nil
	for range 5 {
		l.notice(l.b, dataplane.Notice{Kind: dataplane.NoticeSelectors, Direction: dataplane.Inbound, SPI: c.inSPI, Policy: c.policy, Data: make([]byte, 200)})
		l.notice(l.b, dataplane.Notice{Kind: dataplane.NoticeBadSPI, SPI: 0x1234, Path: dataplane.Path{Remote: testPath().Local}})
	}
	if n := l.sent(l.b, "N(INVALID_SELECTORS)"); n != 1 {
		l.failf("%d complaints about selectors", n)
	}
	l.elapse(noticeInterval)
	l.notice(l.b, dataplane.Notice{Kind: dataplane.NoticeBadSPI, SPI: 0x1234, Path: dataplane.Path{Remote: testPath().Local}})
	if n := l.sent(l.b, "N(INVALID_SPI)"); n != 1 {
		l.failf("%d complaints about SPIs", n)
	}
	l.quiet()
	l.agree(1)
}

func TestSelectorComplaintShowsThePacket(t *testing.T) {
	l := oneChild(t, nil)
	c := l.child(l.b)
	l.holding = true
	l.notice(l.b, dataplane.Notice{Kind: dataplane.NoticeSelectors, Direction: dataplane.Inbound, SPI: c.inSPI, Policy: c.policy, Data: make([]byte, 200)})
	m := l.open(l.sa(l.a), l.take(l.b))
	n, ok := wire.FindNotify(m.Payloads, wire.NotifyInvalidSelectors)
	if !ok || n.Protocol != wire.ProtocolESP || len(n.Data) != maxPacketStart || string(n.SPI) != string(spiOctets(c.outSPI)) {
		t.Errorf("notify %v", n)
	}
}

func TestCommandsThatMakeNoSense(t *testing.T) {
	for name, command := range map[string]Event{"rekey": RekeyChild{SPI: 77}, "close": CloseChild{SPI: 77}} {
		l := oneChild(t, nil)
		l.command(l.a, command)
		if f := l.a.failure(t, NewsFailure); f.Code != explain.IKENoSuchSA || !strings.Contains(f.Error(), "0000004d") {
			t.Errorf("%s: failure %v", name, f)
		}
	}
}

func TestCommandsFollowTheIKESA(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	old := l.sa(l.a).LocalSPI()
	l.command(l.a, RekeyIKE{})
	l.deliver(l.a)
	l.deliver(l.b) // the old IKE SA is not deleted yet
	l.do(l.a, Command{SA: old, Event: CloseChild{SPI: l.child(l.a).inSPI}})
	l.quiet()
	l.agree(0)
}

func TestCommandsFollowTheChild(t *testing.T) {
	l := oneChild(t, nil)
	old := l.child(l.a).inSPI
	l.command(l.a, RekeyChild{SPI: old})
	l.lossless = false
	l.command(l.a, CloseChild{SPI: old}) // it lingers: the command is about what it became
	l.quiet()
	l.agree(0)
}

func TestChildOfAClosingIKESAIsRefused(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	spi := l.sa(l.a).LocalSPI()
	config := l.sa(l.a).conn.Children[0]
	l.command(l.a, Close{})
	l.do(l.a, Command{SA: spi, Event: CreateChild{Child: config}})
	if f := l.a.failure(t, NewsFailure); f.Code != explain.IKENoSuchSA {
		t.Errorf("failure %v", f)
	}
	l.quiet()
	l.agree(0)
}

func TestInstallFailureOfAGoneChildIsIgnored(t *testing.T) {
	l := oneChild(t, nil)
	l.do(l.a, InstallFailed{SPI: 0x4242, Err: errors.New("late")})
	l.quiet()
	l.agree(1)
}

func TestFirstPacketShowsThatThePeerIsReady(t *testing.T) {
	l := oneChild(t, nil)
	l.holding = true
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	l.deliver(l.a)
	l.deliver(l.b) // a has the new child, and its Delete of the old one is under way
	c := l.child(l.b)
	if c.sending || !c.unconfirmed {
		l.failf("b sends through the new child before a is known to have it (RFC 7296, Section 2.8)")
	}
	l.notice(l.b, dataplane.Notice{Kind: dataplane.NoticeFirstPacket, Direction: dataplane.Inbound, SPI: c.inSPI, Policy: c.policy})
	if !c.sending || c.unconfirmed {
		l.failf("b does not send through the new child")
	}
	l.quiet()
	l.agree(1)
}
