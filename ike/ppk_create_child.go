package ike

import (
	"encoding/binary"
	"slices"

	"culvert/auth"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// freshPPKs are the PPKs that we offer for a new SA: those that we prefer to the one in SK_d of the IKE SA. To mix in the same one
// again has no point (RFC 9867, Section 3.2.1).
func (sa *SA) freshPPKs() []auth.PPK {
	list := sa.createChildPPKs()
	if sa.ppk == nil {
		return list
	}
	if i := slices.IndexFunc(list, sa.ppk.Same); i >= 0 {
		return list[:i]
	}
	return list
}

// createChildPPKs are the PPKs that may be used in CREATE_CHILD_SA exchanges.
func (sa *SA) createChildPPKs() []auth.PPK {
	if sa.conn.PPKExchange == PPKAuth {
		return nil
	}
	return sa.conn.PPKs
}

// confirmed is what PPK Confirmation in a CREATE_CHILD_SA request covers: Ni | SPIi | SPIr, with the SPIs of this IKE SA, by its
// PRF (RFC 9867, Section 3.2).
func (sa *SA) confirmed(ni []byte) (*suite.PRF, []byte, error) {
	t, _ := sa.suite.Get(wire.TransformPRF)
	prf, err := suite.NewPRF(t.ID)
	data := binary.BigEndian.AppendUint64(slices.Clone(ni), uint64(sa.spiI))
	return prf, binary.BigEndian.AppendUint64(data, uint64(sa.spiR)), err
}

// offerFreshPPKs returns the notifies of a CREATE_CHILD_SA request, and the PPKs that they offer.
func (sa *SA) offerFreshPPKs(ni []byte) ([]wire.Payload, []auth.PPK, error) {
	fresh := sa.freshPPKs()
	prf, data, err := sa.confirmed(ni)
	if err != nil {
		return nil, nil, err
	}
	return offerPPKs(fresh, prf, data), fresh, nil
}

// agreedPPK returns what the responder has picked of them. Where a PPK is required and none is in SK_d the SA is given up without
// one (RFC 9867, Section 3.2).
func (sa *SA) agreedPPK(payloads []wire.Payload, offered []auth.PPK) (*auth.PPK, error) {
	p, err := pickedPPK(payloads, offered)
	if err == nil && p == nil && sa.lacksPPK() {
		err = refuse(explain.IKEPPKRequired, 0, "the peer uses no PPK for a new SA, and connection %q requires one of %s", sa.conn.Name, sa.conn.ppkNames())
	}
	return p, err
}

// acceptFreshPPK picks as responder from what the peer offers, or refuses an SA without a PPK (RFC 9867, Section 3.2).
func (sa *SA) acceptFreshPPK(payloads []wire.Payload, ni []byte) (*auth.PPK, error) {
	prf, data, err := sa.confirmed(ni)
	if err != nil {
		return nil, err
	}
	p, mismatched := pickPPK(payloads, sa.createChildPPKs(), prf, data)
	switch {
	case p != nil || !sa.lacksPPK():
		return p, nil
	case mismatched != nil:
		return nil, refuse(explain.IKEPPKUnknown, wire.NotifyNoProposalChosen, "the peer has another value for PPK %q, and connection %q requires one",
			mismatched.Name, sa.conn.Name)
	}
	return nil, refuse(explain.IKEPPKRequired, wire.NotifyNoProposalChosen, "the peer offers none of our PPKs for a new SA, and connection %q requires one of %s",
		sa.conn.Name, sa.conn.ppkNames())
}

// lacksPPK tells whether a PPK is required and none is in the keys of the IKE SA.
func (sa *SA) lacksPPK() bool { return sa.conn.PPKRequired && sa.ppk == nil }

// ppkAnswer is the notify that tells the initiator what we have picked.
func ppkAnswer(p *auth.PPK) []wire.Payload {
	if p == nil {
		return nil
	}
	return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyPPKIdentity, Data: p.ID}}
}
