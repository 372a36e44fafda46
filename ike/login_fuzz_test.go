package ike

import (
	"testing"
	"time"

	"culvert/wire"
)

// FuzzLogin replaces the payloads of one IKE_AUTH message in the middle of EAP, of either side, behind the encryption. Nothing may
// panic or stay behind, and no conversation may stay open.
func FuzzLogin(f *testing.F) {
	for id := range uint8(6) {
		for _, payloads := range [][]wire.Payload{nil, {&wire.EAP{Data: success(1)}}, {pskProof()}, {fqdn("a.example").Payload(wire.PayloadIDi), pskProof()},
			{fqdn("b.example").Payload(wire.PayloadIDr), &wire.EAP{Data: []byte{1, 1, 0, 5, 1}}}, {&wire.Notify{NotifyType: wire.NotifyAnotherAuthFollows}, pskProof()},
			{&wire.EAP{Data: []byte{2, 1, 0, 6, 3, 4}}}, {&wire.Notify{NotifyType: wire.NotifySupportedAuthMethods, Data: []byte{2, 2, 3, 14, 0}}}} {
			first := wire.PayloadNone
			if len(payloads) > 0 {
				first = payloads[0].Type()
			}
			f.Add(id, id%2 == 0, uint8(first), wire.AppendPayloads(nil, payloads))
		}
	}
	f.Add(uint8(1), false, uint8('5'), []byte("0"))
	f.Fuzz(func(t *testing.T, id uint8, ofInitiator bool, first uint8, chain []byte) {
		l := newEAPLab(t, nil)
		l.tap = func(from, _ *testNode, d []byte) [][]byte {
			h, err := wire.ParseHeader(d)
			if err != nil || h.Exchange != wire.ExchangeAuth || h.MessageID != uint32(id) || h.FromInitiator() != ofInitiator || len(chain) > 60000 {
				return [][]byte{d}
			}
			slot := from.shard.slots.find(from.spi(h))
			if slot == nil {
				return [][]byte{d} // its last message, after which the IKE SA is gone
			}
			d, err = sealRaw(awake(slot.sa), h, wire.PayloadType(first), chain)
			if err != nil {
				t.Fatal(err)
			}
			return [][]byte{d}
		}
		l.connect()
		l.elapse(5 * time.Minute)
		if n := l.a.shard.HalfOpen() + l.b.shard.HalfOpen(); n != 0 || l.client.closed != len(l.client.begun) || l.server.closed != len(l.server.begun) {
			t.Errorf("%d half open; conversations: client %d of %d closed, server %d of %d", n, l.client.closed, len(l.client.begun), l.server.closed, len(l.server.begun))
		}
	})
}

// sealRaw seals raw octets as the payloads of a message with this header.
func sealRaw(sa *SA, h wire.Header, first wire.PayloadType, chain []byte) ([]byte, error) {
	h.NextPayload = wire.PayloadSK
	n := len(chain) + sa.out.Overhead(len(chain))
	h.Length = uint32(wire.HeaderLen + 4 + n)
	prefix := append(h.Append(nil), byte(first), 0, byte((n+4)>>8), byte(n+4))
	return sa.out.Seal(prefix, chain)
}
