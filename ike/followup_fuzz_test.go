package ike

import (
	"testing"

	"culvert/wire"
)

// FuzzFollowUp throws payloads at an IKE SA that waits for an additional key exchange, as IKE_FOLLOWUP_KE and other requests. Nothing
// may panic, and after the time that such a wait takes nothing of it is left.
func FuzzFollowUp(f *testing.F) {
	point := make([]byte, 64)
	for _, payloads := range [][]wire.Payload{
		{&wire.KE{Method: wire.KEECP256, Data: point}, linkNotify([]byte{0, 0, 0, 1, 1})},
		{&wire.KE{Method: wire.KECurve25519, Data: point[:32]}, linkNotify([]byte{0, 0, 0, 1, 1})},
		{linkNotify([]byte{0, 0, 0, 1, 1}), linkNotify(nil), &wire.KE{Method: wire.KEECP256}},
		{&wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{0x7000}}},
		{&wire.Notify{NotifyType: wire.NotifyPPKIdentityKey, Data: point}},
	} {
		for _, exchange := range []wire.ExchangeType{wire.ExchangeFollowupKE, wire.ExchangeCreateChildSA, wire.ExchangeInformational} {
			f.Add(uint8(exchange), uint8(payloads[0].Type()), wire.AppendPayloads(nil, payloads))
		}
	}
	f.Fuzz(func(t *testing.T, exchange, first uint8, chain []byte) {
		l := severalKE(t, twoKE, nil)
		l.promised(0x7000)
		a, b := l.sa(l.a), l.sa(l.b)
		h := a.header(wire.ExchangeType(exchange), a.requests.next, 0)
		datagram, err := sealChainAs(awake(a), h, wire.PayloadType(first), chain)
		if err != nil {
			return
		}
		l.holding = true
		l.do(l.b, MessageReceived{Path: b.path, Datagram: datagram})
		l.elapse(followUpTime)
		if len(b.exchanges.pending) > 0 || b.state == StateClosed && len(b.children) > 0 {
			t.Errorf("%d SAs are pending in state %v", len(b.exchanges.pending), b.state)
		}
		l.checkSPIs(l.b)
	})
}
