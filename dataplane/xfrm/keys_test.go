package xfrm

import (
	"testing"

	"culvert/dataplane"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// The kernel's SAs hand out what it was given, whichever of its two forms that has.
func TestKeysAreHandedOut(t *testing.T) {
	b := newBench(t)
	b.setPolicy(t, protect(t, 1, "10.1.0.0/16", "10.2.0.0/16"))
	cbc := suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESCBC, KeyLength: 128}, INTEG: wire.Transform{Type: wire.TransformINTEG, ID: wire.IntegHMACSHA256_128}}
	in := b.inbound(t, 1)
	b.outbound(t, 77, 1, func(sa *dataplane.SA) {
		sa.Transforms, sa.EncrKey, sa.IntegKey = cbc, make(secret.Bytes, 16), make(secret.Bytes, 32)
		sa.IntegKey[0] = 9
	})
	list := b.Keys()
	if len(list) != 2 {
		t.Fatalf("keys of %d SAs", len(list))
	}
	for _, k := range list {
		switch {
		case k.SPI == in && k.Direction == dataplane.Inbound && k.Transforms == gcm() && len(k.EncrKey) == 20 && len(k.IntegKey) == 0:
		case k.SPI == 77 && k.Direction == dataplane.Outbound && k.Transforms == cbc && len(k.EncrKey) == 16 && k.IntegKey[0] == 9:
		default:
			t.Errorf("%+v", k)
		}
		k.Clear()
	}
	if again := b.Keys(); again[0].IntegKey == nil && again[1].IntegKey == nil {
		t.Error("the keys were cleared")
	}
}
