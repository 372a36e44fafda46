package ike

import (
	"slices"

	"culvert/auth"
	"culvert/explain"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// PPKExchange says in which exchange a connection uses post-quantum preshared keys.
type PPKExchange uint8

// The zero value leaves it to the peers: IKE_INTERMEDIATE where both can, since that protects the IKE SA as well.
const (
	PPKAny          PPKExchange = iota
	PPKIntermediate             // RFC 9867
	PPKAuth                     // RFC 8784
)

// ppkUse says how a PPK came into the keys of an IKE SA.
type ppkUse uint8

const (
	ppkByAuth         ppkUse = iota // into SK_d alone (RFC 8784)
	ppkByIntermediate               // into all keys (RFC 9867, Section 3.1.1)
	ppkByCreateChild                // into all keys (RFC 9867, Section 3.2.1)
	ppkInherited                    // with SK_d of the IKE SA before
)

// ppkState is what the initial exchanges know of PPKs.
type ppkState struct {
	intermediate bool          // USE_PPK_INT was agreed on, and the exchange is still to come (RFC 9867)
	auth         bool          // USE_PPK was agreed on (RFC 8784)
	unmixed      suite.IKEKeys // SK_d, SK_pi and SK_pr without the PPK of IKE_AUTH

	// of the initiator
	offered *auth.PPK // in AUTH
	without []byte    // our authentication data without it, for NO_PPK_AUTH
	told    bool      // the responder knows of it
	settled bool      // and has said whether it uses it

	named   []byte // PPK_ID that the initiator has named in IKE_AUTH, and that was judged; nil: none
	confirm bool   // the responder's next answer says that it uses the PPK
}

// ppkOffer announces in an IKE_SA_INIT request that we have PPKs (RFC 8784, Section 3; RFC 9867, Section 3.1).
func (c *Connection) ppkOffer() []wire.Payload {
	var list []wire.Payload
	if len(c.PPKs) > 0 && c.PPKExchange != PPKAuth {
		list = append(list, &wire.Notify{NotifyType: wire.NotifyUsePPKInt})
	}
	if len(c.PPKs) > 0 && c.PPKExchange != PPKIntermediate {
		list = append(list, &wire.Notify{NotifyType: wire.NotifyUsePPK})
	}
	return list
}

// ppkOffered reads these announcements.
func ppkOffered(payloads []wire.Payload) (intermediate, auth bool) {
	_, intermediate = wire.FindNotify(payloads, wire.NotifyUsePPKInt)
	_, auth = wire.FindNotify(payloads, wire.NotifyUsePPK)
	return intermediate, auth
}

// judgePPK takes the responder's choice. One that has not answered our announcement has no PPK for us, which ends the attempt
// where the connection requires one (RFC 8784, Section 3), or something else that withstands quantum computers.
func (sa *SA) judgePPK(in *inbound, chosen suite.Selection) error {
	intermediate, auth := ppkOffered(in.payloads)
	ours, _ := ppkOffered(sa.conn.ppkOffer())
	_, supported := wire.FindNotify(in.payloads, wire.NotifyIntermediateExchangeSupported)
	switch {
	case intermediate && auth:
		return invalidSyntax("USE_PPK and USE_PPK_INT in one answer (RFC 9867, Section 3.1)")
	case intermediate && (!ours || !supported):
		return invalidSyntax("USE_PPK_INT in the answer to a request without it")
	case sa.conn.PPKRequired && !intermediate && !auth:
		return refuse(explain.IKEPPKRequired, 0, "%v does not use PPKs, and connection %q requires one of %s",
			sa.path.Remote, sa.conn.Name, sa.conn.ppkNames())
	case sa.conn.PostQuantum == suite.PostQuantumRequire && !intermediate && len(chosen.PostQuantum()) == 0:
		return sa.notResistant(sa.conn, chosen, 0)
	}
	return nil
}

// choosePPK decides as responder where a PPK will be used: in IKE_INTERMEDIATE if both sides can. Identities come later; until
// then all connections count that may be meant (RFC 9867, Section 3.1).
func (sa *SA) choosePPK(in *inbound) error {
	s := sa.initial
	intermediate, auth := ppkOffered(in.payloads)
	required := true
	for c := range sa.candidates() {
		s.ppk.intermediate = s.ppk.intermediate || intermediate && s.intermediateAgreed && len(c.PPKs) > 0 && c.PPKExchange != PPKAuth
		s.ppk.auth = s.ppk.auth || auth && len(c.PPKs) > 0 && c.PPKExchange != PPKIntermediate
		required = required && c.PPKRequired
	}
	s.ppk.auth = s.ppk.auth && !s.ppk.intermediate
	if !s.ppk.intermediate {
		if err := sa.checkResistance(sa.conn, wire.NotifyNoProposalChosen); err != nil && alone(sa.candidates()) {
			return err
		}
	}
	if required && !s.ppk.intermediate && !s.ppk.auth {
		return refuse(explain.IKEPPKRequired, wire.NotifyNoProposalChosen, "%v does not use PPKs, and connection %q requires one of %s",
			sa.path.Remote, sa.conn.Name, sa.conn.ppkNames())
	}
	return nil
}

// candidates yields the connections that a half-open responder's IKE SA may turn out to be for.
func (sa *SA) candidates() func(yield func(*Connection) bool) {
	return func(yield func(*Connection) bool) {
		for c := range sa.env.Connections.ForPath(sa.path) {
			if sa.suite.AllowedBy(c.Proposals) && !yield(c) {
				return
			}
		}
	}
}

// alone tells whether there is no more than one.
func alone(candidates func(func(*Connection) bool)) bool {
	n := 0
	for range candidates {
		n++
	}
	return n < 2
}

// answer announces what choosePPK has decided.
func (s *ppkState) answer() []wire.Payload {
	switch {
	case s.intermediate:
		return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyUsePPKInt}}
	case s.auth:
		return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyUsePPK}}
	}
	return nil
}

// ppkNames shows the PPKs of a connection to people.
func (c *Connection) ppkNames() string {
	text := ""
	for i, p := range c.PPKs {
		if i > 0 {
			text += ", "
		}
		text += p.Name
	}
	return text
}

// maxPPKs bounds how many PPKs a message may offer, ours or the peer's.
const maxPPKs = 64

// offerPPKs makes the PPK_IDENTITY_KEY notifies for PPKs, whose confirmation covers data (RFC 9867, Section 3.1).
func offerPPKs(list []auth.PPK, prf *suite.PRF, data ...[]byte) []wire.Payload {
	var offer []wire.Payload
	for _, p := range list[:min(len(list), maxPPKs)] {
		offer = append(offer, &wire.Notify{NotifyType: wire.NotifyPPKIdentityKey, Data: slices.Concat(p.ID, p.Confirm(prf, data...))})
	}
	return offer
}

// pickPPK returns the first PPK of the PPK_IDENTITY_KEY notifies that we have with the same value. mismatched is one that we have
// with another value.
func pickPPK(payloads []wire.Payload, list []auth.PPK, prf *suite.PRF, data ...[]byte) (picked, mismatched *auth.PPK) {
	seen := 0
	notifies(payloads, wire.NotifyPPKIdentityKey, func(n *wire.Notify) {
		end := len(n.Data) - auth.PPKConfirmationSize
		if seen++; seen > maxPPKs || picked != nil || end < 1 {
			return
		}
		p, ok := auth.FindPPK(list, n.Data[:end])
		switch {
		case !ok:
		case secret.Bytes(n.Data[end:]).Equal(p.Confirm(prf, data...)):
			picked = &p
		default:
			mismatched = &p
		}
	})
	return picked, mismatched
}

// pickedPPK returns what the responder has picked of what we offered; nil is nothing. One that was not offered is an error
// (RFC 9867, Section 3.1).
func pickedPPK(payloads []wire.Payload, offered []auth.PPK) (*auth.PPK, error) {
	n, ok := wire.FindNotify(payloads, wire.NotifyPPKIdentity)
	if !ok {
		return nil, nil
	}
	p, ok := auth.FindPPK(offered[:min(len(offered), maxPPKs)], n.Data)
	if !ok {
		return nil, refuse(explain.IKEPPKUnknown, wire.NotifyAuthenticationFailed, "the peer picks a PPK that was not offered")
	}
	return &p, nil
}
