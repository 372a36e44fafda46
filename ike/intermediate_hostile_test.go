package ike

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// halfway brings two gateways to the point where the first IKE_INTERMEDIATE request is under way, and returns it. Nothing of
// that exchange arrives by itself.
func halfway(t *testing.T, proposal string) (*testNet, *testNode, *testNode, []byte) {
	t.Helper()
	n, a, b := gateways(t, offering(t, proposal))
	var held []byte
	n.tap = func(from, _ *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); h.Exchange != wire.ExchangeIntermediate {
			return [][]byte{d}
		}
		held = bytes.Clone(d)
		return nil
	}
	n.do(a, initiate(a))
	if held == nil {
		t.Fatalf("no IKE_INTERMEDIATE\na: %q\nb: %q", a.digest(), b.digest())
	}
	return n, a, b, held
}

// forge delivers a message to one node that is sealed with the keys of the other.
func forge(t *testing.T, n *testNet, from, to *testNode, exchange wire.ExchangeType, id uint32, flags wire.Flags, payloads ...wire.Payload) {
	t.Helper()
	sa := from.only(t)
	d, err := wire.Seal(awake(sa).out, sa.header(exchange, id, flags), payloads)
	if err != nil {
		t.Fatal(err)
	}
	path := testPath()
	if to.addr == addrB {
		path = reverse(path)
	}
	n.do(to, MessageReceived{Path: path, Datagram: d})
}

func TestResponderRefusesWhatIsNotTheAgreedKeyExchange(t *testing.T) {
	good := bytes.Repeat([]byte{1}, 1184)
	bad := bytes.Repeat([]byte{0xff}, 1184) // coefficients above the modulus (FIPS 203, Section 7.2)
	for _, tt := range []struct {
		name     string
		exchange wire.ExchangeType
		payloads []wire.Payload
		code     explain.Code
	}{
		{"nothing", wire.ExchangeIntermediate, nil, explain.IKEInvalidSyntax},
		{"other method", wire.ExchangeIntermediate, []wire.Payload{&wire.KE{Method: wire.KEMLKEM512, Data: good}}, explain.IKEInvalidSyntax},
		{"short key", wire.ExchangeIntermediate, []wire.Payload{&wire.KE{Method: wire.KEMLKEM768, Data: good[:1000]}}, explain.IKEKeyExchange},
		{"empty key", wire.ExchangeIntermediate, []wire.Payload{&wire.KE{Method: wire.KEMLKEM768}}, explain.IKEKeyExchange},
		{"key not reduced", wire.ExchangeIntermediate, []wire.Payload{&wire.KE{Method: wire.KEMLKEM768, Data: bad}}, explain.IKEKeyExchange},
		{"two keys", wire.ExchangeIntermediate, []wire.Payload{&wire.KE{Method: wire.KEMLKEM768, Data: good}, &wire.KE{Method: wire.KEMLKEM768, Data: good}}, explain.IKEInvalidSyntax},
		{"IKE_AUTH too early", wire.ExchangeAuth, []wire.Payload{fqdn("a.example").Payload(wire.PayloadIDi)}, explain.IKEInvalidSyntax},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, a, b, _ := halfway(t, hybridSuite)
			n.tap = nil
			forge(t, n, a, b, tt.exchange, 1, 0, tt.payloads...)
			f := b.failure(t, NewsClosed)
			if f.Code != tt.code || f.Notify != wire.NotifyInvalidSyntax {
				t.Errorf("failure %v", f)
			}
			if b.only(t).initial != nil || len(b.only(t).fragments) > 0 {
				t.Error("something of the attempt stays")
			}
		})
	}
}

// The initiator stops without a word when it cannot use the answer (draft-ietf-ipsecme-ikev2-mlkem-08, Section 2.2).
func TestInitiatorStopsWhenTheAnswerIsUnusable(t *testing.T) {
	for _, tt := range []struct {
		name     string
		payloads []wire.Payload
		code     explain.Code
	}{
		{"nothing", nil, explain.IKEKeyExchange},
		{"other method", []wire.Payload{&wire.KE{Method: wire.KEMLKEM512, Data: make([]byte, 768)}}, explain.IKEKeyExchange},
		{"short ciphertext", []wire.Payload{&wire.KE{Method: wire.KEMLKEM768, Data: make([]byte, 1087)}}, explain.IKEKeyExchange},
		{"refusal", []wire.Payload{&wire.Notify{NotifyType: wire.NotifyInvalidSyntax}}, explain.IKEPeerRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, a, b, _ := halfway(t, hybridSuite)
			before := len(a.messages(NewsMessageSent))
			forge(t, n, b, a, wire.ExchangeIntermediate, 1, wire.FlagResponse, tt.payloads...)
			if f := a.failure(t, NewsClosed); f.Code != tt.code {
				t.Errorf("failure %v", f)
			}
			if got := a.messages(NewsMessageSent); len(got) != before {
				t.Errorf("sent %q", got[before:])
			}
		})
	}
}

// A ciphertext of the right length that was made for another key gives other keys on both sides: messages do not open, and
// the attempt ends by time (FIPS 203, implicit rejection).
func TestImplicitRejectionEndsTheAttempt(t *testing.T) {
	n, a, b, request := halfway(t, hybridSuite)
	forge(t, n, b, a, wire.ExchangeIntermediate, 1, wire.FlagResponse, &wire.KE{Method: wire.KEMLKEM768, Data: make([]byte, 1088)})
	n.do(b, MessageReceived{Path: reverse(testPath()), Datagram: request})
	n.tap = nil
	n.elapse(10 * time.Minute)
	if len(a.of(NewsEstablished))+len(b.of(NewsEstablished)) != 0 {
		t.Error("established")
	}
	if f := a.failure(t, NewsClosed); f.Code != explain.IKETimeout {
		t.Errorf("failure %v", f)
	}
}

// Who knows the keys of IKE_SA_INIT, say by a quantum computer, and changes an IKE_INTERMEDIATE message, is found out by AUTH
// (RFC 9242, Section 5).
func TestChangedIntermediateMessagesAreFoundOut(t *testing.T) {
	for _, changed := range []string{"a", "b"} {
		t.Run("of "+changed, func(t *testing.T) {
			n, a, b := gateways(t, offering(t, "aes128gcm16-prfsha256-x25519-ke1_x448"))
			n.tap = func(from, to *testNode, d []byte) [][]byte {
				h, _ := wire.ParseHeader(d)
				if h.Exchange != wire.ExchangeIntermediate || from.name != changed {
					return [][]byte{d}
				}
				m, err := wire.Open(awake(to.only(t)).in, d)
				if err != nil {
					return [][]byte{d}
				}
				d, err = wire.Seal(awake(to.only(t)).in, m.Header, append(m.Payloads, &wire.VendorID{Data: []byte("more")}))
				if err != nil {
					t.Fatal(err)
				}
				return [][]byte{d}
			}
			n.do(a, initiate(a))
			if len(a.of(NewsEstablished))+len(b.of(NewsEstablished)) > 0 {
				t.Fatalf("established\na: %q\nb: %q", a.digest(), b.digest())
			}
			if f := b.failure(t, NewsClosed); f.Code != explain.AuthPSKWrong {
				t.Errorf("failure %v", f)
			}
		})
	}
}

func TestIntermediateExchangesAreBounded(t *testing.T) {
	n, a, b, _ := halfway(t, "aes128gcm16-prfsha256-x25519-ke1_x448")
	b.only(t).initial.additional = nil
	for id := range uint32(maxIntermediate) {
		forge(t, n, a, b, wire.ExchangeIntermediate, id+1, 0)
	}
	if len(b.of(NewsClosed)) != 0 {
		t.Fatalf("closed after what is allowed: %q", b.digest())
	}
	forge(t, n, a, b, wire.ExchangeIntermediate, maxIntermediate+1, 0)
	if f := b.failure(t, NewsClosed); f.Notify != wire.NotifyInvalidSyntax {
		t.Errorf("failure %v", f)
	}
}

func TestIntermediateHasToBeAgreedOn(t *testing.T) {
	n, a, b, _ := halfway(t, "aes128gcm16-prfsha256-x25519-ke1_x448")
	s := b.only(t).initial
	s.additional, s.intermediateAgreed = nil, false
	forge(t, n, a, b, wire.ExchangeIntermediate, 1, 0)
	if f := b.failure(t, NewsClosed); f.Notify != wire.NotifyInvalidSyntax {
		t.Errorf("failure %v", f)
	}
}

// What is not authentic moves nothing, before and after the keys change.
func TestForgedIntermediateMessagesMoveNothing(t *testing.T) {
	n, a, b, request := halfway(t, "aes128gcm16-prfsha256-x25519-ke1_x448")
	n.tap = nil
	for i := range request {
		d := bytes.Clone(request)
		d[i] ^= 0x40
		n.do(b, MessageReceived{Path: reverse(testPath()), Datagram: d})
		n.do(a, MessageReceived{Path: testPath(), Datagram: slices.Clone(d)})
	}
	if got := len(b.only(t).fragments) + len(a.only(t).fragments); got != 0 {
		t.Errorf("%d messages are collected", got)
	}
	n.do(b, MessageReceived{Path: reverse(testPath()), Datagram: request})
	if len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 {
		t.Fatalf("not established\na: %q\nb: %q", a.digest(), b.digest())
	}
}

// An answer that selects additional key exchanges without IKE_INTERMEDIATE is not followed.
func TestAdditionalKeyExchangesNeedIntermediate(t *testing.T) {
	n, a, b := gateways(t, offering(t, hybridSuite))
	n.tap = func(from, _ *testNode, d []byte) [][]byte {
		return [][]byte{withoutNotify(t, from, b, d, wire.NotifyIntermediateExchangeSupported)}
	}
	n.do(a, initiate(a))
	if f := a.failure(t, NewsFailure); f.Code != explain.IKEBadProposal {
		t.Errorf("failure %v", f)
	}
	if slices.Contains(a.exchanges(), "IKE_INTERMEDIATE") || slices.Contains(a.exchanges(), "IKE_AUTH") {
		t.Errorf("exchanges %q", a.exchanges())
	}
}
