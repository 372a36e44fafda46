package conformance

import (
	"bytes"
	"testing"
	"time"

	"culvert/ike"
	"culvert/wire"
)

// What is refused, in both directions.

// An answer that chooses what was not offered is not taken (RFC 7296, Sections 2.7 and 3.3.6).
func TestInconsistentAnswer(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("for the IKE SA", func(t *testing.T) {
			l := newLab(t, s)
			l.initiate()
			se, answer := l.accept(l.receivePlain())
			answer[0] = &wire.SA{Proposals: proposals(t, wire.ProtocolIKE, "aes256-sha256-x25519")}
			se.answerInit(answer)
			l.silent()
			l.wait(time.Second)
			l.receiveInit() // no IKE_AUTH: it goes on waiting for a better answer
			l.datagrams = nil
			l.gone()
		})
		t.Run("for the Child SA", func(t *testing.T) {
			l := newLab(t, s)
			se, request := l.accepted()
			child, c := se.acceptChild(request.Payloads)
			wrong := c.answer
			wrong.Transforms = proposals(t, wire.ProtocolESP, "aes256-sha256")[0].Transforms
			sa := find[*wire.SA](l, child)
			sa.Proposals = []wire.Proposal{wrong}
			se.answer(request, append(se.proof(), child...)...)
			// The IKE SA is up, but the Child SA that the tester has made is deleted.
			deletion := se.request(wire.ExchangeInformational)
			se.deletes(deletion.Payloads, c)
			se.answer(deletion, c.delete())
			l.installed(0)
			l.sends(nil)
			se.alive()
			c.carriesNothing()
		})
	})
}

// A Child SA that cannot be made leaves the IKE SA alone (RFC 7296, Section 1.2).
func TestIKESAWithoutChild(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("initiator", func(t *testing.T) {
			l := newLab(t, s)
			se, request := l.accepted()
			se.answer(request, append(se.proof(), &wire.Notify{NotifyType: wire.NotifyNoProposalChosen})...)
			l.silent()
			se.alive()
			l.installed(0)
		})
		t.Run("responder", func(t *testing.T) {
			l := newLab(t, s)
			se := l.opened()
			answer := se.ask(wire.ExchangeAuth, append(se.proof(), se.offerChild("aes256-sha512").payloads()...)...)
			se.verify(answer, wire.PayloadIDr)
			if _, ok := wire.FindNotify(answer, wire.NotifyNoProposalChosen); !ok {
				t.Errorf("the answer is %v", types(answer))
			}
			if _, ok := wire.Find[*wire.SA](answer); ok {
				t.Error("the answer has an SA payload")
			}
			l.installed(0)
			se.alive()
			o := se.offerNew() // a Child SA can follow
			o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...)).carries()
		})
	})
}

func TestNoProposalChosen(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("received in IKE_SA_INIT", func(t *testing.T) {
			l := newLab(t, s)
			l.initiate()
			l.refuseInit(l.receivePlain(), 0, &wire.Notify{NotifyType: wire.NotifyNoProposalChosen})
			l.silent()
			l.gone() // nothing is authentic: it goes on asking for a while, and then gives up
			for range l.datagrams {
				l.receiveInit()
			}
			if closed := l.of(ike.NewsClosed); len(closed) != 1 || closed[0].Failure.Notify != wire.NotifyNoProposalChosen {
				t.Errorf("the news is %s", l.gazette())
			}
		})
		t.Run("sent in IKE_SA_INIT", func(t *testing.T) {
			l := newLab(t, s)
			se, payloads := l.open("aes256ctr-sha512-x25519")
			se.askInit(payloads)
			m := l.receivePlain()
			if l.only(m.Payloads, wire.NotifyNoProposalChosen); m.ResponderSPI != 0 {
				t.Errorf("header %+v", m.Header)
			}
			l.gone()
		})
		t.Run("sent in CREATE_CHILD_SA", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			l.only(se.ask(wire.ExchangeCreateChildSA, c.offerRekey("aes256-sha512").payloads()...), wire.NotifyNoProposalChosen)
			l.only(se.ask(wire.ExchangeCreateChildSA, se.offerNew("aes256-sha512").payloads()...), wire.NotifyNoProposalChosen)
			l.installed(1)
			c.carries()
			se.alive()
		})
		t.Run("sent to a rekeying of the IKE SA", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			l.only(se.ask(wire.ExchangeCreateChildSA, se.offerRekey("aes256-sha512-x25519").payloads()...), wire.NotifyNoProposalChosen)
			se.alive()
			c.carries()
		})
		t.Run("sent to a rekeying of the IKE SA without key exchange", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			o := se.offerRekey()
			for i, x := range o.proposals[0].Transforms {
				if x.Type == wire.TransformKE {
					o.proposals[0].Transforms[i].ID = wire.KENone
				}
			}
			l.only(se.ask(wire.ExchangeCreateChildSA, o.payloads()...), wire.NotifyNoProposalChosen)
			se.alive()
			c.carries()
		})
	})
}

// The other group in CREATE_CHILD_SA (RFC 7296, Section 1.3).
func TestInvalidKEInCreateChildSA(t *testing.T) {
	const pfs, pfs14 = "aes128-sha256-x25519-modp2048", "aes128-sha256-modp2048"
	both(t, func(t *testing.T, s scene) {
		t.Run("received", func(t *testing.T) {
			l := newLab(t, s, offersESP(t, pfs), childLifetime(30*time.Second, 0))
			se, old := l.answered()
			l.wait(30 * time.Second)
			first := se.request(wire.ExchangeCreateChildSA)
			if ke := find[*wire.KE](l, first.Payloads); ke.Method != wire.KECurve25519 {
				t.Fatalf("KE of %v", ke.Method)
			}
			se.answer(first, &wire.Notify{NotifyType: wire.NotifyInvalidKEPayload, Data: []byte{0, 14}})
			second := se.request(wire.ExchangeCreateChildSA)
			if ke := find[*wire.KE](l, second.Payloads); ke.Method != wire.KEMODP2048 {
				t.Fatalf("KE of %v", ke.Method)
			}
			if !bytes.Equal(find[*wire.Notify](l, second.Payloads).SPI, old.outSPI()) {
				t.Error("the retry is about another Child SA")
			}
			answer, c := se.acceptChild(second.Payloads, pfs14)
			se.answer(second, answer...)
			se.replaces(old)
			c.carries()
		})
		t.Run("sent", func(t *testing.T) {
			l := newLab(t, s, offersESP(t, pfs14))
			se, old := l.connected()
			n := l.only(se.ask(wire.ExchangeCreateChildSA, old.offerRekey(pfs).payloads()...), wire.NotifyInvalidKEPayload)
			if !bytes.Equal(n.Data, []byte{0, 14}) {
				t.Fatalf("the node wants the group %x", n.Data)
			}
			o := old.offerRekey(pfs14)
			o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...)).ping()
		})
	})
}
