package ike

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// echoExchange is an exchange of the private range whose response repeats the vendor ID of the request.
const echoExchange wire.ExchangeType = 250

// An echo is one side of the echo exchange.
type echo struct {
	got     []string // vendor IDs in the order in which they came
	hold    bool     // do not answer yet
	held    []*inbound
	refusal error
}

func (e *echo) row() row {
	return row{name: "ECHO", exchange: echoExchange, states: in(StateEstablished),
		request: []rule{{wire.PayloadVendorID, 1, 1}}, response: []rule{{wire.PayloadVendorID, 1, 1}}, respond: e.respond}
}

func (e *echo) respond(sa *SA, in *inbound) error {
	id, _ := wire.Find[*wire.VendorID](in.payloads)
	e.got = append(e.got, string(id.Data))
	if e.hold {
		e.held = append(e.held, in)
		return nil
	}
	if e.refusal != nil {
		return e.refusal
	}
	sa.reply(in, []wire.Payload{id})
	return nil
}

// An echoTask asks for an echo.
type echoTask struct {
	text    string
	answers []string
	lost    error
}

func (t *echoTask) row() *row { r := (&echo{}).row(); return &r }
func (t *echoTask) begin(sa *SA) bool {
	sa.request(t, []wire.Payload{&wire.VendorID{Data: []byte(t.text)}})
	return true
}
func (t *echoTask) response(sa *SA, in *inbound) error {
	if n, ok := errorOf(in.payloads); ok {
		return refuse(explain.IKEPeerRefused, n.NotifyType, "refused")
	}
	id, _ := wire.Find[*wire.VendorID](in.payloads)
	t.answers = append(t.answers, string(id.Data))
	return nil
}
func (t *echoTask) abandoned(sa *SA, why error) { t.lost = why }

// newEchoPair returns two established SAs; b answers echoes.
func newEchoPair(t testing.TB) (a, b *SA, e *echo) {
	a, b = newEstablishedPair(t)
	e = &echo{}
	a.env.table, b.env.table = append(slices.Clone(exchangeRows), (&echo{}).row()), append(slices.Clone(exchangeRows), e.row())
	return a, b, e
}

// ask puts an echo into the queue of a without carrying anything.
func ask(a *SA, texts ...string) (tasks []*echoTask, sends []Send) {
	for _, text := range texts {
		t := &echoTask{text: text}
		tasks = append(tasks, t)
		a.enqueue(t)
	}
	return tasks, sendsOf(a.Handle(a.now, Reconfigure{a.conn}))
}

func sendsOf(actions []Action) []Send {
	var list []Send
	for _, a := range actions {
		if s, ok := a.(Send); ok {
			list = append(list, s)
		}
	}
	return list
}

// deliver hands a copy of what one side sent to the other.
func deliver(to *SA, s Send) []Send {
	var list []Send
	for _, d := range s.Datagrams {
		list = append(list, sendsOf(to.Handle(to.now, MessageReceived{Path: reverse(s.Path), Datagram: bytes.Clone(d)}))...)
	}
	return list
}

func TestDuplicateRequestIsAnsweredFromMemory(t *testing.T) {
	a, b, e := newEchoPair(t)
	_, requests := ask(a, "one")
	first := deliver(b, requests[0])
	second := deliver(b, requests[0])
	if len(e.got) != 1 {
		t.Errorf("handled %d times", len(e.got))
	}
	if len(first) != 1 || len(second) != 1 || !bytes.Equal(first[0].Datagrams[0], second[0].Datagrams[0]) {
		t.Error("the second answer is not the first one again (RFC 7296, Section 2.1)")
	}
}

func TestDuplicateOfARequestBeingHandledIsIgnored(t *testing.T) {
	a, b, e := newEchoPair(t)
	e.hold = true
	_, requests := ask(a, "one")
	if n := len(deliver(b, requests[0])) + len(deliver(b, requests[0])); n != 0 || len(e.got) != 1 {
		t.Errorf("%d answers, handled %d times", n, len(e.got))
	}
	b.reply(e.held[0], e.held[0].payloads)
	b.takeActions()
	if len(deliver(b, requests[0])) != 1 {
		t.Error("no answer to a duplicate after the answer")
	}
}

func TestForgottenRequestIsNotHandledAnew(t *testing.T) {
	a, b, e := newEchoPair(t)
	_, requests := ask(a, "one")
	deliver(b, requests[0])
	b.Handle(startOfTime.Add(responseMemory), TimerDue{})
	if len(b.responses.known) != 0 {
		t.Fatal("the response is still in memory")
	}
	if got := deliver(b, requests[0]); len(got) != 0 || len(e.got) != 1 || b.env.Stats.Dropped[DropOldRequest] != 1 {
		t.Errorf("%d answers, handled %d times", len(got), len(e.got))
	}
}

func TestWindowOfTheirs(t *testing.T) {
	a, b, e := newEchoPair(t)
	a.requests.grow(3)
	b.responses.size = 3
	tasks, requests := ask(a, "0", "1", "2", "3", "4")
	if len(requests) != 3 {
		t.Fatalf("%d requests under way in a window of 3", len(requests))
	}
	responses := append(deliver(b, requests[2]), deliver(b, requests[1])...)
	if !slices.Equal(e.got, []string{"2", "1"}) {
		t.Errorf("handled %v, want them out of order", e.got)
	}
	for _, r := range responses {
		if len(deliver(a, r)) != 0 {
			t.Error("a request goes out before the oldest is answered (RFC 7296, Section 2.3)")
		}
	}
	next := deliver(a, deliver(b, requests[0])[0])
	if len(next) != 2 {
		t.Fatalf("%d requests follow, want the other two", len(next))
	}
	for _, r := range next {
		deliver(a, deliver(b, r)[0])
	}
	for _, task := range tasks {
		if !slices.Equal(task.answers, []string{task.text}) {
			t.Errorf("task %s got %v", task.text, task.answers)
		}
	}
}

func TestRequestBeyondTheWindow(t *testing.T) {
	a, b, e := newEchoPair(t)
	outside := func(id uint32) []Send {
		datagram, err := wire.Seal(a.out, a.header(echoExchange, id, 0), []wire.Payload{&wire.VendorID{Data: []byte("x")}})
		if err != nil {
			t.Fatal(err)
		}
		return sendsOf(b.Handle(b.now, MessageReceived{Path: b.path, Datagram: datagram}))
	}
	sent := outside(7)
	if len(e.got) != 0 || len(sent) != 1 {
		t.Fatalf("handled %d, sent %d", len(e.got), len(sent))
	}
	m, err := wire.Open(a.in, bytes.Clone(sent[0].Datagrams[0]))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := wire.FindNotify(m.Payloads, wire.NotifyInvalidMessageID)
	if !ok || m.IsResponse() || m.Exchange != wire.ExchangeInformational || !bytes.Equal(n.Data, []byte{0, 0, 0, 7}) {
		t.Errorf("sent %s", wire.Summary(m))
	}
	for _, answer := range deliver(a, sent[0]) {
		deliver(b, answer)
	}
	if len(outside(8)) != 0 {
		t.Error("INVALID_MESSAGE_ID is not limited (RFC 7296, Section 2.3)")
	}
	b.now = b.now.Add(complaintInterval)
	if len(outside(9)) != 1 {
		t.Error("INVALID_MESSAGE_ID is sent once only")
	}
}

func TestForgedRequestBeyondTheWindowIsNotAnswered(t *testing.T) {
	a, b, _ := newEchoPair(t)
	datagram, _ := wire.Seal(a.out, a.header(echoExchange, 7, 0), nil)
	datagram[len(datagram)-1] ^= 1
	if sent := sendsOf(b.Handle(b.now, MessageReceived{Path: b.path, Datagram: datagram})); len(sent) != 0 {
		t.Error("answered")
	}
}

// TestForgeries sends an SA what it must drop without a trace: no answer, no state, no sign of life, no new address.
func TestForgeries(t *testing.T) {
	good := func(a *SA) []byte {
		b, _ := wire.Seal(a.out, a.header(echoExchange, 0, 0), []wire.Payload{&wire.VendorID{Data: []byte("x")}})
		return b
	}
	tests := []struct {
		name  string
		forge func(a, b *SA) []byte
		drop  DropReason
	}{
		{"wrong checksum", func(a, b *SA) []byte { d := good(a); d[len(d)-1] ^= 1; return d }, DropIntegrity},
		{"changed header", func(a, b *SA) []byte { d := good(a); d[23] ^= 1; return d }, DropWindow},
		{"changed exchange", func(a, b *SA) []byte { d := good(a); d[18] = 37; return d }, DropIntegrity},
		{"truncated", func(a, b *SA) []byte { d := good(a); return d[:len(d)-1] }, DropIntegrity},
		{"header only", func(a, b *SA) []byte { return good(a)[:28] }, DropIntegrity},
		{"own message reflected", func(a, b *SA) []byte {
			d, _ := wire.Seal(b.out, b.header(echoExchange, 0, 0), nil)
			return d
		}, DropReflected},
		{"own message with the initiator flag turned", func(a, b *SA) []byte {
			d, _ := wire.Seal(b.out, b.header(echoExchange, 0, 0), nil)
			d[19] ^= byte(wire.FlagInitiator)
			return d
		}, DropIntegrity},
		{"other responder SPI", func(a, b *SA) []byte { d := good(a); d[15] ^= 1; return d }, DropUnknownSPI},
		{"other initiator SPI", func(a, b *SA) []byte { d := good(a); d[7] ^= 1; return d }, DropUnknownSPI},
		{"unprotected", func(a, b *SA) []byte {
			m := wire.Message{Header: a.header(wire.ExchangeInformational, 0, 0), Payloads: []wire.Payload{&wire.Delete{Protocol: wire.ProtocolIKE}}}
			return m.Append(nil)
		}, DropIntegrity},
		{"unprotected INVALID_IKE_SPI", func(a, b *SA) []byte {
			return refusal(b.header(wire.ExchangeInformational, 0, 0), &Failure{Notify: wire.NotifyInvalidIKESPI})
		}, DropUnexpectedResponse},
		{"response that nobody asked for", func(a, b *SA) []byte {
			d, _ := wire.Seal(a.out, a.header(echoExchange, 3, wire.FlagResponse), nil)
			return d
		}, DropUnexpectedResponse},
		{"IKE_SA_INIT", func(a, b *SA) []byte {
			m := wire.Message{Header: a.header(wire.ExchangeSAInit, 0, 0), Payloads: []wire.Payload{&wire.Nonce{Data: make([]byte, 16)}}}
			return m.Append(nil)
		}, DropDuplicate},
		{"IKEv1", func(a, b *SA) []byte { d := good(a); d[17] = 0x10; return d }, DropMalformed},
		{"fragment without negotiation", func(a, b *SA) []byte {
			all, _ := wire.SealFragments(a.out, a.header(echoExchange, 0, 0), []wire.Payload{&wire.VendorID{Data: make([]byte, 200)}}, 150)
			return all[0]
		}, DropIntegrity},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b, e := newEchoPair(t)
			path := b.path
			b.peer.behindNAT = true
			from := path
			from.Remote = mustAddrPort("203.0.113.9:9")
			b.now = startOfTime
			actions := b.Handle(startOfTime.Add(time.Hour), MessageReceived{Path: from, Datagram: tt.forge(a, b)})
			if len(sendsOf(actions)) != 0 || len(e.got) != 0 {
				t.Error("answered or handled")
			}
			if b.state != StateEstablished || b.path != path || !b.lastHeard.Equal(startOfTime) || len(b.fragments) != 0 {
				t.Error("the SA changed")
			}
			if b.env.Stats.Dropped[tt.drop] != 1 {
				t.Errorf("drops %v, want one of %v", b.env.Stats.Dropped, tt.drop)
			}
			task, requests := ask(a, "after")
			if got := deliver(b, requests[0]); len(got) != 1 || len(deliver(a, got[0])) != 0 || len(task[0].answers) != 1 {
				t.Error("the next good request is not answered")
			}
		})
	}
}

func TestErrorsOfAuthenticRequests(t *testing.T) {
	tests := []struct {
		name    string
		seal    func(a *SA) ([]byte, error)
		refusal error
		notify  wire.NotifyType
		closed  bool
	}{
		{"handler refuses", nil, refuse(explain.IKELimit, wire.NotifyNoAdditionalSAs, "full"), wire.NotifyNoAdditionalSAs, false},
		{"handler fails inside", nil, errors.New("secret detail"), wire.NotifyTemporaryFailure, false},
		{"payload missing", func(a *SA) ([]byte, error) { return wire.Seal(a.out, a.header(echoExchange, 0, 0), nil) }, nil, wire.NotifyInvalidSyntax, true},
		{"unknown exchange", func(a *SA) ([]byte, error) { return wire.Seal(a.out, a.header(251, 0, 0), nil) }, nil, wire.NotifyInvalidSyntax, true},
		{"IKE_AUTH again", func(a *SA) ([]byte, error) { return wire.Seal(a.out, a.header(wire.ExchangeAuth, 0, 0), nil) }, nil, wire.NotifyInvalidSyntax, true},
		{"unknown critical payload", func(a *SA) ([]byte, error) {
			return wire.Seal(a.out, a.header(echoExchange, 0, 0), []wire.Payload{&wire.Unknown{PayloadType: 200, Critical: true}})
		}, nil, wire.NotifyUnsupportedCriticalPayload, false},
		{"malformed payload", func(a *SA) ([]byte, error) {
			return wire.Seal(a.out, a.header(echoExchange, 0, 0), []wire.Payload{&wire.TS{Payload: wire.PayloadTSi}, &wire.Unknown{PayloadType: wire.PayloadNotify, Data: []byte{1}}})
		}, nil, wire.NotifyInvalidSyntax, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b, e := newEchoPair(t)
			e.refusal = tt.refusal
			_, requests := ask(a, "one")
			if tt.seal != nil {
				d, err := tt.seal(a)
				if err != nil {
					t.Fatal(err)
				}
				requests[0].Datagrams = [][]byte{d}
			}
			got := deliver(b, requests[0])
			if len(got) != 1 {
				t.Fatalf("%d answers", len(got))
			}
			m, err := wire.Open(a.in, bytes.Clone(got[0].Datagrams[0]))
			if err != nil {
				t.Fatal(err)
			}
			n, ok := errorOf(m.Payloads)
			if !ok || n.NotifyType != tt.notify || len(m.Payloads) != 1 {
				t.Errorf("answered %s, want %v", wire.Summary(m), tt.notify)
			}
			if closed := b.state == StateClosed; closed != tt.closed {
				t.Errorf("closed is %v", closed)
			}
			if again := deliver(b, requests[0]); len(again) != 1 || !bytes.Equal(again[0].Datagrams[0], got[0].Datagrams[0]) {
				t.Error("the refusal is not repeated")
			}
		})
	}
}

func TestMalformedResponseEndsTheSA(t *testing.T) {
	a, b, _ := newEchoPair(t)
	task, _ := ask(a, "one")
	d, _ := wire.Seal(b.out, b.header(echoExchange, 0, wire.FlagResponse), nil)
	if sent := sendsOf(a.Handle(a.now, MessageReceived{Path: a.path, Datagram: d})); len(sent) != 0 {
		t.Error("an error in a response is answered (RFC 7296, Section 2.21)")
	}
	if a.state != StateClosed || task[0].lost == nil {
		t.Errorf("state %v, task told %v", a.state, task[0].lost)
	}
}

func TestResponseOfAnotherExchangeIsDropped(t *testing.T) {
	a, b, _ := newEchoPair(t)
	ask(a, "one")
	d, _ := wire.Seal(b.out, b.header(wire.ExchangeInformational, 0, wire.FlagResponse), nil)
	a.Handle(a.now, MessageReceived{Path: a.path, Datagram: d})
	if a.requests.find(0) == nil {
		t.Error("it ended the wait")
	}
}

func TestSetWindowSizeIsHeard(t *testing.T) {
	a, b, _ := newEchoPair(t)
	for _, data := range [][]byte{{0, 0, 0, 5}, {0, 9}, {0, 0, 0, 2}} {
		d, _ := wire.Seal(a.out, a.header(echoExchange, b.responses.base, 0),
			[]wire.Payload{&wire.VendorID{Data: []byte("x")}, &wire.Notify{NotifyType: wire.NotifySetWindowSize, Data: data}})
		b.Handle(b.now, MessageReceived{Path: b.path, Datagram: d})
	}
	if b.requests.size != 5 {
		t.Errorf("window %d, want 5", b.requests.size)
	}
}
