package ike

import (
	"bytes"
	"testing"
	"time"

	"culvert/auth"
	"culvert/suite"
	"culvert/wire"
)

// FuzzIntermediate is a peer that has not authenticated, and says anything in IKE_INTERMEDIATE behind good keys, to either side.
// Nothing may panic, come up or be kept.
func FuzzIntermediate(f *testing.F) {
	prf, err := suite.NewPRF(wire.PRFHMACSHA256)
	if err != nil {
		f.Fatal(err)
	}
	offer := offerPPKs([]auth.PPK{testPPK("x", "one")}, prf, []byte("data"))
	for _, payloads := range [][]wire.Payload{
		{&wire.KE{Method: wire.KECurve448, Data: bytes.Repeat([]byte{9}, 56)}}, offer,
		append([]wire.Payload{&wire.KE{Method: wire.KECurve448, Data: make([]byte, 56)}}, offer...),
		{&wire.Notify{NotifyType: wire.NotifyPPKIdentity, Data: auth.PPKID(wire.PPKIDFixed, []byte("x"))}}, nil,
	} {
		first := wire.PayloadNone
		if len(payloads) > 0 {
			first = payloads[0].Type()
		}
		f.Add(uint8(first), wire.AppendPayloads(nil, payloads), true)
		f.Add(uint8(first), wire.AppendPayloads(nil, payloads), false)
	}
	f.Fuzz(func(t *testing.T, first uint8, plaintext []byte, toResponder bool) {
		payloads, err := wire.ParsePayloads(wire.PayloadType(first), plaintext)
		if err != nil {
			return
		}
		n, a, b := gateways(t, func(ca, cb *Connection) {
			offering(t, "aes128gcm16-prfsha256-x25519-ke1_x448")(ca, cb)
			ca.PPKs, cb.PPKs = []auth.PPK{testPPK("x", "one")}, []auth.PPK{testPPK("x", "one")}
		})
		n.tap = func(_, _ *testNode, d []byte) [][]byte {
			if h, _ := wire.ParseHeader(d); h.Exchange == wire.ExchangeIntermediate {
				return nil
			}
			return [][]byte{d}
		}
		n.do(a, initiate(a))
		from, to, flags := a, b, wire.Flags(0)
		if !toResponder {
			from, to, flags = b, a, wire.FlagResponse
		}
		path := testPath()
		if toResponder {
			path = reverse(path)
		}
		sa := from.only(t)
		d, err := wire.Seal(awake(sa).out, sa.header(wire.ExchangeIntermediate, 1, flags), payloads)
		if err != nil {
			return
		}
		n.do(to, MessageReceived{Path: path, Datagram: d})
		n.elapse(10 * time.Minute)
		if len(a.of(NewsEstablished))+len(b.of(NewsEstablished)) > 0 || a.shard.slots.used+b.shard.slots.used > 0 {
			t.Errorf("something came up or stayed\na: %q\nb: %q", a.digest(), b.digest())
		}
	})
}
