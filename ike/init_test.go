package ike

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// parse returns a datagram in the clear.
func parse(t testing.TB, datagram []byte) *wire.Message {
	t.Helper()
	m, err := wire.Parse(datagram)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sentBy collects what passes the tap from one node, and lets it through.
func (n *testNet) sentBy(x *testNode) *[][]byte {
	var all [][]byte
	inner := n.tap
	n.tap = func(from, to *testNode, datagram []byte) [][]byte {
		if from == x {
			all = append(all, bytes.Clone(datagram))
		}
		if inner != nil {
			return inner(from, to, datagram)
		}
		return [][]byte{datagram}
	}
	return &all
}

func TestCookieIsReturnedWithEverythingElseUnchanged(t *testing.T) {
	n, a, b := gateways(t, nil)
	b.env.Gateway.HalfOpen.Cookie = -1
	sent := n.sentBy(a)
	n.do(a, initiate(a))
	if len(a.of(NewsEstablished)) != 1 {
		t.Fatalf("not established: %q", a.digest())
	}
	first, second := parse(t, (*sent)[0]), parse(t, (*sent)[1])
	cookie, ok := second.Payloads[0].(*wire.Notify)
	if !ok || cookie.NotifyType != wire.NotifyCookie {
		t.Fatalf("the first payload of the retry is %v", second.Payloads[0].Type())
	}
	if first.Header.InitiatorSPI != second.Header.InitiatorSPI || second.MessageID != 0 || second.ResponderSPI != 0 {
		t.Error("the header changed")
	}
	if !bytes.Equal(wire.AppendPayloads(nil, first.Payloads), wire.AppendPayloads(nil, second.Payloads[1:])) {
		t.Error("payloads beside the cookie changed (RFC 7296, Section 2.6)")
	}
	if b.shard.env.Stats.Dropped[DropCookie] != 1 || b.shard.Len() != 1 {
		t.Errorf("%d demands, %d SAs", b.shard.env.Stats.Dropped[DropCookie], b.shard.Len())
	}
}

func TestNoStateBeforeTheCookieReturns(t *testing.T) {
	n, a, b := gateways(t, nil)
	b.env.Gateway.HalfOpen.Cookie = -1
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if to == a {
			return nil
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	n.elapse(20 * time.Second)
	if b.shard.Len() != 0 || len(b.shard.inits) != 0 || b.shard.HalfOpen() != 0 {
		t.Errorf("%d SAs, %d half-open", b.shard.Len(), b.shard.HalfOpen())
	}
}

// A demand for a cookie may come late, and again; that is no news.
func TestCookieOfBeforeIsNotFollowedAgain(t *testing.T) {
	n, a, _ := gateways(t, nil)
	asked := 0
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if from != a {
			return nil
		}
		h, _ := wire.ParseHeader(d)
		cookie := []byte{[...]byte{1, 2, 1}[min(asked, 2)]}
		asked++
		n.queue = append(n.queue, flight{a, MessageReceived{Path: testPath(), Datagram: refusal(h, &Failure{Notify: wire.NotifyCookie, Data: cookie})}})
		return nil
	}
	n.do(a, initiate(a))
	if asked != 3 {
		t.Errorf("%d requests, want three: without a cookie, and with each of two", asked)
	}
}

func TestEndlessCookiesAreNotFollowed(t *testing.T) {
	n, a, _ := gateways(t, nil)
	asked := 0
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if from != a {
			return nil
		}
		asked++
		h, _ := wire.ParseHeader(d)
		n.queue = append(n.queue, flight{a, MessageReceived{Path: testPath(), Datagram: refusal(h, &Failure{Notify: wire.NotifyCookie, Data: []byte{byte(asked)}})}})
		return nil
	}
	n.do(a, initiate(a))
	if asked != maxCookies+1 {
		t.Errorf("%d requests for %d cookies", asked, maxCookies)
	}
	n.elapse(time.Minute)
	if f := a.failure(t, NewsClosed); f.Code != explain.IKECookieLoop {
		t.Errorf("closed with %v", f)
	}
}

// TestUnauthenticatedAnswersEndNothing covers what anybody can throw at an initiator: the attempt goes on, and comes to
// its good end when the responder is heard (RFC 7296, Section 2.21.1).
func TestUnauthenticatedAnswersEndNothing(t *testing.T) {
	notify := func(t wire.NotifyType, data ...byte) func(wire.Header) []byte {
		return func(h wire.Header) []byte { return refusal(h, &Failure{Notify: t, Data: data}) }
	}
	tests := []struct {
		name   string
		answer func(request wire.Header) []byte
	}{
		{"NO_PROPOSAL_CHOSEN", notify(wire.NotifyNoProposalChosen)},
		{"INVALID_SYNTAX", notify(wire.NotifyInvalidSyntax)},
		{"INVALID_MAJOR_VERSION", notify(wire.NotifyInvalidMajorVersion)},
		{"AUTHENTICATION_FAILED", notify(wire.NotifyAuthenticationFailed)},
		{"error of the private range", notify(9999)},
		{"INVALID_KE_PAYLOAD for a group that was not offered", notify(wire.NotifyInvalidKEPayload, 0, 2)},
		{"INVALID_KE_PAYLOAD for the group that was sent", notify(wire.NotifyInvalidKEPayload, 0, 31)},
		{"INVALID_KE_PAYLOAD without a group", notify(wire.NotifyInvalidKEPayload)},
		{"empty cookie", notify(wire.NotifyCookie)},
		{"cookie of 65 octets", notify(wire.NotifyCookie, make([]byte, 65)...)},
		{"empty response", func(h wire.Header) []byte {
			h.Flags, h.ResponderSPI = wire.FlagResponse, 7
			return (&wire.Message{Header: h}).Append(nil)
		}},
		{"rubbish behind a header", func(h wire.Header) []byte {
			h.Flags = wire.FlagResponse
			b := (&wire.Message{Header: h, Payloads: []wire.Payload{&wire.Nonce{Data: make([]byte, 20)}}}).Append(nil)
			b[28+3] = 99
			return b
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, a, _ := gateways(t, nil)
			done := false
			n.tap = func(from, to *testNode, d []byte) [][]byte {
				if from == a && !done {
					done = true
					h, _ := wire.ParseHeader(d)
					n.queue = append(n.queue, flight{a, MessageReceived{Path: testPath(), Datagram: tt.answer(h)}})
					return nil
				}
				return [][]byte{d}
			}
			n.do(a, initiate(a))
			if len(a.of(NewsClosed)) != 0 {
				t.Fatalf("closed at once: %q", a.digest())
			}
			n.elapse(5 * time.Second)
			if len(a.of(NewsEstablished)) != 1 {
				t.Errorf("not established by the retransmission: %q", a.digest())
			}
		})
	}
}

func TestErrorOfIKESAInitEndsTheAttemptWhenNothingBetterComes(t *testing.T) {
	n, a, _ := gateways(t, func(ca, cb *Connection) {
		cb.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes256-sha384-ecp384")}
	})
	n.do(a, initiate(a))
	if f := a.failure(t, NewsFailure); f.Code != explain.IKENoProposal || f.Fatal {
		t.Errorf("first told %v, fatal %v", f, f.Fatal)
	}
	n.elapse(troubleGrace + time.Second)
	f := a.failure(t, NewsClosed)
	if f.Code != explain.IKENoProposal || !strings.Contains(f.Error(), "x25519") {
		t.Errorf("closed with %v", f)
	}
	if a.shard.Len() != 0 {
		t.Errorf("%d SAs are left", a.shard.Len())
	}
}

func TestResponderSaysWhichAlgorithmIsMissing(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) {
		cb.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-ecp256")}
	})
	n.do(a, initiate(a))
	text := b.failure(t, NewsFailure).Error()
	for _, want := range []string{`"b.example-a.example"`, "CURVE_25519", "ECP_256", "add x25519"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not name %s", text, want)
		}
	}
	if b.shard.Len() != 0 {
		t.Error("state is kept for a refused request")
	}
}

func TestInvalidKEPayload(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) {
		ca.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519-ecp256")}
		cb.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-ecp256")}
	})
	sent := n.sentBy(a)
	n.do(a, initiate(a))
	if len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 {
		t.Fatalf("not established: %q", a.digest())
	}
	first, second := parse(t, (*sent)[0]), parse(t, (*sent)[1])
	ke1, _ := wire.Find[*wire.KE](first.Payloads)
	ke2, _ := wire.Find[*wire.KE](second.Payloads)
	if ke1.Method != wire.KECurve25519 || ke2.Method != wire.KEECP256 {
		t.Errorf("groups %v, then %v", ke1.Method, ke2.Method)
	}
	sa1, _ := wire.Find[*wire.SA](first.Payloads)
	sa2, _ := wire.Find[*wire.SA](second.Payloads)
	if !slices.EqualFunc(sa1.Proposals, sa2.Proposals, func(x, y wire.Proposal) bool { return slices.Equal(x.Transforms, y.Transforms) }) {
		t.Error("the retry does not offer the full set of algorithms again (RFC 7296, Section 1.2)")
	}
}

func TestCookieStaysForARetryWithAnotherGroup(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) {
		ca.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519-ecp256")}
		cb.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-ecp256")}
	})
	b.env.Gateway.HalfOpen.Cookie = -1
	n.do(a, initiate(a))
	var got []string
	for _, m := range a.messages(NewsMessageSent) {
		got = append(got, m[:min(len(m), 47)])
	}
	want := []string{"IKE_SA_INIT request 0 [ SA KE Ni N(NAT_DETECTIO", "IKE_SA_INIT request 0 [ N(COOKIE) SA KE Ni N(NA",
		"IKE_SA_INIT request 0 [ N(COOKIE) SA KE Ni N(NA", "IKE_AUTH request 1 [ IDi IDr AUTH ]"}
	if !slices.Equal(got, want) {
		t.Errorf("sent %q, want the shorter exchange of RFC 7296, Section 2.6.1", got)
	}
}

func TestRetransmittedIKESAInitFindsItsSA(t *testing.T) {
	n, a, b := gateways(t, nil)
	sent := n.sentBy(a)
	lose := 2
	inner := n.tap
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		out := inner(from, to, d)
		if from == b && lose > 0 {
			lose--
			return nil
		}
		return out
	}
	n.do(a, initiate(a))
	n.elapse(10 * time.Second)
	if len(a.of(NewsEstablished)) != 1 || b.shard.Len() != 1 {
		t.Fatalf("established %d, %d SAs at b", len(a.of(NewsEstablished)), b.shard.Len())
	}
	for i := range 2 {
		if !bytes.Equal((*sent)[0], (*sent)[i+1]) {
			t.Error("a retransmission is not bitwise identical (RFC 7296, Section 2.1)")
		}
	}
	replay := MessageReceived{Path: reverse(testPath()), Datagram: bytes.Clone((*sent)[0])}
	before := len(b.messages(NewsMessageSent))
	n.do(b, replay)
	if b.shard.Len() != 1 || len(b.messages(NewsMessageSent)) != before {
		t.Error("a late copy of the request is not ignored after IKE_AUTH (RFC 7296, Section 2.1)")
	}
}

func TestSameSPIFromBehindOneNATIsAnotherSA(t *testing.T) {
	n, a, b := gateways(t, nil)
	sent := n.sentBy(a)
	n.do(a, initiate(a))
	path := reverse(testPath())
	other := parse(t, (*sent)[0])
	nonce, _ := wire.Find[*wire.Nonce](other.Payloads)
	nonce.Data[0] ^= 1
	n.do(b, MessageReceived{Path: path, Datagram: other.Append(nil)})
	if b.shard.Len() != 2 {
		t.Errorf("%d SAs, want a second for another request with the same SPI (RFC 7296, Section 2.1)", b.shard.Len())
	}
}
