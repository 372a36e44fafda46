package conformance

import (
	"slices"
	"testing"

	"culvert/auth"
	"culvert/esp"
	"culvert/wire"
)

// The formats of the initial exchanges (RFC 7296, Sections 1.2 and 3).

// receiveInit receives the node's IKE_SA_INIT request, and holds its header against RFC 7296, Section 3.1.
func (l *lab) receiveInit() message {
	l.Helper()
	m := l.receivePlain()
	want := wire.Header{InitiatorSPI: m.InitiatorSPI, NextPayload: m.NextPayload, Version: 0x20, Exchange: wire.ExchangeSAInit,
		Flags: wire.FlagInitiator, Length: uint32(len(m.octets))}
	if m.Header != want || m.InitiatorSPI == 0 {
		l.Fatalf("header %+v, want %+v", m.Header, want)
	}
	l.wellFormed(m.NextPayload, m.octets[wire.HeaderLen:])
	return m
}

// transforms checks a proposal's number, protocol, size of SPI, and transforms.
func (l *lab) transforms(p wire.Proposal, number uint8, protocol wire.ProtocolID, spi int, words string) {
	l.Helper()
	want := proposals(l, protocol, words)[0]
	if p.Number != number || p.Protocol != protocol || len(p.SPI) != spi || !slices.Equal(p.Transforms, want.Transforms) {
		l.Errorf("proposal %+v, want number %d, an SPI of %d octets and %v", p, number, spi, want.Transforms)
	}
}

func TestInitRequest(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		l := newLab(t, s)
		l.initiate()
		m := l.receiveInit()
		sa, ke, nonce := find[*wire.SA](l, m.Payloads), find[*wire.KE](l, m.Payloads), find[*wire.Nonce](l, m.Payloads)
		if m.NextPayload != wire.PayloadSA || len(sa.Proposals) != 1 {
			t.Fatalf("payloads %v, %d proposals", types(m.Payloads), len(sa.Proposals))
		}
		l.transforms(sa.Proposals[0], 1, wire.ProtocolIKE, 0, baseIKE)
		if ke.Method != wire.KECurve25519 || len(ke.Data) != 32 {
			t.Errorf("KE of %v with %d octets", ke.Method, len(ke.Data))
		}
		if n := len(nonce.Data); n < 16 || n > 256 {
			t.Errorf("nonce of %d octets", n)
		}
	})
}

func TestInitResponse(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		l := newLab(t, s)
		m := func() message {
			se, payloads := l.open()
			se.askInit(payloads)
			return se.takeInit()
		}()
		sa, ke, nonce := find[*wire.SA](l, m.Payloads), find[*wire.KE](l, m.Payloads), find[*wire.Nonce](l, m.Payloads)
		if len(sa.Proposals) != 1 {
			t.Fatalf("%d proposals", len(sa.Proposals))
		}
		l.transforms(sa.Proposals[0], 1, wire.ProtocolIKE, 0, baseIKE)
		if n := len(nonce.Data); ke.Method != wire.KECurve25519 || len(ke.Data) != 32 || n < 16 || n > 256 {
			t.Errorf("KE of %v with %d octets, nonce of %d", ke.Method, len(ke.Data), n)
		}
	})
}

// checkAuth checks the payloads of an IKE_AUTH message of the node. Its AUTH value was checked already.
func (l *lab) checkAuth(payloads []wire.Payload, kind wire.PayloadType, tsi, tsr *wire.TS) {
	l.Helper()
	id := identity(l, payloads, kind)
	if got := auth.FromPayload(id); got != auth.AddressIdentity(nutAddr()) {
		l.Errorf("identity %v", got)
	}
	sa := find[*wire.SA](l, payloads)
	if len(sa.Proposals) != 1 {
		l.Fatalf("%d proposals", len(sa.Proposals))
	}
	l.transforms(sa.Proposals[0], 1, wire.ProtocolESP, 4, baseESP)
	_, transport := wire.FindNotify(payloads, wire.NotifyUseTransportMode)
	if transport != (l.scene.mode == esp.Transport) {
		l.Errorf("USE_TRANSPORT_MODE is there: %t", transport)
	}
	l.sameTS(findTS(l, payloads, wire.PayloadTSi), tsi)
	l.sameTS(findTS(l, payloads, wire.PayloadTSr), tsr)
}

func (l *lab) sameTS(got, want *wire.TS) {
	l.Helper()
	same := func(a, b wire.TrafficSelector) bool {
		return a.TSType == b.TSType && a.Protocol == b.Protocol && a.StartPort == b.StartPort && a.EndPort == b.EndPort &&
			a.Start == b.Start && a.End == b.End
	}
	if !slices.EqualFunc(got.Selectors, want.Selectors, same) {
		l.Errorf("%v is %v, want %v", got.Payload, got.Selectors, want.Selectors)
	}
}

func TestAuthRequest(t *testing.T) {
	test := func(t *testing.T, s scene) {
		l := newLab(t, s)
		_, request := l.accepted()
		tsi, tsr := l.traffic(false)
		l.checkAuth(request.Payloads, wire.PayloadIDi, tsi, tsr)
	}
	t.Run("end to end", func(t *testing.T) { both(t, test) })
	t.Run("end to gateway", func(t *testing.T) { tunnels(t, test) })
}

func TestAuthResponse(t *testing.T) {
	test := func(t *testing.T, s scene) {
		l := newLab(t, s)
		se := l.opened()
		answer := se.ask(wire.ExchangeAuth, append(se.proof(), se.offerChild().payloads()...)...)
		se.verify(answer, wire.PayloadIDr)
		tsi, tsr := l.traffic(true)
		l.checkAuth(answer, wire.PayloadIDr, tsi, tsr)
	}
	t.Run("end to end", func(t *testing.T) { both(t, test) })
	t.Run("end to gateway", func(t *testing.T) { tunnels(t, test) })
}

func TestUseOfChild(t *testing.T) {
	initiator := func(t *testing.T, s scene) {
		l := newLab(t, s)
		_, c := l.answered()
		c.carries()
		l.sends(c)
	}
	responder := func(t *testing.T, s scene) {
		l := newLab(t, s)
		_, c := l.connected()
		c.carries()
		l.sends(c)
	}
	t.Run("initiator end to end", func(t *testing.T) { both(t, initiator) })
	t.Run("responder end to end", func(t *testing.T) { both(t, responder) })
	t.Run("initiator end to gateway", func(t *testing.T) { tunnels(t, initiator) })
	t.Run("responder end to gateway", func(t *testing.T) { tunnels(t, responder) })
}

// Payloads may come in any order (RFC 7296, Section 2.5: MUST NOT reject). The programme, which follows RFC 4306, demanded the
// opposite.
func TestPayloadOrder(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		l := newLab(t, s)
		se, payloads := l.open()
		slices.Reverse(payloads)
		se.askInit(payloads)
		se.takeInit()
		o := se.offerChild()
		payloads = append(se.proof(), o.payloads()...)
		slices.Reverse(payloads)
		answer := se.ask(wire.ExchangeAuth, payloads...)
		se.verify(answer, wire.PayloadIDr)
		o.complete(answer).carries()
	})
}
