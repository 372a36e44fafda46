package ike

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/wire"
)

// stray returns a protected request for an SA that b does not have.
func stray(t *testing.T, change func(*wire.Header)) MessageReceived {
	t.Helper()
	a, _ := newEstablishedPair(t)
	h := a.header(wire.ExchangeInformational, 4, 0)
	if change != nil {
		change(&h)
	}
	d, err := wire.Seal(a.out, h, nil)
	if err != nil {
		t.Fatal(err)
	}
	return MessageReceived{Path: reverse(testPath()), Datagram: d}
}

func TestStrayMessages(t *testing.T) {
	complaint := &wire.Message{Header: wire.Header{InitiatorSPI: 1, Version: 0x20, Exchange: wire.ExchangeInformational, Flags: wire.FlagInitiator},
		Payloads: []wire.Payload{&wire.Notify{NotifyType: wire.NotifyInvalidSPI, Data: []byte{1, 2, 3, 4}}}}
	for _, tt := range []struct {
		name   string
		ev     MessageReceived
		answer bool
	}{
		{"protected request", stray(t, nil), true},
		{"protected request of the responder's", stray(t, func(h *wire.Header) { h.Flags = 0 }), true},
		{"protected response", stray(t, func(h *wire.Header) { h.Flags |= wire.FlagResponse }), false},
		{"unprotected complaint", MessageReceived{Path: reverse(testPath()), Datagram: complaint.Append(nil)}, false},
		{"response to IKE_SA_INIT", MessageReceived{Path: reverse(testPath()), Datagram: refusal(wire.Header{InitiatorSPI: 5, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator}, &Failure{Notify: wire.NotifyNoProposalChosen})}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, b := gateways(t, nil)
			sends := sendsOf(b.shard.Handle(startOfTime, tt.ev))
			if (len(sends) == 1) != tt.answer {
				t.Fatalf("%d answers (RFC 7296, Section 2.21.4)", len(sends))
			}
			if b.env.Stats.Dropped[DropUnknownSPI] != 1 {
				t.Errorf("drops %v", b.env.Stats.Dropped)
			}
			if !tt.answer {
				return
			}
			request, _ := wire.ParseHeader(tt.ev.Datagram)
			m := parse(t, sends[0].Datagrams[0])
			n, ok := m.Payloads[0].(*wire.Notify)
			if !ok || n.NotifyType != wire.NotifyInvalidIKESPI || len(n.Data) != 0 || !m.IsResponse() || m.MessageID != request.MessageID ||
				m.InitiatorSPI != request.InitiatorSPI || m.ResponderSPI != request.ResponderSPI || m.Exchange != request.Exchange ||
				m.FromInitiator() == request.FromInitiator() {
				t.Errorf("answered %s with header %+v to %+v (RFC 7296, Section 1.5)", wire.Summary(m), m.Header, request)
			}
			if sends[0].Path != tt.ev.Path {
				t.Error("the answer goes elsewhere")
			}
		})
	}
}

func TestUnprotectedComplaintIsAHintOnly(t *testing.T) {
	n, a, b := connected(t, nil)
	m := &wire.Message{Header: wire.Header{InitiatorSPI: 1, Version: 0x20, Exchange: wire.ExchangeInformational, Flags: wire.FlagInitiator},
		Payloads: []wire.Payload{&wire.Notify{NotifyType: wire.NotifyInvalidSPI, Data: []byte{1, 2, 3, 4}}}}
	before := len(b.messages(NewsMessageSent))
	for range 3 * hintBurst {
		n.do(b, MessageReceived{Path: reverse(testPath()), Datagram: m.Append(nil)})
	}
	checks := len(b.messages(NewsMessageSent)) - before
	if checks == 0 || checks > hintBurst {
		t.Errorf("%d liveness checks for %d complaints", checks, 3*hintBurst)
	}
	if len(a.of(NewsClosed))+len(b.of(NewsClosed)) != 0 {
		t.Error("an SA was closed")
	}
}

func TestCommandForAnSAThatIsNotThere(t *testing.T) {
	n, a, _ := connected(t, nil)
	n.do(a, Command{SA: 12345, Event: Close{}})
	if f := a.failure(t, NewsFailure); f.Code != explain.IKENoSuchSA {
		t.Errorf("told %v", f)
	}
}

func TestCloseByCommand(t *testing.T) {
	n, a, b := connected(t, withChild(t))
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: Close{Reason: "test"}})
	n.elapse(closedMemory)
	for _, x := range []*testNode{a, b} {
		if len(x.of(NewsClosed)) != 1 || x.shard.Len() != 0 || len(x.shard.children)+len(x.shard.policies)+len(x.shard.peers)+len(x.shard.inits) != 0 {
			t.Errorf("%s: %d SAs, children %v, peers %v; %q", x.name, x.shard.Len(), x.shard.children, x.shard.peers, x.digest())
		}
	}
}

func TestAbandonedSASendsNothing(t *testing.T) {
	n, a, _ := connected(t, nil)
	before := len(a.messages(NewsMessageSent))
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: Close{Abandon: true}})
	if len(a.messages(NewsMessageSent)) != before || len(a.of(NewsClosed)) != 1 {
		t.Errorf("news %q", a.digest())
	}
}

func TestAttemptIsAbandoned(t *testing.T) {
	n, a, _ := gateways(t, nil)
	n.tap = func(from, to *testNode, d []byte) [][]byte { return nil }
	n.do(a, initiate(a))
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: Close{}})
	if len(a.of(NewsClosed)) != 1 || a.shard.Len() != 0 {
		t.Errorf("%d SAs; %q", a.shard.Len(), a.digest())
	}
}

func TestReconfigurationReachesLivingSAs(t *testing.T) {
	n, a, _ := connected(t, nil)
	newer := *a.env.Connections.list[0]
	newer.DPDDelay = time.Minute
	n.do(a, SetConnections{NewConnections(&newer)})
	if got := a.only(t).conn; got != &newer {
		t.Error("the SA has the old connection")
	}
	n.do(a, SetConnections{NewConnections()})
	if a.only(t).conn != &newer {
		t.Error("a connection that went takes its SA along")
	}
}

func TestReconfigurationDuringAHandshakeWaitsForItsEnd(t *testing.T) {
	n, a, _ := gateways(t, nil)
	newer := *a.env.Connections.list[0]
	newer.Proposals = nil
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if from == a && a.only(t).conn != &newer {
			n.queue = append(n.queue, flight{a, SetConnections{NewConnections(&newer)}})
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	if len(a.of(NewsEstablished)) != 1 || a.only(t).conn != &newer {
		t.Errorf("established %d; %q", len(a.of(NewsEstablished)), a.digest())
	}
}

func TestNoticesFindTheirSA(t *testing.T) {
	n, a, _ := connected(t, withChild(t))
	sa := a.only(t)
	child := sa.children[0]
	for _, tt := range []struct {
		name    string
		notice  dataplane.Notice
		claimed bool
	}{
		{"soft limit", dataplane.Notice{Kind: dataplane.NoticeSoftLimit, SPI: child.inSPI}, true},
		{"outbound limit by policy", dataplane.Notice{Kind: dataplane.NoticeSoftLimit, SPI: 99, Policy: child.policy}, true},
		{"bad SPI from the peer", dataplane.Notice{Kind: dataplane.NoticeBadSPI, SPI: 77, Path: testPath()}, true},
		{"bad SPI from a stranger", dataplane.Notice{Kind: dataplane.NoticeBadSPI, SPI: 77, Path: dataplane.Path{Remote: mustAddrPort("203.0.113.1:4500")}}, false},
		{"acquire of another policy", dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: 4242}, false},
		{"SPI of nobody", dataplane.Notice{Kind: dataplane.NoticeHardLimit, SPI: 4242, Policy: 4242}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a.actions = nil
			n.do(a, Noticed{tt.notice})
			unclaimed := 0
			for _, action := range a.actions {
				if _, ok := action.(Unclaimed); ok {
					unclaimed++
				}
			}
			if (unclaimed == 0) != tt.claimed {
				t.Errorf("claimed is %v", unclaimed == 0)
			}
		})
	}
}

func TestInitiateWithoutAuthenticationFails(t *testing.T) {
	n, a, _ := gateways(t, nil)
	n.do(a, Initiate{Connection: &Connection{Name: "empty"}, Path: testPath(), Ticket: 7})
	if got := a.of(NewsClosed); len(got) != 1 || got[0].Ticket != 7 || a.shard.Len() != 0 {
		t.Errorf("news %+v, %d SAs", got, a.shard.Len())
	}
}

func TestFailingKeyExchangeEndsTheAttempt(t *testing.T) {
	n, a, _ := gateways(t, nil)
	n.work = func(w Work) any {
		if _, ok := w.(generateKE); ok {
			return keResult{err: errors.New("no randomness")}
		}
		return w.Run(context.Background())
	}
	n.do(a, initiate(a))
	if f := a.failure(t, NewsClosed); f.Code != explain.IKEInternal || a.shard.Len() != 0 {
		t.Errorf("closed with %v", f)
	}
}

// TestBadPublicValues covers the recipient tests of RFC 6989 and RFC 8031 in both roles.
func TestBadPublicValues(t *testing.T) {
	for _, value := range [][]byte{nil, make([]byte, 32), make([]byte, 31), make([]byte, 33)} {
		n, a, b := gateways(t, nil)
		spoil := func(victim *testNode) func(from, to *testNode, d []byte) [][]byte {
			return func(from, to *testNode, d []byte) [][]byte {
				if h, _ := wire.ParseHeader(d); h.Exchange == wire.ExchangeSAInit && to == victim {
					m := parse(t, d)
					ke, _ := wire.Find[*wire.KE](m.Payloads)
					ke.Data = value
					d = m.Append(nil)
				}
				return [][]byte{d}
			}
		}
		n.tap = spoil(b)
		n.do(a, initiate(a))
		if f := b.failure(t, NewsClosed); f.Code != explain.IKEKeyExchange || b.shard.HalfOpen() != 0 {
			t.Errorf("responder: %d octets: closed with %v", len(value), f)
		}
		n.tap = spoil(a)
		n.do(a, initiate(a))
		if f := a.failure(t, NewsFailure); f.Code != explain.IKEKeyExchange && f.Code != explain.IKEInvalidSyntax {
			t.Errorf("initiator: %d octets: told %v", len(value), f)
		}
		if len(a.of(NewsEstablished))+len(b.of(NewsEstablished)) != 0 {
			t.Error("established")
		}
	}
}

// TestForgedAnswerWithABadValueDoesNotEndTheAttempt lets the good answer come after a forged one.
func TestForgedAnswerWithABadValueDoesNotEndTheAttempt(t *testing.T) {
	n, a, b := gateways(t, nil)
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); h.Exchange == wire.ExchangeSAInit && from == b {
			m := parse(t, d)
			ke, _ := wire.Find[*wire.KE](m.Payloads)
			ke.Data = make([]byte, 32)
			return [][]byte{m.Append(nil)}
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	n.tap = nil
	n.elapse(5 * time.Second)
	if len(a.of(NewsEstablished)) != 1 {
		t.Errorf("not established: %q", a.digest())
	}
}

func TestBothSidesInitiateAtOnce(t *testing.T) {
	n, a, b := gateways(t, nil)
	n.queue = append(n.queue, flight{a, initiate(a)})
	ev := initiate(b)
	ev.Path = reverse(testPath())
	n.do(b, ev)
	if len(a.of(NewsEstablished)) != 2 || len(b.of(NewsEstablished)) != 2 {
		t.Errorf("established %d and %d", len(a.of(NewsEstablished)), len(b.of(NewsEstablished)))
	}
}

// TestFloodLeavesTunnelsAlone throws rubbish at a gateway with a tunnel.
func TestFloodLeavesTunnelsAlone(t *testing.T) {
	n, a, b := connected(t, nil)
	r := testRand(77)
	spi := b.only(t).LocalSPI()
	for i := range 3000 {
		d := make([]byte, 28+i%200)
		r.Read(d)
		switch i % 3 {
		case 0: // looks like a message for the SA
			h := wire.Header{InitiatorSPI: b.only(t).spiI, ResponderSPI: spi, NextPayload: wire.PayloadSK, Version: 0x20,
				Exchange: wire.ExchangeInformational, Flags: wire.FlagInitiator, MessageID: uint32(i % 5), Length: uint32(len(d))}
			copy(d, h.Append(nil))
		case 1: // looks like a first message
			copy(d[8:], append(make([]byte, 8), 33, 0x20, 34, 8, 0, 0, 0, 0, 0, 0, byte(len(d)>>8), byte(len(d))))
		}
		n.do(b, MessageReceived{Path: dataplane.Path{Local: netip.AddrPortFrom(addrB, 500), Remote: netip.AddrPortFrom(addrA, uint16(i))}, Datagram: bytes.Clone(d)})
	}
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: CheckLiveness{}})
	if len(a.only(t).requests.pending) != 0 || b.shard.Len() != 1 {
		t.Errorf("%d SAs, %d requests unanswered", b.shard.Len(), len(a.only(t).requests.pending))
	}
	var drops uint64
	for _, d := range b.env.Stats.Dropped {
		drops += d
	}
	if drops < 3000 {
		t.Errorf("%d of 3000 are counted", drops)
	}
}
