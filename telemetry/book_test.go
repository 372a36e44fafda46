package telemetry

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

type news struct{ ike.News }

// A peer is an IKE SA of which news are made up.
type peer struct {
	spi  wire.SPI
	ours bool // we are the initiator
	now  time.Time
	next [2]uint32 // Message IDs of ours and of the peer's requests
	take func(news)
}

func newPeer(spi uint64) *peer {
	return &peer{spi: wire.SPI(spi), ours: true, now: time.Unix(1_800_000_000, 0)}
}

// notebook returns a book, and what it has told.
func notebook(share float64) (*Book, *[]*operation) {
	var last uint64
	told := new([]*operation)
	return newBook(share, func(b []byte) {
		last += 0x9e3779b97f4a7c15 // the golden ratio spreads evenly
		binary.BigEndian.PutUint64(b[len(b)-8:], last)
	}, func(o *operation) { *told = append(*told, o) }, func() {}), told
}

func (p *peer) in(b *Book) *peer {
	p.take = func(n news) { b.News(&n.News, n.Time) }
	return p
}

func (p *peer) news(n ike.News) {
	n.Time, n.SA, n.Initiator, n.Connection, n.ID = p.now, p.spi, p.ours, &ike.Connection{Name: "office"}, 9
	n.Path = dataplane.Path{Local: netip.MustParseAddrPort("192.0.2.1:500"), Remote: netip.MustParseAddrPort("192.0.2.9:500")}
	p.take(news{n})
	p.now = p.now.Add(10 * time.Millisecond)
}

// message is one that we send or receive.
func (p *peer) message(sent bool, h wire.Header, payloads ...wire.Payload) {
	k := ike.NewsMessageReceived
	if sent {
		k = ike.NewsMessageSent
	}
	p.news(ike.News{Kind: k, Size: 100, Traced: &ike.Traced{Header: h, Payloads: payloads, Datagrams: 1}})
}

// request begins an exchange, of which answer makes the end.
func (p *peer) request(ours bool, x wire.ExchangeType, payloads ...wire.Payload) (answer func()) {
	i := 0
	if !ours {
		i = 1
	}
	h := wire.Header{Exchange: x, MessageID: p.next[i]}
	p.next[i]++
	p.message(ours, h, payloads...)
	return func() {
		h.Flags |= wire.FlagResponse
		p.message(!ours, h)
	}
}

func (p *peer) handshake() {
	if p.ours {
		p.news(ike.News{Kind: ike.NewsConnecting})
	}
	p.request(p.ours, wire.ExchangeSAInit)()
	answer := p.request(p.ours, wire.ExchangeAuth)
	if p.ours {
		answer()
	}
	p.news(ike.News{Kind: ike.NewsEstablished, Peer: "moon.example.org", Local: "sun.example.org", Status: &ike.SAStatus{Suite: "aes256gcm16-prfsha384-x25519"}})
	p.news(ike.News{Kind: ike.NewsChildUp, Child: &ike.ChildInfo{Name: "net", InSPI: 0xc0000001, OutSPI: 0xc0000002, Suite: "aes256gcm16"}})
	if !p.ours {
		answer()
	}
}

func fault(code explain.Code) *ike.Failure {
	return &ike.Failure{Code: code, Notify: wire.NotifyNoProposalChosen, Err: errors.New("it differs")}
}

// told lets time pass and returns the spans that were made.
func told(p *peer, b *Book, list *[]*operation) (spans []*otlp.Span) {
	p.now = p.now.Add(time.Minute)
	b.Tick(p.now)
	for _, o := range *list {
		spans = append(spans, o.spans(b.identity)...)
	}
	*list = nil
	return spans
}

// sketch is spans as "name: outcome error", those of exchanges without outcome.
func sketch(spans []*otlp.Span) (lines []string) {
	for _, s := range spans {
		lines = append(lines, strings.TrimSpace(s.Name+" "+value(s, keyOutcome)+" "+value(s, keyError)))
	}
	return lines
}

func value(s *otlp.Span, k key) string {
	for _, a := range s.Attributes {
		if a.Key == string(k) {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

func TestOperationsBecomeSpans(t *testing.T) {
	rekey := &wire.Notify{NotifyType: wire.NotifyRekeySA}
	offer := &wire.SA{Proposals: []wire.Proposal{{Protocol: wire.ProtocolIKE}}}
	for _, tt := range []struct {
		name string
		play func(*peer)
		want []string
	}{
		{"liveness that is answered is no news", func(p *peer) { p.request(true, wire.ExchangeInformational)() }, nil},
		{"liveness that is not", func(p *peer) {
			p.request(true, wire.ExchangeInformational)
			p.news(ike.News{Kind: ike.NewsClosed, Failure: fault(explain.IKETimeout)})
		}, []string{"ike.liveness failed IKE-TIMEOUT", "INFORMATIONAL  IKE-TIMEOUT"}},
		{"a child is rekeyed by the peer, with a further key exchange", func(p *peer) {
			p.request(false, wire.ExchangeCreateChildSA, rekey)()
			p.now = p.now.Add(3 * time.Second) // to compute
			p.request(false, wire.ExchangeFollowupKE)()
			p.news(ike.News{Kind: ike.NewsChildRekeyed, Child: &ike.ChildInfo{Name: "net"}})
		}, []string{"child.rekey done", "CREATE_CHILD_SA", "IKE_FOLLOWUP_KE"}},
		{"a further child is refused", func(p *peer) {
			p.request(true, wire.ExchangeCreateChildSA)()
			p.news(ike.News{Kind: ike.NewsFailure, Child: &ike.ChildInfo{Name: "more"}, Failure: fault(explain.IKENoProposal)})
		}, []string{"child.create failed IKE-NO-PROPOSAL", "CREATE_CHILD_SA  IKE-NO-PROPOSAL"}},
		{"the IKE SA is rekeyed, and the successor deletes a child", func(p *peer) {
			p.request(true, wire.ExchangeCreateChildSA, offer)()
			p.news(ike.News{Kind: ike.NewsRekeyed, Successor: 77})
			p.request(true, wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE})()
			p.news(ike.News{Kind: ike.NewsClosed})
			p.spi, p.next = 77, [2]uint32{}
			p.request(true, wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolESP})()
			p.news(ike.News{Kind: ike.NewsChildDown, Child: &ike.ChildInfo{Name: "net"}})
		}, []string{"ike.rekey done", "CREATE_CHILD_SA", "ike.delete done", "INFORMATIONAL", "child.delete done", "INFORMATIONAL"}},
		{"the peer deletes, and is answered after the end", func(p *peer) {
			answer := p.request(false, wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE})
			p.news(ike.News{Kind: ike.NewsClosed})
			answer()
		}, []string{"ike.delete done", "INFORMATIONAL"}},
		{"the peer tells something else", func(p *peer) {
			p.request(false, wire.ExchangeInformational, &wire.Notify{NotifyType: wire.NotifyAdditionalIP4Address})()
		}, []string{"ike.informational done", "INFORMATIONAL"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, list := notebook(1)
			p := newPeer(5).in(b)
			p.handshake()
			first := told(p, b, list)
			if got, want := sketch(first), []string{"ike.handshake done", "IKE_SA_INIT", "IKE_AUTH"}; !slices.Equal(got, want) {
				t.Fatalf("got %q, want %q", got, want)
			}
			tt.play(p)
			spans := told(p, b, list)
			if got := sketch(spans); !slices.Equal(got, tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for _, s := range spans {
				if s.ParentSpanId == nil && (len(s.Links) != 1 || string(s.Links[0].SpanId) != string(first[0].SpanId)) {
					t.Errorf("%s has links %v", s.Name, s.Links)
				}
			}
		})
	}
}

func TestHandshakesThatFail(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(*peer)
		want []string
	}{
		{"nobody answers", func(p *peer) {
			p.news(ike.News{Kind: ike.NewsConnecting})
			p.request(true, wire.ExchangeSAInit)
			p.news(ike.News{Kind: ike.NewsRetransmitted, Traced: &ike.Traced{Header: wire.Header{Exchange: wire.ExchangeSAInit}, Datagrams: 1}})
			p.news(ike.News{Kind: ike.NewsClosed, Failure: fault(explain.IKETimeout)})
		}, []string{"ike.handshake failed IKE-TIMEOUT", "IKE_SA_INIT  IKE-TIMEOUT"}},
		{"a stranger is refused without any state", func(p *peer) {
			p.spi, p.ours = 0, false
			p.news(ike.News{Kind: ike.NewsFailure, Failure: fault(explain.IKENoProposal), Traced: &ike.Traced{Header: wire.Header{Exchange: wire.ExchangeSAInit}}})
		}, []string{"ike.handshake failed IKE-NO-PROPOSAL", "IKE_SA_INIT  IKE-NO-PROPOSAL"}},
		{"a name has no address", func(p *peer) {
			p.spi = 0
			p.news(ike.News{Kind: ike.NewsFailure, Failure: fault(explain.IKEPeerUnresolved)})
		}, []string{"ike.handshake failed IKE-PEER-UNRESOLVED"}},
		{"the IKE SA is up without its child", func(p *peer) {
			p.news(ike.News{Kind: ike.NewsConnecting})
			p.request(true, wire.ExchangeSAInit)()
			p.request(true, wire.ExchangeAuth)()
			p.news(ike.News{Kind: ike.NewsFailure, Child: &ike.ChildInfo{Name: "net"}, Failure: fault(explain.IKENoProposal)})
			p.news(ike.News{Kind: ike.NewsEstablished})
		}, []string{"ike.handshake partial IKE-NO-PROPOSAL", "IKE_SA_INIT", "IKE_AUTH  IKE-NO-PROPOSAL"}},
		{"nobody wants it any more", func(p *peer) {
			p.news(ike.News{Kind: ike.NewsConnecting})
			p.request(true, wire.ExchangeSAInit)
			p.news(ike.News{Kind: ike.NewsClosed})
		}, []string{"ike.handshake closed", "IKE_SA_INIT"}},
		{"the gateway sends us elsewhere", func(p *peer) {
			p.news(ike.News{Kind: ike.NewsConnecting})
			p.request(true, wire.ExchangeSAInit)()
			p.news(ike.News{Kind: ike.NewsRedirected})
			p.news(ike.News{Kind: ike.NewsClosed})
		}, []string{"ike.handshake redirected", "IKE_SA_INIT"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, list := notebook(0) // failures are told whatever the share
			p := newPeer(5).in(b)
			tt.play(p)
			spans := told(p, b, list)
			if tt.want[0] == "ike.handshake closed" || strings.HasSuffix(tt.want[0], "redirected") {
				if len(spans) != 0 {
					t.Errorf("what has not failed is told: %q", sketch(spans))
				}
				b, list = notebook(1)
				p = newPeer(6).in(b)
				tt.play(p)
				spans = told(p, b, list)
			}
			if got := sketch(spans); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if failed := value(spans[0], keyError) != ""; failed != (spans[0].Status.Code == otlp.Status_STATUS_CODE_ERROR) {
				t.Errorf("status %v", spans[0].Status)
			}
		})
	}
}

func TestReauthenticationHasALink(t *testing.T) {
	b, list := notebook(1)
	p := newPeer(5).in(b)
	p.handshake()
	first := told(p, b, list)
	p.news(ike.News{Kind: ike.NewsReauth})
	p.spi, p.next = 6, [2]uint32{}
	p.handshake()
	got := told(p, b, list)
	if len(got) != 3 || got[0].Name != "ike.reauthentication" || len(got[0].Links) != 1 || string(got[0].Links[0].TraceId) != string(first[0].TraceId) {
		t.Errorf("got %v", got)
	}
}

func TestPartOfWhatSucceedsIsTold(t *testing.T) {
	b, list := notebook(0.25)
	for i := range 1000 {
		p := newPeer(uint64(i + 1)).in(b)
		p.handshake()
		p.now = p.now.Add(time.Minute)
		b.Tick(p.now)
	}
	if n := len(*list); n < 200 || n > 300 {
		t.Errorf("%d of 1000 are told", n)
	}
}

// Whatever peers do, what is followed of them is bounded, and nothing is left when they are gone.
func TestStrangersAreBounded(t *testing.T) {
	b, list := notebook(1)
	unseen := 0
	b.unseen = func() { unseen++ }
	var peers []*peer
	for i := range 2 * maxStrangers {
		p := newPeer(uint64(i + 1)).in(b)
		p.ours = false
		p.request(false, wire.ExchangeSAInit)()
		peers = append(peers, p)
	}
	if len(b.lives) != maxStrangers || unseen != maxStrangers {
		t.Errorf("%d are followed, %d not", len(b.lives), unseen)
	}
	for _, p := range peers {
		p.news(ike.News{Kind: ike.NewsClosed, Failure: fault(explain.IKETimeout)})
	}
	told(peers[0], b, list)
	if len(b.lives) != 0 || b.strangers != 0 || len(b.waiting) != 0 {
		t.Errorf("%d lives, %d strangers and %d operations are left", len(b.lives), b.strangers, len(b.waiting))
	}
	p := newPeer(1).in(b)
	p.ours = false
	p.handshake()
	for range 10 * maxOperations {
		p.request(false, wire.ExchangeInformational)
	}
	if n := len(b.lives[1].operations); n > maxOperations || b.strangers != 0 {
		t.Errorf("%d operations of one IKE SA, %d strangers", n, b.strangers)
	}
}
