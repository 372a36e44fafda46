package ike

import (
	"bytes"
	"testing"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// TestTamperedAnswersAreNotTaken spoils the first answer; the attempt waits for the true one.
func TestTamperedAnswersAreNotTaken(t *testing.T) {
	var request *wire.Message
	payloads := func(m *wire.Message) (*wire.SA, *wire.KE, *wire.Nonce) {
		s, _ := wire.Find[*wire.SA](m.Payloads)
		k, _ := wire.Find[*wire.KE](m.Payloads)
		n, _ := wire.Find[*wire.Nonce](m.Payloads)
		return s, k, n
	}
	tests := []struct {
		name  string
		spoil func(*wire.Message)
	}{
		{"responder SPI zero", func(m *wire.Message) { m.ResponderSPI = 0 }},
		{"our own nonce", func(m *wire.Message) {
			_, _, theirs := payloads(m)
			_, _, ours := payloads(request)
			theirs.Data = ours.Data
		}},
		{"short nonce", func(m *wire.Message) { _, _, n := payloads(m); n.Data = n.Data[:15] }},
		{"no nonce", func(m *wire.Message) { m.Payloads = without(m.Payloads, wire.PayloadNonce) }},
		{"no key exchange", func(m *wire.Message) { m.Payloads = without(m.Payloads, wire.PayloadKE) }},
		{"no proposal", func(m *wire.Message) { m.Payloads = without(m.Payloads, wire.PayloadSA) }},
		{"two proposals", func(m *wire.Message) { s, _, _ := payloads(m); s.Proposals = append(s.Proposals, s.Proposals[0]) }},
		{"algorithm that was not offered", func(m *wire.Message) {
			s, _, _ := payloads(m)
			s.Proposals[0] = mustProposal(t, wire.ProtocolIKE, "aes256gcm16-prfsha256-x25519")
		}},
		{"key exchange of another group", func(m *wire.Message) { _, k, _ := payloads(m); k.Method = wire.KEECP256 }},
		{"unknown critical payload", func(m *wire.Message) {
			m.Payloads = append(m.Payloads, &wire.Unknown{PayloadType: 200, Critical: true})
		}},
		{"Message ID 1", func(m *wire.Message) { m.MessageID = 1 }},
		{"other initiator SPI", func(m *wire.Message) { m.InitiatorSPI ^= 1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, a, b := gateways(t, nil)
			done := false
			n.tap = func(from, to *testNode, d []byte) [][]byte {
				if from == a && request == nil {
					request = parse(t, bytes.Clone(d))
				}
				if from == b && !done {
					done = true
					m := parse(t, d)
					tt.spoil(m)
					return [][]byte{m.Append(nil)}
				}
				return [][]byte{d}
			}
			request = nil
			n.do(a, initiate(a))
			if a.only(t).state != StateConnecting {
				t.Fatalf("taken: state %v; %q", a.only(t).state, a.digest())
			}
			n.elapse(5 * time.Second)
			if len(a.of(NewsEstablished)) != 1 {
				t.Errorf("not established by the true answer: %q", a.digest())
			}
		})
	}
}

func TestEndlessGroupsAreNotFollowed(t *testing.T) {
	n, a, _ := gateways(t, func(ca, cb *Connection) {
		ca.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519-ecp256")}
	})
	asked := 0
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if from != a {
			return nil
		}
		asked++
		h, _ := wire.ParseHeader(d)
		group := []byte{0, byte(wire.KECurve25519)}
		if asked%2 == 1 {
			group[1] = byte(wire.KEECP256)
		}
		n.queue = append(n.queue, flight{a, MessageReceived{Path: testPath(), Datagram: refusal(h, &Failure{Notify: wire.NotifyInvalidKEPayload, Data: group})}})
		return nil
	}
	n.do(a, initiate(a))
	if asked != 2 {
		t.Errorf("%d requests for two groups", asked)
	}
	n.elapse(time.Minute)
	if f := a.failure(t, NewsClosed); f.Code != explain.IKEKeyExchangeLoop {
		t.Errorf("closed with %v", f)
	}
}
