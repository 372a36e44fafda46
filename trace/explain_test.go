package trace

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"culvert/api"
	"culvert/auth"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// explained returns the explanation of the only trace.
func (l *lab) explained() api.Explanation {
	l.Helper()
	e, ok := l.store.Explain(l.only().ID)
	if !ok {
		l.Fatal("nothing is explained")
	}
	return e
}

// holds checks for words in parts of an explanation.
func holds(t *testing.T, part, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s lacks %q: %s", part, w, text)
		}
	}
}

func offer(t *testing.T, protocol wire.ProtocolID, s string) *wire.SA {
	t.Helper()
	list, err := suite.ParseProposals(protocol, []string{s})
	if err != nil {
		t.Fatal(err)
	}
	return &wire.SA{Proposals: list}
}

func TestNothingIsExplainedWhereNothingFailed(t *testing.T) {
	l := newLab(t)
	l.tell(ike.News{Kind: ike.NewsConnecting})
	if e := l.explained(); e.Code != "" || !strings.Contains(e.Text, "is being made") {
		t.Errorf("got %+v", e)
	}
	l.handshake()
	list := l.store.List("")
	if e, _ := l.store.Explain(list[0].ID); e.Code != "" || !strings.Contains(e.Text, "is up") || len(e.Steps) < 4 {
		t.Errorf("got %+v", e)
	}
	l.tell(ike.News{Kind: ike.NewsClosed})
	if e, _ := l.store.Explain(list[0].ID); e.Code != "" || !strings.Contains(e.Text, "was closed") {
		t.Errorf("got %+v", e)
	}
}

func TestProposalsOfBothSidesAreShown(t *testing.T) {
	l := newLab(t)
	l.we = false
	theirs := offer(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-modp2048")
	_, err := suite.Select(theirs.Proposals, l.conn.Proposals, suite.SelectOptions{})
	n := l.messageNews(ike.NewsFailure, wire.ExchangeSAInit, 0, false, theirs)
	n.Path = l.path
	n.Failure = &ike.Failure{Code: explain.IKENoProposal, Notify: wire.NotifyNoProposalChosen, Err: err, Tried: l.conn}
	l.store.News(n, noon(), api.Event{Kind: api.EventFailure, Problem: api.NewProblem(409, explain.IKENoProposal, "", "%v", err)})
	e := l.explained()
	if e.Refused != api.SideUs || e.Connection != "office" || !slices.Equal(e.Ours, []string{"aes256gcm16-prfsha256-x25519"}) || !slices.Equal(e.Theirs, []string{"aes128gcm16-prfsha256-modp2048"}) {
		t.Errorf("got %+v", e)
	}
	holds(t, "difference", e.Differs, "AES_GCM_16_128 only; we allow AES_GCM_16_256")
	holds(t, "action", e.Action, "Set proposals", `"aes128gcm16-prfsha256-modp2048"`)
}

func TestAPeerThatRefusesTellsNoValues(t *testing.T) {
	l := newLab(t)
	l.tell(ike.News{Kind: ike.NewsConnecting})
	l.message(ike.NewsMessageSent, wire.ExchangeSAInit, 0, false, offer(t, wire.ProtocolIKE, "aes256gcm16-prfsha256-x25519"))
	l.message(ike.NewsMessageReceived, wire.ExchangeSAInit, 0, true, &wire.Notify{NotifyType: wire.NotifyNoProposalChosen})
	l.fails(ike.NewsFailure, explain.IKENoProposal, wire.NotifyNoProposalChosen, "accepts none of the proposals")
	l.fails(ike.NewsClosed, explain.IKETimeout, 0, "no answer") // what follows from it
	e := l.explained()
	if e.Code != explain.IKENoProposal || e.Refused != api.SidePeer || !slices.Equal(e.Theirs, []string{silence}) || len(e.Steps) != 2 {
		t.Errorf("got %+v", e)
	}
	holds(t, "action", e.Action, "swanctl.conf", "no connection for our address, 192.0.2.1")
	holds(t, "second step", e.Steps[1], "+0.002s the peer sent IKE_SA_INIT response 0 with NO_PROPOSAL_CHOSEN")
}

func TestSelectorsAreShownOursFirst(t *testing.T) {
	l := newLab(t)
	l.we = false
	l.conn.Children[0].Local, l.conn.Children[0].Remote = []spd.Selector{{EndPort: 65535}}, []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.2.0.0/16"))}
	l.message(ike.NewsMessageReceived, wire.ExchangeSAInit, 0, false)
	l.message(ike.NewsMessageReceived, wire.ExchangeAuth, 1, false,
		&wire.TS{Payload: wire.PayloadTSi, Selectors: []wire.TrafficSelector{selector("10.7.0.0", "10.7.0.255")}}, &wire.TS{Payload: wire.PayloadTSr, Selectors: []wire.TrafficSelector{selector("10.1.0.0", "10.1.0.255")}})
	l.message(ike.NewsMessageSent, wire.ExchangeAuth, 1, true, &wire.Notify{NotifyType: wire.NotifyTSUnacceptable})
	l.fails(ike.NewsFailure, explain.IKETSUnacceptable, wire.NotifyTSUnacceptable, "peer asks for other traffic")
	e := l.explained()
	if e.Refused != api.SideUs || !slices.Equal(e.Ours, []string{"net: dynamic === 10.2.0.0/16"}) || !slices.Equal(e.Theirs, []string{"10.1.0.0/24 === 10.7.0.0/24"}) {
		t.Errorf("got %+v", e)
	}
	holds(t, "action", e.Action, `local = ["10.1.0.0/24"]`, `remote = ["10.7.0.0/24"]`)
}

func TestARejectedProofIsNarrowedDown(t *testing.T) {
	for method, want := range map[wire.AuthMethod]string{wire.AuthSharedKey: "same pre-shared key", wire.AuthDigitalSignature: "we have sent no certificate"} {
		l := newLab(t)
		l.tell(ike.News{Kind: ike.NewsConnecting})
		l.message(ike.NewsMessageSent, wire.ExchangeAuth, 1, false, &wire.Identification{Payload: wire.PayloadIDi, IDType: wire.IDFQDN, Data: []byte("moon")},
			&wire.Identification{Payload: wire.PayloadIDr, IDType: wire.IDFQDN, Data: []byte("sun")}, &wire.Auth{Method: method, Data: digital(suite.SchemeEd25519)})
		l.message(ike.NewsMessageReceived, wire.ExchangeAuth, 1, true, &wire.Notify{NotifyType: wire.NotifyAuthenticationFailed})
		l.fails(ike.NewsClosed, explain.IKEAuthPeerRejected, wire.NotifyAuthenticationFailed, "does not accept us")
		e := l.explained()
		if e.Refused != api.SidePeer {
			t.Errorf("refused by %q", e.Refused)
		}
		holds(t, "ours", strings.Join(e.Ours, "; "), "we say that we are moon", "we want the peer to be sun", "we prove it by "+method.String())
		holds(t, "action", e.Action, want)
	}
}

func TestIdentitiesOfBothSidesAreShown(t *testing.T) {
	l := newLab(t)
	l.we = false
	l.conn.RemoteAuth = []auth.Remote{{ID: auth.Identity{Type: wire.IDFQDN, Data: "sun"}, Method: auth.MethodPSK}}
	l.message(ike.NewsMessageReceived, wire.ExchangeSAInit, 0, false)
	l.message(ike.NewsMessageReceived, wire.ExchangeAuth, 1, false, &wire.Identification{Payload: wire.PayloadIDi, IDType: wire.IDFQDN, Data: []byte("venus")})
	l.fails(ike.NewsClosed, explain.AuthIDRefused, wire.NotifyAuthenticationFailed, "it is another one")
	e := l.explained()
	if !slices.Equal(e.Ours, []string{"the peer has to be sun"}) || !slices.Equal(e.Theirs, []string{"it says that it is venus"}) || e.Refused != api.SideUs {
		t.Errorf("got %+v", e)
	}
	holds(t, "action", e.Action, `remote { id = "venus" }`)
}

func TestSilenceIsToldByHowFarMessagesGot(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer bool
		news   func(l *lab) ike.News
		want   []string
	}{
		{"nothing came", false, func(l *lab) ike.News { return l.messageNews(ike.NewsMessageSent, wire.ExchangeSAInit, 0, false) }, []string{"UDP port 500 is open", "ping"}},
		{"the second exchange is lost", true, func(l *lab) ike.News { return l.messageNews(ike.NewsMessageSent, wire.ExchangeAuth, 1, false) }, []string{"Open UDP port 500"}},
		{"and is large", true, func(l *lab) ike.News {
			n := l.messageNews(ike.NewsMessageSent, wire.ExchangeAuth, 1, false)
			n.Size = 3000
			return n
		}, []string{"larger than what passes everywhere", "fragmentation"}},
		{"or in fragments", true, func(l *lab) ike.News {
			n := l.messageNews(ike.NewsMessageSent, wire.ExchangeAuth, 1, false)
			n.Size, n.Traced.Datagrams = 3000, 3
			return n
		}, []string{"fragment_size"}},
		{"the peer has gone", true, func(l *lab) ike.News { return l.messageNews(ike.NewsMessageSent, wire.ExchangeInformational, 2, false) }, []string{"keep_up"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			l.tell(ike.News{Kind: ike.NewsConnecting})
			if tt.answer {
				l.message(ike.NewsMessageSent, wire.ExchangeSAInit, 0, false)
				l.message(ike.NewsMessageReceived, wire.ExchangeSAInit, 0, true)
			}
			l.tell(tt.news(l))
			l.fails(ike.NewsClosed, explain.IKETimeout, 0, "no answer")
			e := l.explained()
			holds(t, "action", e.Action, tt.want...)
			if e.Refused != "" || len(e.Ours) != 1 || len(e.Theirs) != 1 {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestHalfOpenTellsWhatWasDropped(t *testing.T) {
	l := newLab(t)
	l.we = false
	l.message(ike.NewsMessageReceived, wire.ExchangeSAInit, 0, false)
	l.message(ike.NewsMessageSent, wire.ExchangeSAInit, 0, true)
	l.tell(ike.News{Kind: ike.NewsDropped, Reason: ike.DropIntegrity, Traced: &ike.Traced{Header: wire.Header{Exchange: wire.ExchangeAuth, MessageID: 1}}})
	l.fails(ike.NewsClosed, explain.IKEHalfOpen, 0, "did not authenticate")
	e := l.explained()
	holds(t, "theirs", strings.Join(e.Theirs, "; "), "last came IKE_SA_INIT request", "IKE_AUTH request came and was dropped: integrity")
	holds(t, "step", e.Steps[2], "we dropped IKE_AUTH request 1 (integrity)")
}

func TestEAPConversationIsShown(t *testing.T) {
	l := newLab(t)
	l.tell(ike.News{Kind: ike.NewsConnecting})
	l.message(ike.NewsMessageReceived, wire.ExchangeAuth, 1, true, &wire.EAP{Data: []byte("\x01\x07\x00\x06\x1a\x01")})
	l.message(ike.NewsMessageSent, wire.ExchangeAuth, 2, false, &wire.EAP{Data: []byte("\x02\x07\x00\x06\x03\x0d")})
	l.message(ike.NewsMessageReceived, wire.ExchangeAuth, 2, true, &wire.EAP{Data: []byte("\x04\x07\x00\x04")})
	l.fails(ike.NewsClosed, explain.EAPNoMethod, wire.NotifyAuthenticationFailed, "no method")
	e := l.explained()
	if e.Refused != api.SidePeer || !slices.Equal(e.Ours, []string{"Response Nak: wants EAP-TLS"}) || !slices.Equal(e.Theirs, []string{"Request EAP-MSCHAPv2: Challenge", "Failure"}) {
		t.Errorf("got %+v", e)
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	for side, want := range map[api.Side]string{api.SidePeer: "virtual_ips", api.SideUs: "culvert pools --leases"} {
		l := newLab(t)
		l.tell(ike.News{Kind: ike.NewsConnecting})
		kind := map[api.Side]ike.NewsKind{api.SidePeer: ike.NewsMessageReceived, api.SideUs: ike.NewsMessageSent}[side]
		l.message(kind, wire.ExchangeAuth, 1, true, &wire.Notify{NotifyType: wire.NotifyInternalAddressFailure})
		l.fails(ike.NewsFailure, explain.IKENoAddress, wire.NotifyInternalAddressFailure, "none left")
		e := l.explained()
		if e.Refused != side {
			t.Errorf("refused by %q, want %q", e.Refused, side)
		}
		holds(t, "action", e.Action, want)
	}
}

func TestCertificatesAreSetBesideAuthorities(t *testing.T) {
	l := newLab(t)
	l.tell(ike.News{Kind: ike.NewsConnecting})
	l.tell(ike.News{Kind: ike.NewsClosed, Failure: &ike.Failure{Code: explain.AuthCertMissing, Err: errors.New("none")}})
	e := l.explained()
	if !slices.Equal(e.Ours, []string{"we trust no CA"}) || !slices.Equal(e.Theirs, []string{"the peer sent no certificate"}) || e.Refused != api.SideUs || e.Action == "" {
		t.Errorf("got %+v", e)
	}
}
