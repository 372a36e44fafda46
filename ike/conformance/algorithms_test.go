package conformance

import (
	"slices"
	"testing"

	"culvert/suite"
	"culvert/wire"
)

// The algorithms of the programme, one by one. The tester's side is keyed with what was agreed, so that a wrong key schedule,
// cipher or checksum of the node ends the test.

// chosen checks one transform of a selection.
func (l *lab) chosen(sel suite.Selection, kind wire.TransformType, id wire.TransformID) {
	l.Helper()
	if got, _ := sel.Get(kind); got.ID != id {
		l.Errorf("%v is %s, want %s", kind, suite.TransformName(got), suite.TransformName(wire.Transform{Type: kind, ID: id}))
	}
}

type algorithm struct {
	name  string
	words string
	kind  wire.TransformType
	id    wire.TransformID
}

func ikeAlgorithms() []algorithm {
	return []algorithm{
		{"ENCR_AES_CBC", "aes128-sha256-x25519", wire.TransformENCR, wire.EncrAESCBC},
		{"ENCR_AES_CTR", "aes128ctr-sha256-x25519", wire.TransformENCR, wire.EncrAESCTR},
		{"PRF_AES128_XCBC", "aes128-sha256-prfaesxcbc-x25519", wire.TransformPRF, wire.PRFAES128XCBC},
		{"AUTH_AES_XCBC_96", "aes128-aesxcbc-prfsha256-x25519", wire.TransformINTEG, wire.IntegAESXCBC96},
		{"group 14", "aes128-sha256-modp2048", wire.TransformKE, wire.KEMODP2048},
	}
}

func TestIKEAlgorithm(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, a := range ikeAlgorithms() {
			t.Run("initiator "+a.name, func(t *testing.T) {
				l := newLab(t, s, offersIKE(t, a.words))
				l.initiate()
				first := l.receiveInit()
				l.transforms(find[*wire.SA](l, first.Payloads).Proposals[0], 1, wire.ProtocolIKE, 0, a.words)
				se, answer := l.accept(first, a.words)
				l.chosen(se.suite, a.kind, a.id)
				se.answerInit(answer)
				request := se.request(wire.ExchangeAuth)
				se.verify(request.Payloads, wire.PayloadIDi)
				child, c := se.acceptChild(request.Payloads)
				se.answer(request, append(se.proof(), child...)...)
				c.carries()
				se.alive()
			})
			t.Run("responder "+a.name, func(t *testing.T) {
				l := newLab(t, s, offersIKE(t, a.words))
				se := l.opened(a.words)
				l.chosen(se.suite, a.kind, a.id)
				o := se.offerChild()
				answer := se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)
				se.verify(answer, wire.PayloadIDr)
				o.complete(answer).carries()
			})
		}
	})
}

func espAlgorithms() []algorithm {
	return []algorithm{
		{"ENCR_AES_CBC", "aes128-sha256", wire.TransformENCR, wire.EncrAESCBC},
		{"ENCR_AES_CTR", "aes128ctr-sha256", wire.TransformENCR, wire.EncrAESCTR},
		{"ENCR_NULL", "null-sha256", wire.TransformENCR, wire.EncrNull},
		{"AUTH_AES_XCBC_96", "aes128-aesxcbc", wire.TransformINTEG, wire.IntegAESXCBC96},
		{"ESN", "aes128-sha256-esn", wire.TransformSN, wire.SN64},
	}
}

func TestESPAlgorithm(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, a := range espAlgorithms() {
			t.Run("initiator "+a.name, func(t *testing.T) {
				l := newLab(t, s, offersESP(t, a.words))
				se, request := l.accepted()
				l.transforms(find[*wire.SA](l, request.Payloads).Proposals[0], 1, wire.ProtocolESP, 4, a.words)
				child, c := se.acceptChild(request.Payloads, a.words)
				l.chosen(c.suite, a.kind, a.id)
				se.answer(request, append(se.proof(), child...)...)
				c.carries()
				l.sends(c)
			})
			t.Run("responder "+a.name, func(t *testing.T) {
				l := newLab(t, s, offersESP(t, a.words))
				_, c := l.connected(a.words)
				l.chosen(c.suite, a.kind, a.id)
				c.carries()
				l.sends(c)
			})
		}
	})
}

// Encryption without integrity must not be used (RFC 8221, Section 4): it can neither be configured nor negotiated.
func TestEncryptionWithoutIntegrityIsRefused(t *testing.T) {
	if _, err := suite.ParseProposal(wire.ProtocolESP, "aes128"); err == nil {
		t.Error("a proposal without integrity can be configured")
	}
	both(t, func(t *testing.T, s scene) {
		l := newLab(t, s)
		se := l.opened()
		o := se.offerChild()
		none := func(t wire.Transform) bool { return t.Type == wire.TransformINTEG }
		o.proposals[0].Transforms = append(slices.DeleteFunc(o.proposals[0].Transforms, none), wire.Transform{Type: wire.TransformINTEG, ID: wire.IntegNone})
		answer := se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)
		se.verify(answer, wire.PayloadIDr)
		if _, ok := wire.FindNotify(answer, wire.NotifyNoProposalChosen); !ok {
			t.Errorf("the answer is %v", types(answer))
		}
		l.installed(0)
	})
}
