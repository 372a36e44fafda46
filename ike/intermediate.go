package ike

import (
	"encoding/binary"
	"slices"

	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// maxIntermediate bounds the IKE_INTERMEDIATE exchanges of an IKE SA (RFC 9242, Section 5): one for each of seven additional
// key exchanges, one for the PPK, one for anything else.
const maxIntermediate = 7 + 1 + 1

// An intAuth is what AUTH covers of the IKE_INTERMEDIATE exchanges that took place (RFC 9242, Section 3.3.2).
type intAuth struct {
	i, r      []byte // IntAuth_iN, IntAuth_rN
	mid       uint32 // IKE_AUTH_MID
	exchanges int    // N
}

// octets returns IntAuth, which is nothing when no exchange took place.
func (a *intAuth) octets() []byte {
	if a.exchanges == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint32(slices.Concat(a.i, a.r), a.mid)
}

// cover adds an exchange to IntAuth, with the keys that the exchange began with. IKE_AUTH has the Message ID after the last one.
func (a *intAuth) cover(prf *suite.PRF, keys suite.IKEKeys, id uint32, request, response []byte) {
	a.i = prf.Sum(keys.Pi, a.i, request)
	a.r = prf.Sum(keys.Pr, a.r, response)
	a.mid, a.exchanges = id+1, a.exchanges+1
}

// An intermediateTask is an IKE_INTERMEDIATE exchange of the initiator (RFC 9242, Section 3.2), whatever it is for.
type intermediateTask struct{ payloads []wire.Payload }

func (t *intermediateTask) row() *row { return exchangeRow("IKE_INTERMEDIATE") }

func (t *intermediateTask) abandoned(sa *SA, why error) {}

// cover takes the answer into IntAuth. An error notify in it ends the attempt: it comes from whom we share the keys with, and
// there will be no other answer.
func (t *intermediateTask) cover(sa *SA, in *inbound) error {
	if n, ok := errorOf(in.payloads); ok {
		return fatal(refuse(explain.IKEPeerRefused, n.NotifyType, "%v refuses IKE_INTERMEDIATE", sa.path.Remote))
	}
	prf, err := sa.prf()
	if err != nil {
		return fatal(err)
	}
	request := wire.IntermediateOctets(sa.header(wire.ExchangeIntermediate, in.MessageID, 0), t.payloads)
	sa.initial.intermediate.cover(prf, sa.keys, in.MessageID, request, in.message.IntermediateOctets())
	sa.learnAnnounced(in.payloads)
	return nil
}

// isIntermediate tells whether a task is an IKE_INTERMEDIATE exchange.
func isIntermediate(t task) bool { return t.row().exchange == wire.ExchangeIntermediate }

// proceed begins what comes next after IKE_SA_INIT: the additional key exchanges in their order, the PPK, then IKE_AUTH.
func (sa *SA) proceed() error {
	switch s := sa.initial; {
	case len(s.additional) > 0:
		sa.enqueue(&additionalTask{})
	case s.ppk.intermediate:
		sa.enqueue(&ppkTask{})
	default:
		if err := sa.checkResistance(sa.conn, 0); err != nil {
			return err
		}
		sa.enqueue(&authTask{})
	}
	return nil
}

// respondIntermediate handles an IKE_INTERMEDIATE request. What has been agreed on says how many there are; one that brings
// nothing is answered with nothing.
func respondIntermediate(sa *SA, in *inbound) error {
	switch s := sa.initial; {
	case !s.intermediateAgreed:
		return invalidSyntax("IKE_INTERMEDIATE, which was not agreed on")
	case s.intermediate.exchanges >= maxIntermediate:
		return invalidSyntax("more than %d IKE_INTERMEDIATE exchanges", maxIntermediate)
	case in.MessageID != uint32(s.intermediate.exchanges)+1: // such as one after IKE_AUTH has begun
		return invalidSyntax("IKE_INTERMEDIATE as message %d after %d of them", in.MessageID, s.intermediate.exchanges)
	case len(s.additional) > 0:
		return sa.respondAdditional(in)
	case count(in.payloads, wire.PayloadKE) > 0:
		return invalidSyntax("a KE payload in IKE_INTERMEDIATE without a key exchange that was agreed on")
	}
	return sa.concludeIntermediate(in, nil, func() error { return nil })
}

// concludeIntermediate answers a request, with the choice of a PPK if that is due. What changes the keys comes behind the
// answer: first what the exchange is for, then the PPK.
func (sa *SA) concludeIntermediate(in *inbound, payloads []wire.Payload, mix func() error) error {
	answer, picked, err := sa.choosePicked(in, len(sa.initial.additional) <= len(payloads))
	if err == nil {
		err = sa.answerIntermediate(in, append(append(payloads, answer...), sa.announceInIntermediate()...))
	}
	if err == nil {
		err = mix()
	}
	if err == nil && picked != nil {
		err = sa.mixPPK(picked)
	}
	return err
}

// answerIntermediate answers the request and takes both messages into IntAuth.
func (sa *SA) answerIntermediate(in *inbound, payloads []wire.Payload) error {
	prf, err := sa.prf()
	if err != nil {
		return err
	}
	response := wire.IntermediateOctets(sa.header(in.Exchange, in.MessageID, wire.FlagResponse), payloads)
	sa.initial.intermediate.cover(prf, sa.keys, in.MessageID, in.message.IntermediateOctets(), response)
	if sa.reply(in, payloads); sa.state == StateClosed {
		return errNoAnswer
	}
	return nil
}

// checkIntermediateDone refuses an IKE_AUTH request that comes before all was done that was agreed on.
func (sa *SA) checkIntermediateDone() error {
	if n := len(sa.initial.additional); n > 0 {
		return invalidSyntax("IKE_AUTH while %d additional key exchanges are missing", n)
	}
	return nil
}
