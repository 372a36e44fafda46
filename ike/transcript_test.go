package ike

import (
	"testing"

	"culvert/auth"
	"culvert/suite"
	"culvert/wire"
)

// Both sides have to announce it for AUTH to cover both first messages.
func TestTranscriptIsCoveredWhenBothSidesAnnounceIt(t *testing.T) {
	for _, tt := range []struct{ a, b bool }{{true, true}, {true, false}, {false, true}, {false, false}} {
		n, a, b := gateways(t, func(ca, cb *Connection) { ca.AllowDowngrade, cb.AllowDowngrade = !tt.a, !tt.b })
		covered := map[string]bool{}
		n.work = func(w Work) any {
			if s, ok := w.(auth.Sign); ok {
				covered[s.ID.String()] = string(s.Octets[:8]) == "\x00\x00\x00\x00\x00\x00\x00\x00"
			}
			return runWork(w)
		}
		n.do(a, initiate(a))
		if len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 {
			t.Fatalf("%+v: not established\na: %q\nb: %q", tt, a.digest(), b.digest())
		}
		if want := tt.a && tt.b; len(covered) != 2 || covered["a.example"] != want || covered["b.example"] != want {
			t.Errorf("%+v: covered %v", tt, covered)
		}
	}
}

// The responder announces it whether it was asked or not.
func TestResponderAnnouncesTranscriptUnasked(t *testing.T) {
	n, a, b := gateways(t, func(ca, _ *Connection) { ca.AllowDowngrade = true })
	sent := n.sentBy(b)
	n.do(a, initiate(a))
	if _, ok := wire.FindNotify(parse(t, (*sent)[0]).Payloads, wire.NotifyFullTranscriptAuth); !ok {
		t.Error("not announced")
	}
}

// An attacker who has a key that the responder takes for the initiator's leaves out the better proposal. What the responder
// signs does not show that to the initiator, unless both sides cover the transcript.
func TestTranscriptShowsADowngradeToTheInitiator(t *testing.T) {
	for _, allow := range []bool{true, false} {
		n, a, b := gateways(t, func(ca, cb *Connection) {
			offering(t, "aes256gcm16-prfsha256-x25519", "aes128gcm16-prfsha256-x25519")(ca, cb)
			ca.AllowDowngrade, cb.AllowDowngrade = allow, allow
		})
		n.tap = func(from, _ *testNode, d []byte) [][]byte {
			m, err := wire.Parse(d)
			if err != nil || from != a || m.Exchange != wire.ExchangeSAInit {
				return [][]byte{d}
			}
			offer, _ := wire.Find[*wire.SA](m.Payloads)
			offer.Proposals = offer.Proposals[1:]
			return [][]byte{m.Append(nil)}
		}
		n.work = func(w Work) any {
			if v, ok := w.(auth.Verify); ok && v.ID.String() == "a.example" {
				return auth.VerifyResult{ID: v.ID}
			}
			return runWork(w)
		}
		n.do(a, initiate(a))
		if len(b.of(NewsEstablished)) != 1 {
			t.Fatalf("b refuses: %q", b.digest())
		}
		if got := len(a.of(NewsEstablished)) == 1; got != allow {
			t.Errorf("downgrade allowed %v, established %v: %q", allow, got, a.digest())
		}
		if allow && suite.FormatProposal(a.only(t).suite.Proposal) != "aes128gcm16-prfsha256-x25519" {
			t.Error("no downgrade at all")
		}
	}
}
