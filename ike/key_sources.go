package ike

import (
	"slices"

	"culvert/auth"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// keySources are what the keys of an SA that a CREATE_CHILD_SA exchange makes come from, beside SK_d of the IKE SA (RFC
// 7296, Sections 2.17 and 2.18; RFC 9370, Section 2.2.4).
type keySources struct {
	ni, nr []byte
	shared [][]byte  // SK(0) of the first key exchange, SK(1) to SK(n) of the additional ones; empty: there was none
	ppk    *auth.PPK // mixed into SK_d (RFC 9867, Section 3.2.1), or nil
}

// lowest is what a collision is decided by (RFC 7296, Section 2.8.1).
func (k *keySources) lowest() []byte { return lower(k.ni, k.nr) }

// ppkName is what people call the PPK.
func (k *keySources) ppkName() string {
	if k.ppk == nil {
		return ""
	}
	return k.ppk.Name
}

// clear forgets the secrets.
func (k *keySources) clear() {
	for _, s := range k.shared {
		clear(s)
	}
	k.shared = nil
}

// childKeys derives the keys of a child from the IKE SA's SK_d. The secrets are cleared.
func (sa *SA) childKeys(d childDeal, from keySources) (suite.ChildKeys, error) {
	defer from.clear()
	prf, skd, err := sa.derivation(from)
	if err != nil {
		return suite.ChildKeys{}, err
	}
	defer skd.Clear()
	return suite.DeriveChildKeys(prf, skd, d.selection, from.shared, from.ni, from.nr)
}

// derivation returns the PRF of the IKE SA and a copy of its SK_d, with the PPK mixed in if there is one.
func (sa *SA) derivation(from keySources) (prf wire.TransformID, skd secret.Bytes, err error) {
	t, _ := sa.suite.Get(wire.TransformPRF)
	if from.ppk == nil {
		return t.ID, slices.Clone(sa.keys.D), nil
	}
	skd, err = suite.MixPPKCreateChild(t.ID, from.ppk.Key, sa.keys.D)
	return t.ID, skd, err
}

// rekeyedKeys derives the keys of the IKE SA that replaces this one; the SPIs are those of the new one, from the proposals of
// the CREATE_CHILD_SA exchange (RFC 7296, Section 2.18). The secrets are cleared.
func (sa *SA) rekeyedKeys(chosen suite.Selection, from keySources, spiI, spiR wire.SPI) (suite.IKEKeys, error) {
	defer from.clear()
	prf, skd, err := sa.derivation(from)
	if err != nil {
		return suite.IKEKeys{}, err
	}
	defer skd.Clear()
	return suite.RekeyIKEKeys(prf, skd, chosen, from.shared, from.ni, from.nr, spiI, spiR)
}

// A series is a CREATE_CHILD_SA exchange with the additional key exchanges that follow it, one IKE_FOLLOWUP_KE exchange for
// each (RFC 9370, Section 2.2.4).
type series struct {
	from    keySources         // so far
	methods []wire.TransformID // of the key exchanges to come, in their order
	link    []byte             // data of ADDITIONAL_KEY_EXCHANGE in the next request
}

// add takes the secret of one more key exchange.
func (s *series) add(shared secret.Bytes) {
	s.from.shared, s.methods = append(s.from.shared, shared), s.methods[1:]
}

// linkOf returns a copy of what links a message to the next key exchange of its series, nil if none is expected.
func linkOf(payloads []wire.Payload) []byte {
	n, ok := wire.FindNotify(payloads, wire.NotifyAdditionalKeyExchange)
	if !ok {
		return nil
	}
	return append(make([]byte, 0, len(n.Data)), n.Data...)
}

// linkNotify carries a link.
func linkNotify(link []byte) *wire.Notify {
	return &wire.Notify{NotifyType: wire.NotifyAdditionalKeyExchange, Data: link}
}
