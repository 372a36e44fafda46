package ike

import (
	"bytes"

	"culvert/auth"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// mixPPKAuth mixes a PPK into SK_d, SK_pi and SK_pr (RFC 8784, Section 3), and keeps them as they were.
func (sa *SA) mixPPKAuth(p *auth.PPK) error {
	k := &sa.keys
	sa.initial.ppk.unmixed = suite.IKEKeys{D: bytes.Clone(k.D), Pi: bytes.Clone(k.Pi), Pr: bytes.Clone(k.Pr)}
	return suite.MixPPKAuth(sa.suite, p.Key, k)
}

// due tells whether our next AUTH payload as initiator is the one that offers a PPK.
func (s *ppkState) due() bool { return s.auth && s.offered == nil }

// signMixed makes the AUTH payload of our next round as initiator. The first one is made with a PPK when the responder uses
// one; where we would do without, it is made twice (RFC 8784, Section 3).
func (a *authentication) signMixed() error {
	s := &a.sa.initial.ppk
	switch {
	case !s.due():
		return a.sign()
	case a.sa.conn.PPKRequired:
		return a.mixThen(a.sign)
	}
	return a.makeAuth(func() error {
		s.without = a.proof.Auth.Data
		return a.mixThen(a.sign)
	})
}

// mixThen offers the first of our PPKs, and goes on.
func (a *authentication) mixThen(next func() error) error {
	a.sa.initial.ppk.offered = &a.sa.conn.PPKs[0]
	if err := a.sa.mixPPKAuth(a.sa.initial.ppk.offered); err != nil {
		return err
	}
	return next()
}

// mixBeforeEAPKey does the same before the AUTH payload that ends EAP.
func (a *authentication) mixBeforeEAPKey() error {
	s := &a.sa.initial.ppk
	if !s.due() {
		return nil
	}
	if !a.sa.conn.PPKRequired {
		without, err := a.sa.eapAuth(a.sa.initial.login.ours)
		if err != nil {
			return err
		}
		s.without = without.Data
	}
	return a.mixThen(func() error { return nil })
}

// offer makes the notifies that go with that AUTH payload, once.
func (s *ppkState) offer() []wire.Payload {
	if s.offered == nil || s.settled || s.told {
		return nil
	}
	s.told = true
	list := []wire.Payload{&wire.Notify{NotifyType: wire.NotifyPPKIdentity, Data: s.offered.ID}}
	if s.without != nil {
		list = append(list, &wire.Notify{NotifyType: wire.NotifyNoPPKAuth, Data: s.without})
	}
	return list
}

// hearPPK takes from the response whether the responder uses the PPK that we offered. If it does not, the keys are those
// without, or the attempt ends (RFC 8784, Section 3).
func (a *authentication) hearPPK() error {
	sa := a.sa
	s := &sa.initial.ppk
	if s.offered == nil || s.settled {
		return a.next()
	}
	s.settled = true
	if _, used := wire.FindNotify(a.in.payloads, wire.NotifyPPKIdentity); used {
		sa.ppk, sa.ppkUse = s.offered, ppkByAuth
		return a.next()
	}
	if sa.conn.PPKRequired {
		return refuse(explain.IKEPPKUnknown, wire.NotifyAuthenticationFailed, "%v does without PPK %q, and connection %q requires it",
			sa.path.Remote, s.offered.Name, sa.conn.Name)
	}
	k := &sa.keys
	mixed := suite.IKEKeys{D: k.D, Pi: k.Pi, Pr: k.Pr}
	mixed.Clear()
	k.D, k.Pi, k.Pr = s.unmixed.D, s.unmixed.Pi, s.unmixed.Pr
	s.unmixed = suite.IKEKeys{}
	return a.next()
}

// protects is the responder's judgement on what protects the IKE SA, once it knows whom it may be for. A PPK that was agreed on
// before must be one for this peer (RFC 9867, Section 3.1).
func (sa *SA) protects(c *Connection) error {
	if err := sa.checkResistance(c, wire.NotifyAuthenticationFailed); err != nil {
		return err
	}
	if sa.ppk != nil {
		if p, ok := auth.FindPPK(c.PPKs, sa.ppk.ID); !ok || !p.Same(*sa.ppk) {
			return refuse(explain.IKEPPKUnknown, wire.NotifyAuthenticationFailed, "%s uses PPK %q, which connection %q does not name",
				sa.remote, sa.ppk.Name, c.Name)
		}
	}
	if c.PPKRequired && sa.ppk == nil && !sa.initial.ppk.auth {
		return refuse(explain.IKEPPKRequired, wire.NotifyAuthenticationFailed, "%s uses no PPK, and connection %q requires one of %s",
			sa.remote, c.Name, c.ppkNames())
	}
	return nil
}

// acceptPPK takes the PPK that comes with the first AUTH payload of an initiator (RFC 8784, Section 3, Table 1). One that
// we do not have leaves the authentication data without it, if both sides can do without.
func (a *authentication) acceptPPK() error {
	sa := a.sa
	s := &sa.initial.ppk
	if !s.auth {
		return nil
	}
	n, sent := wire.FindNotify(a.in.payloads, wire.NotifyPPKIdentity)
	if !sent {
		return refuse(explain.IKEPPKUnknown, wire.NotifyAuthenticationFailed, "%s announced a PPK and names none", sa.remote)
	}
	if p, known := auth.FindPPK(sa.conn.PPKs, n.Data); known && sa.conn.PPKExchange != PPKIntermediate {
		s.auth, s.named = false, n.Data
		sa.ppk, sa.ppkUse, s.confirm = &p, ppkByAuth, true
		return sa.mixPPKAuth(&p)
	}
	without, sent := wire.FindNotify(a.in.payloads, wire.NotifyNoPPKAuth)
	switch {
	case sa.conn.PPKRequired:
		return objects(refuse(explain.IKEPPKUnknown, wire.NotifyAuthenticationFailed, "%s has another PPK than connection %q, which requires one of %s",
			sa.remote, sa.conn.Name, sa.conn.ppkNames()))
	case !sent:
		return objects(refuse(explain.IKEPPKUnknown, wire.NotifyAuthenticationFailed, "%s requires a PPK that connection %q does not have, which has %s",
			sa.remote, sa.conn.Name, orNone(sa.conn.ppkNames())))
	}
	s.auth, s.named = false, n.Data
	authOf(a.in.payloads).Data = without.Data
	return nil
}

// confirmed makes the notify that tells the initiator so, once.
func (s *ppkState) confirmed() []wire.Payload {
	if !s.confirm {
		return nil
	}
	s.confirm = false
	return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyPPKIdentity}}
}
