package trace

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"culvert/api"
	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/suite"
	"culvert/wire"
)

// noon is when the tests begin.
func noon() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }

// A lab feeds a store as the engine does.
type lab struct {
	*testing.T
	store *Store
	now   time.Time
	conn  *ike.Connection
	path  dataplane.Path
	spi   wire.SPI
	we    bool // are the initiator
}

func newLab(t *testing.T) *lab {
	return &lab{T: t, store: NewStore(), now: noon(), spi: 7, we: true, conn: connection(t, "office"),
		path: dataplane.Path{Local: netip.MustParseAddrPort("192.0.2.1:500"), Remote: netip.MustParseAddrPort("192.0.2.2:500")}}
}

func connection(t *testing.T, name string) *ike.Connection {
	t.Helper()
	ike1, err := suite.ParseProposals(wire.ProtocolIKE, []string{"aes256gcm16-prfsha256-x25519"})
	if err != nil {
		t.Fatal(err)
	}
	esp, err := suite.ParseProposals(wire.ProtocolESP, []string{"aes128gcm16"})
	if err != nil {
		t.Fatal(err)
	}
	return &ike.Connection{Name: name, Proposals: ike1, Children: []*ike.ChildConfig{{Name: "net", Proposals: esp}}}
}

// tell gives news to the store, a millisecond after the last.
func (l *lab) tell(n ike.News) {
	l.now = l.now.Add(time.Millisecond)
	if n.SA == 0 {
		n.SA = l.spi
	}
	if n.Connection == nil {
		n.Connection = l.conn
	}
	if !n.Path.Remote.IsValid() {
		n.Path = l.path
	}
	n.Initiator = l.we
	e := api.Event{Time: l.now, Kind: api.EventFailure, Text: "it happened"}
	if f := n.Failure; f != nil {
		e.Problem = api.NewProblem(409, f.Code, "", "%v", f.Err)
	}
	l.store.News(n, l.now, e)
}

// message tells of a message.
func (l *lab) message(kind ike.NewsKind, exchange wire.ExchangeType, id uint32, response bool, payloads ...wire.Payload) {
	l.tell(l.messageNews(kind, exchange, id, response, payloads...))
}

func (l *lab) messageNews(kind ike.NewsKind, exchange wire.ExchangeType, id uint32, response bool, payloads ...wire.Payload) ike.News {
	h := wire.Header{InitiatorSPI: 1, ResponderSPI: 2, Version: 0x20, Exchange: exchange, MessageID: id}
	if response {
		h.Flags = wire.FlagResponse
	}
	m := wire.Message{Header: h, Payloads: payloads}
	return ike.News{Kind: kind, Size: len(m.Append(nil)), Traced: &ike.Traced{Header: h, Payloads: payloads, Datagrams: 1}}
}

// fails tells of a failure.
func (l *lab) fails(kind ike.NewsKind, code explain.Code, notify wire.NotifyType, text string) {
	l.tell(ike.News{Kind: kind, Failure: &ike.Failure{Code: code, Notify: notify, Err: errors.New(text)}})
}

// only returns the one trace that there is.
func (l *lab) only() api.Trace {
	l.Helper()
	list := l.store.List("")
	if len(list) != 1 {
		l.Fatalf("%d traces: %+v", len(list), list)
	}
	one, ok := l.store.Get(list[0].ID)
	if !ok {
		l.Fatal("a trace of the list is not there")
	}
	return one
}

// handshake brings up an IKE SA.
func (l *lab) handshake() {
	first, second := ike.NewsMessageSent, ike.NewsMessageReceived
	if !l.we {
		first, second = second, first
	} else {
		l.tell(ike.News{Kind: ike.NewsConnecting})
	}
	l.message(first, wire.ExchangeSAInit, 0, false, &wire.Nonce{Data: make([]byte, 32)})
	l.message(second, wire.ExchangeSAInit, 0, true, &wire.Nonce{Data: make([]byte, 32)})
	l.message(first, wire.ExchangeAuth, 1, false)
	l.message(second, wire.ExchangeAuth, 1, true)
	l.tell(ike.News{Kind: ike.NewsEstablished, Peer: "gw.example.org"})
}
