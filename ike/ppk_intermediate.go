package ike

import (
	"encoding/binary"

	"culvert/auth"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// A ppkTask is the last IKE_INTERMEDIATE exchange, which agrees on a PPK (RFC 9867, Section 3.1). It is one of its own, so that
// identities of PPKs go under keys that all additional key exchanges are in.
type ppkTask struct{ intermediateTask }

func (t *ppkTask) begin(sa *SA) bool {
	prf, err := sa.prf()
	if err != nil {
		sa.failTask(t, fatal(err))
		return true
	}
	t.payloads = offerPPKs(sa.conn.PPKs, prf, sa.ppkData()...)
	sa.request(t, t.payloads)
	return true
}

// ppkData is what PPK Confirmation covers in IKE_INTERMEDIATE: Ni | Nr | SPIi | SPIr.
func (sa *SA) ppkData() [][]byte {
	spis := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(sa.spiI)), uint64(sa.spiR))
	return [][]byte{sa.initial.nonceI, sa.initial.nonceR, spis}
}

// response takes the responder's pick.
func (t *ppkTask) response(sa *SA, in *inbound) error {
	if err := t.cover(sa, in); err != nil {
		return err
	}
	sa.initial.ppk.intermediate = false
	picked, err := pickedPPK(in.payloads, sa.conn.PPKs)
	if err == nil && picked == nil && sa.conn.PPKRequired {
		err = refuse(explain.IKEPPKUnknown, 0, "%v has none of the PPKs %s with the same value, and connection %q requires one",
			sa.path.Remote, sa.conn.ppkNames(), sa.conn.Name)
	}
	if err == nil && picked != nil {
		err = sa.mixPPK(picked)
	}
	if err == nil {
		err = sa.proceed()
	}
	if err != nil {
		return fatal(err)
	}
	return nil
}

// mixPPK recomputes all keys with a PPK, after all else that the exchange has done to them (RFC 9867, Section 3.1.1).
func (sa *SA) mixPPK(p *auth.PPK) error {
	s := sa.initial
	keys, err := suite.MixPPK(sa.suite, p.Key, sa.keys.D, s.nonceI, s.nonceR, sa.spiI, sa.spiR)
	if err != nil {
		return err
	}
	sa.ppk, sa.ppkUse = p, ppkByIntermediate
	return sa.changeKeys(keys)
}

// choosePicked answers the PPKs that an IKE_INTERMEDIATE request offers, if a PPK is still to be agreed on and no key exchange
// is to follow (RFC 9867, Section 3.1). It returns the answer and what was picked.
func (sa *SA) choosePicked(in *inbound, last bool) ([]wire.Payload, *auth.PPK, error) {
	s := sa.initial
	if count(in.payloads, wire.PayloadNotify) == 0 || !s.ppk.intermediate {
		return nil, nil, nil
	}
	if _, offered := wire.FindNotify(in.payloads, wire.NotifyPPKIdentityKey); !offered {
		return nil, nil, nil
	}
	if !last {
		return nil, nil, invalidSyntax("PPKs before the last IKE_INTERMEDIATE exchange")
	}
	prf, err := sa.prf()
	if err != nil {
		return nil, nil, err
	}
	s.ppk.intermediate = false
	known, required := sa.candidatePPKs()
	picked, mismatched := pickPPK(in.payloads, known, prf, sa.ppkData()...)
	if mismatched != nil && picked == nil {
		sa.fail(refuse(explain.IKEPPKMismatch, 0, "%v has another value for PPK %q", sa.path.Remote, mismatched.Name))
	}
	switch {
	case picked != nil:
		return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyPPKIdentity, Data: picked.ID}}, picked, nil
	case required:
		return nil, nil, refuse(explain.IKEPPKUnknown, wire.NotifyAuthenticationFailed,
			"%v offers no PPK that we have with the same value, and connection %q requires one of %s", sa.path.Remote, sa.conn.Name, sa.conn.ppkNames())
	}
	return nil, nil, nil
}

// candidatePPKs returns the PPKs of all connections that may be meant, and whether every one of these requires one.
func (sa *SA) candidatePPKs() (known []auth.PPK, required bool) {
	required = true
	for c := range sa.candidates() {
		if c.PPKExchange != PPKAuth {
			known = append(known, c.PPKs...)
		}
		required = required && c.PPKRequired
	}
	return known, required
}
