package conformance

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"culvert/esp"
	"culvert/ike"
	"culvert/wire"
)

// Rekeying of Child SAs (RFC 7296, Sections 1.3.3 and 2.8), and new ones (Section 1.3.1).

const rekeyTime = time.Minute

// rekeyRequested has the node establish a Child SA and ask for its replacement.
func rekeyRequested(t *testing.T, s scene, changes ...change) (*session, *child, message) {
	t.Helper()
	l := newLab(t, s, append([]change{childLifetime(rekeyTime, 0)}, changes...)...)
	se, old := l.answered()
	old.carries()
	l.wait(rekeyTime - time.Millisecond)
	l.silent()
	l.wait(time.Millisecond)
	return se, old, se.request(wire.ExchangeCreateChildSA)
}

// rekeyAnswered is rekeyRequested, and the tester agrees. The node's Delete waits to be received.
func rekeyAnswered(t *testing.T, s scene, changes ...change) (*session, *child, *child) {
	t.Helper()
	se, old, request := rekeyRequested(t, s, changes...)
	answer, c := se.acceptChild(request.Payloads)
	se.answer(request, answer...)
	return se, old, c
}

// checkRekey checks the payloads of the node's CREATE_CHILD_SA request.
func (l *lab) checkRekey(payloads []wire.Payload, old *child) {
	l.Helper()
	n, ok := wire.FindNotify(payloads, wire.NotifyRekeySA)
	if !ok || n.Protocol != wire.ProtocolESP || !bytes.Equal(n.SPI, old.outSPI()) || len(n.Data) != 0 {
		l.Errorf("REKEY_SA is %+v", n)
	}
	l.offers(payloads, wire.ProtocolESP, 4, baseESP)
	if p := find[*wire.SA](l, payloads).Proposals[0]; bytes.Equal(p.SPI, old.outSPI()) {
		l.Error("the new SPI is the old one")
	}
	if nonce := find[*wire.Nonce](l, payloads); len(nonce.Data) < 16 || bytes.Equal(nonce.Data, old.ni) {
		l.Errorf("nonce %x", nonce.Data)
	}
	_, transport := wire.FindNotify(payloads, wire.NotifyUseTransportMode)
	if transport != (l.scene.mode == esp.Transport) {
		l.Errorf("USE_TRANSPORT_MODE is there: %t", transport)
	}
	tsi, tsr := l.traffic(false)
	l.sameTS(findTS(l, payloads, wire.PayloadTSi), tsi)
	l.sameTS(findTS(l, payloads, wire.PayloadTSr), tsr)
}

func TestInitiatorRekeysChild(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("request", func(t *testing.T) {
			se, old, request := rekeyRequested(t, s)
			se.checkRekey(request.Payloads, old)
		})
		t.Run("closes the replaced one", func(t *testing.T) {
			se, old, c := rekeyAnswered(t, s)
			se.replaces(old)
			se.sends(c)
			se.wait(time.Minute / 3)
			se.silent()
			old.carriesNothing()
			se.datagrams = nil
			se.installed(1)
		})
		t.Run("uses the new one", func(t *testing.T) {
			se, old, c := rekeyAnswered(t, s)
			c.carries()
			se.sends(c)
			se.replaces(old)
			c.carries()
		})
		t.Run("still receives through the old one", func(t *testing.T) {
			se, old, c := rekeyAnswered(t, s)
			old.repliesOver(c) // until the tester has confirmed the Delete
			se.replaces(old)
			c.carries()
		})
		t.Run("with perfect forward secrecy", func(t *testing.T) {
			const pfs = "aes128-sha256-x25519"
			se, old, request := rekeyRequested(t, s, offersESP(t, pfs))
			if ke := find[*wire.KE](se.lab, request.Payloads); ke.Method != wire.KECurve25519 || len(ke.Data) != 32 {
				t.Errorf("KE of %v with %d octets", ke.Method, len(ke.Data))
			}
			answer, c := se.acceptChild(request.Payloads, pfs)
			se.answer(request, answer...)
			c.carries()
			se.replaces(old)
		})
	})
}

// The end of the lifetime without a successor (RFC 7296, Section 2.8).
func TestChildLifetime(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("an expired one is not used", func(t *testing.T) {
			l := newLab(t, s, childLifetime(0, rekeyTime))
			_, c := l.answered()
			l.wait(rekeyTime - time.Millisecond)
			c.carries()
			l.sends(c)
			l.wait(time.Millisecond) // whatever becomes of the Delete
			l.sends(nil)
			c.carriesNothing()
			l.installed(0)
		})
		t.Run("an expired one is not used while it is rekeyed", func(t *testing.T) {
			l := newLab(t, s, childLifetime(rekeyTime, rekeyTime+time.Second))
			_, c := l.answered()
			l.wait(rekeyTime)
			c.carries()
			l.wait(time.Second)
			l.sends(nil)
			c.carriesNothing()
		})
		t.Run("a failed rekeying ends the IKE SA", func(t *testing.T) {
			l := newLab(t, s, childLifetime(rekeyTime, 3*rekeyTime/2))
			se, c := l.answered()
			l.wait(rekeyTime)
			se.answer(se.request(wire.ExchangeCreateChildSA), &wire.Notify{NotifyType: wire.NotifyNoProposalChosen})
			l.silent()
			c.carries() // the old one is good for its lifetime
			l.wait(rekeyTime / 2)
			l.sends(nil)
			se.closes()
			l.gone()
			c.carriesNothing()
		})
		t.Run("an unanswered rekeying ends the IKE SA", func(t *testing.T) {
			l := newLab(t, s, childLifetime(rekeyTime, 0))
			se, c := l.answered()
			l.wait(rekeyTime)
			se.request(wire.ExchangeCreateChildSA)
			l.wait(time.Minute)
			l.datagrams = nil
			l.gone()
			c.carriesNothing()
		})
	})
}

func TestResponderRekeysChild(t *testing.T) {
	rekeyed := func(t *testing.T, s scene) (*session, *child, *child) {
		t.Helper()
		se, old := newLab(t, s).connected()
		o := old.offerRekey()
		return se, old, o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
	}
	both(t, func(t *testing.T, s scene) {
		t.Run("response", func(t *testing.T) {
			l := newLab(t, s)
			se, old := l.connected()
			answer := se.ask(wire.ExchangeCreateChildSA, old.offerRekey().payloads()...)
			l.offers(answer, wire.ProtocolESP, 4, baseESP)
			if p := find[*wire.SA](l, answer).Proposals[0]; bytes.Equal(p.SPI, old.outSPI()) {
				t.Error("the new SPI is the old one")
			}
			want := []string{"SA", "Nonce", "TSi", "TSr"}
			if s.mode == esp.Transport {
				want = slices.Insert(want, 0, "USE_TRANSPORT_MODE")
			}
			l.want(answer, want...)
		})
		t.Run("closes the replaced one", func(t *testing.T) {
			se, old, c := rekeyed(t, s)
			se.deletes(se.ask(wire.ExchangeInformational, old.delete()), old)
			c.carries()
			se.sends(c)
			se.wait(time.Minute / 3)
			old.carriesNothing()
			se.installed(1)
		})
		t.Run("uses the new one", func(t *testing.T) {
			se, old, c := rekeyed(t, s)
			se.sends(old) // the tester has not shown that it has the new one (RFC 7296, Section 2.8)
			c.ping()
			se.deletes(se.ask(wire.ExchangeInformational, old.delete()), old)
			se.sends(c)
			c.carries()
		})
		t.Run("still receives through the old one", func(t *testing.T) {
			_, old, c := rekeyed(t, s)
			old.ping()
			c.ping()
			old.ping()
		})
		t.Run("with perfect forward secrecy", func(t *testing.T) {
			const pfs = "aes128-sha256-x25519"
			l := newLab(t, s, offersESP(t, pfs))
			se, old := l.connected()
			o := old.offerRekey(pfs)
			c := o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			l.chosen(c.suite, wire.TransformKE, wire.KECurve25519)
			se.deletes(se.ask(wire.ExchangeInformational, old.delete()), old)
			c.carries()
		})
	})
}

func TestNewChild(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("initiator", func(t *testing.T) {
			l := newLab(t, s)
			se, first := l.answered()
			l.command(se, ike.CreateChild{Child: l.nut.conn.Children[0]})
			request := se.request(wire.ExchangeCreateChildSA)
			if _, ok := wire.FindNotify(request.Payloads, wire.NotifyRekeySA); ok {
				t.Error("REKEY_SA in a request for a new one")
			}
			l.offers(request.Payloads, wire.ProtocolESP, 4, baseESP)
			answer, c := se.acceptChild(request.Payloads)
			se.answer(request, answer...)
			l.installed(2)
			c.ping()
			first.ping()
		})
		t.Run("responder", func(t *testing.T) {
			l := newLab(t, s)
			se, first := l.connected()
			o := se.offerNew()
			c := o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			l.installed(2)
			c.ping()
			first.ping()
			se.deletes(se.ask(wire.ExchangeInformational, first.delete()), first)
			c.carries()
		})
	})
}
