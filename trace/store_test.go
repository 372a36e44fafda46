package trace

import (
	"net/netip"
	"testing"
	"time"

	"culvert/api"
	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

func TestHandshakeIsOneTrace(t *testing.T) {
	l := newLab(t)
	l.handshake()
	got := l.only()
	if got.Outcome != api.TraceUp || got.Connection != "office" || got.Peer != "gw.example.org" || got.SA != "0000000000000007" || !got.Initiator {
		t.Errorf("summary %+v", got.TraceSummary)
	}
	if len(got.Messages) != 4 || got.Messages[1].RTT != time.Millisecond || got.Messages[0].Direction != api.TraceSent || !got.Messages[3].Response {
		t.Errorf("messages %+v", got.Messages)
	}
	if last := got.Marks[len(got.Marks)-1]; last.After != 4 {
		t.Errorf("established after %d messages", last.After)
	}
}

func TestRepetitionsAreCountedAndTimesCountFromTheLast(t *testing.T) {
	l := newLab(t)
	l.tell(ike.News{Kind: ike.NewsConnecting})
	l.message(ike.NewsMessageSent, wire.ExchangeSAInit, 0, false)
	for range 2 {
		l.message(ike.NewsRetransmitted, wire.ExchangeSAInit, 0, false)
	}
	l.message(ike.NewsMessageReceived, wire.ExchangeSAInit, 0, true)
	got := l.only()
	if len(got.Messages) != 2 || got.Messages[0].Repeated != 2 || got.Messages[1].RTT != time.Millisecond {
		t.Errorf("got %+v", got.Messages)
	}
	l.message(ike.NewsMessageReceived, wire.ExchangeInformational, 0, false)
	l.message(ike.NewsMessageSent, wire.ExchangeInformational, 0, true)
	l.message(ike.NewsRetransmitted, wire.ExchangeInformational, 0, true)
	got = l.only()
	if got.Messages[2].Repeated != 1 || got.Messages[3].Repeated != 1 {
		t.Errorf("a request that came again: %+v", got.Messages[2:])
	}
}

func TestSuccessorsBelongToTheSameTrace(t *testing.T) {
	l := newLab(t)
	l.handshake()
	l.tell(ike.News{Kind: ike.NewsRekeyed, Successor: 8})
	l.spi = 8
	l.message(ike.NewsMessageSent, wire.ExchangeCreateChildSA, 0, false)
	if got := l.only(); len(got.Messages) != 5 || got.SA != "0000000000000008" || got.Messages[4].SA != got.SA {
		t.Errorf("got %+v", got.TraceSummary)
	}
	l.fails(ike.NewsClosed, explain.IKEPeerDeleted, 0, "closed")
	if got := l.only(); got.Outcome != api.TraceClosed || got.Ended == nil || got.Failure != nil {
		t.Errorf("got %+v", got.TraceSummary)
	}
	l.message(ike.NewsMessageSent, wire.ExchangeInformational, 1, false)
	if got := l.only(); len(got.Messages) != 5 {
		t.Error("an SA that is gone still writes")
	}
}

func TestLivenessChecksDoNotFillATrace(t *testing.T) {
	l := newLab(t)
	l.handshake()
	for id := range uint32(500) {
		l.message(ike.NewsMessageSent, wire.ExchangeInformational, id, false)
		l.message(ike.NewsMessageReceived, wire.ExchangeInformational, id, true)
	}
	got := l.only()
	if len(got.Messages) != 6 || got.Forgotten != 998 || got.Messages[5].MessageID != 499 {
		t.Errorf("%d messages, %d forgotten", len(got.Messages), got.Forgotten)
	}
}

func TestOneTraceIsBounded(t *testing.T) {
	l := newLab(t)
	l.handshake()
	for id := range uint32(1000) {
		l.message(ike.NewsMessageSent, wire.ExchangeCreateChildSA, id, false, &wire.Nonce{Data: make([]byte, 32)})
		l.tell(ike.News{Kind: ike.NewsDropped, Reason: ike.DropReason(id % 5), Traced: &ike.Traced{}})
		l.fails(ike.NewsFailure, explain.IKEPeerRefused, 0, "no")
	}
	got := l.only()
	if len(got.Messages) != maxMessages || len(got.Marks) != maxMarks || got.Messages[0].Exchange != "IKE_SA_INIT" {
		t.Errorf("%d messages, %d marks", len(got.Messages), len(got.Marks))
	}
	for _, m := range got.Marks {
		if m.After < 0 || m.After > len(got.Messages) {
			t.Fatalf("a mark after %d of %d messages", m.After, len(got.Messages))
		}
	}
	r := l.store.find(got.ID)
	sum := recordOctets + markOctets*len(r.marks)
	for i := range r.messages {
		sum += r.messages[i].octets()
	}
	if r.octets != sum || l.store.octets[known] != sum {
		t.Errorf("counted %d and %d octets, there are %d", r.octets, l.store.octets[known], sum)
	}
}

// first tells of a first message of somebody.
func (l *lab) first(spi wire.SPI, from string) {
	l.we, l.spi, l.conn = false, spi, connection(l.T, "office")
	l.path.Remote = netip.AddrPortFrom(netip.MustParseAddr(from), 500)
	l.message(ike.NewsMessageReceived, wire.ExchangeSAInit, 0, false, &wire.Nonce{Data: make([]byte, 32)})
}

func TestStrangersDoNotPushOutTracesOfOthers(t *testing.T) {
	l := newLab(t)
	l.handshake()
	l.first(100, "198.51.100.1") // one that answers, and fails
	l.message(ike.NewsMessageReceived, wire.ExchangeAuth, 1, false)
	l.fails(ike.NewsClosed, explain.AuthPSKWrong, wire.NotifyAuthenticationFailed, "wrong")
	for i := range 5000 {
		l.first(wire.SPI(1000+i), netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}).String())
	}
	counts := map[api.TraceOutcome]int{}
	for _, s := range l.store.List("") {
		counts[s.Outcome]++
	}
	if counts[api.TraceUp] != 1 || counts[api.TraceFailed] != 1 || counts[api.TraceRunning] != l.store.limits[stranger].total {
		t.Errorf("left are %v", counts)
	}
	if len(l.store.bySPI) > 1+l.store.limits[stranger].total {
		t.Errorf("%d SPIs are known", len(l.store.bySPI))
	}
}

func TestOneNetworkHasFewTraces(t *testing.T) {
	l := newLab(t)
	for i := range 100 {
		l.first(wire.SPI(1000+i), "2001:db8::"+string(rune('a'+i%6)))
		l.fails(ike.NewsClosed, explain.IKEHalfOpen, 0, "late")
	}
	if got := len(l.store.List("")); got != l.store.limits[stranger].each {
		t.Errorf("%d traces of one network", got)
	}
}

func TestLivingTracesOfAConnectionStayLongest(t *testing.T) {
	l := newLab(t)
	l.handshake()
	for i := range 3 * l.store.limits[known].each {
		l.spi = wire.SPI(1000 + i)
		l.tell(ike.News{Kind: ike.NewsConnecting})
		l.fails(ike.NewsClosed, explain.IKETimeout, 0, "silence")
	}
	list := l.store.List("office")
	if len(list) != l.store.limits[known].each || list[len(list)-1].Outcome != api.TraceUp || list[0].ID != idText(l.store.last) {
		t.Errorf("%d traces, the oldest is %+v", len(list), list[len(list)-1])
	}
	if len(l.store.List("other")) != 0 {
		t.Error("another connection has traces")
	}
}

func TestOctetsAreBounded(t *testing.T) {
	l := newLab(t)
	l.store.limits[known] = limits{total: 1000, each: 1000, octets: 40_000}
	for i := range 200 {
		l.spi = wire.SPI(1000 + i)
		l.handshake()
	}
	if l.store.octets[known] > 40_000 || len(l.store.List("")) < 5 {
		t.Errorf("%d octets in %d traces", l.store.octets[known], len(l.store.List("")))
	}
}

func TestRefusalBeforeAnIKESAIsKept(t *testing.T) {
	l := newLab(t)
	n := l.messageNews(ike.NewsFailure, wire.ExchangeSAInit, 0, false, &wire.SA{Proposals: connection(t, "x").Proposals})
	n.Failure = &ike.Failure{Code: explain.IKENoConnection, Notify: wire.NotifyNoProposalChosen, Err: errTest{}}
	n.Path = l.path
	l.store.News(n, noon(), api.Event{Kind: api.EventFailure, Text: "no connection", Problem: api.NewProblem(409, explain.IKENoConnection, "", "no connection")})
	got := l.only()
	if got.Outcome != api.TraceFailed || len(got.Messages) != 2 || got.Messages[1].Payloads[0].Summary != "NO_PROPOSAL_CHOSEN" || got.Failure == nil {
		t.Errorf("got %+v", got)
	}
}

type errTest struct{}

func (errTest) Error() string { return "no connection for 192.0.2.2" }

func TestAttemptsWithoutAnAddressAreKept(t *testing.T) {
	s := NewStore()
	s.Failed("office", netip.AddrPort{}, api.Event{Time: noon(), Problem: api.NewProblem(409, explain.IKEPeerUnresolved, "", "no such host")})
	e, ok := s.Explain("1")
	if !ok || e.Code != explain.IKEPeerUnresolved || e.Connection != "office" || e.Text != "no such host" {
		t.Errorf("got %+v", e)
	}
	if _, ok := s.Get("2"); ok {
		t.Error("there is a second trace")
	}
	if _, ok := s.Explain("x"); ok {
		t.Error("x is a trace")
	}
}

func TestWhoHasAuthenticatedIsNotPushedOutByWhoHasNot(t *testing.T) {
	l := newLab(t)
	l.we = false
	l.handshake()
	for i := range 2 * l.store.limits[present].total {
		l.first(wire.SPI(1000+i), netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}).String())
		l.message(ike.NewsMessageReceived, wire.ExchangeAuth, 1, false)
	}
	list := l.store.List("")
	if len(list) != 1+l.store.limits[present].total || list[len(list)-1].Outcome != api.TraceUp {
		t.Errorf("%d traces, the oldest is %+v", len(list), list[len(list)-1])
	}
}
