package ike

import (
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// An additionalTask is an IKE_INTERMEDIATE exchange that makes the next additional key exchange (RFC 9370, Section 2.2.2).
type additionalTask struct {
	intermediateTask
	ours *suite.KeyExchange
}

func (t *additionalTask) begin(sa *SA) bool {
	sa.start(generateKE{sa.initial.additional[0], sa.env.Rand}, func(result any) error {
		ke := result.(keResult)
		if ke.err != nil {
			return fatal(ke.err)
		}
		t.ours = ke.ours
		t.payloads = []wire.Payload{&wire.KE{Method: t.ours.Method(), Data: ke.public}}
		sa.request(t, t.payloads)
		return nil
	})
	return true
}

// response finishes the key exchange. A value that cannot be used ends the attempt, and nothing more is sent
// (draft-ietf-ipsecme-ikev2-mlkem-08, Section 2.2).
func (t *additionalTask) response(sa *SA, in *inbound) error {
	if err := t.cover(sa, in); err != nil {
		return err
	}
	answer, ok := wire.Find[*wire.KE](in.payloads)
	if !ok || answer.Method != t.ours.Method() {
		return fatal(refuse(explain.IKEKeyExchange, 0, "%v answers an additional key exchange %s with something else",
			sa.path.Remote, keName(t.ours.Method())))
	}
	sa.finish(in, finishKE{t.ours, answer.Data}, func(ke keResult) {
		err := ke.err
		if err == nil {
			err = sa.mixAdditional(ke)
		}
		if err == nil {
			err = sa.proceed()
		}
		if err != nil {
			sa.fail(fatal(&Failure{Code: explain.IKEKeyExchange, Err: err}))
		}
	})
	return nil
}

// respondAdditional answers an IKE_INTERMEDIATE request with the next additional key exchange, whose method must be the one that
// was agreed on (RFC 9370, Section 2.2.2).
func (sa *SA) respondAdditional(in *inbound) error {
	method := sa.initial.additional[0]
	ke, ok := wire.Find[*wire.KE](in.payloads)
	if !ok || ke.Method != method {
		return invalidSyntax("IKE_INTERMEDIATE without the agreed key exchange %s", keName(method))
	}
	sa.start(respondKE{method, ke.Data, sa.env.Rand}, func(result any) error {
		if err := sa.answerAdditional(in, method, result.(keResult)); err != nil {
			sa.replyError(in, err)
		}
		return nil
	})
	return nil
}

// answerAdditional answers; the keys change behind the answer.
func (sa *SA) answerAdditional(in *inbound, method wire.TransformID, ke keResult) error {
	if ke.err != nil {
		return refuse(explain.IKEKeyExchange, wire.NotifyInvalidSyntax, "value of %v for %s: %w", sa.path.Remote, keName(method), ke.err)
	}
	return sa.concludeIntermediate(in, []wire.Payload{&wire.KE{Method: method, Data: ke.public}}, func() error {
		return sa.mixAdditional(ke)
	})
}

// mixAdditional takes the secret of the additional key exchange that is over into the keys, which all change. The secret is
// cleared.
func (sa *SA) mixAdditional(ke keResult) error {
	s := sa.initial
	keys, err := suite.MixIKEKeys(sa.suite, sa.keys.D, ke.shared, s.nonceI, s.nonceR, sa.spiI, sa.spiR)
	ke.shared.Clear()
	if err != nil {
		return err
	}
	s.additional = s.additional[1:]
	return sa.changeKeys(keys)
}
