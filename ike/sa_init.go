package ike

import (
	"culvert/suite"
	"culvert/wire"
)

// initialState is what the initial exchanges need and nothing later does.
type initialState struct{}

// useKeys gives the SA the keys of a finished key exchange.
func (sa *SA) useKeys(sel suite.Selection, keys suite.IKEKeys) error {
	out, in, err := newProtectors(sel, keys, sa)
	if err != nil {
		return err
	}
	sa.suite, sa.keys, sa.out, sa.in = sel, keys, out, in
	return nil
}

// newProtectors makes both directions of an IKE SA's protection.
func newProtectors(sel suite.Selection, k suite.IKEKeys, sa *SA) (out, in wire.Protector, err error) {
	i, err := suite.NewProtector(sel, k.Ei, k.Ai, sa.env.Rand)
	if err != nil {
		return nil, nil, err
	}
	r, err := suite.NewProtector(sel, k.Er, k.Ar, sa.env.Rand)
	if err != nil {
		return nil, nil, err
	}
	if sa.initiator {
		return i, r, nil
	}
	return r, i, nil
}

func respondInit(sa *SA, in *inbound) error                  { return nil }
func respondAuth(sa *SA, in *inbound) error                  { return nil }
func (sa *SA) receiveInit(h wire.Header, ev MessageReceived) {}
func (sa *SA) halfOpenExpired()                              {}
func (sa *SA) initHint() string                              { return "" }
