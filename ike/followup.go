package ike

import (
	"slices"

	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// A followUp carries on a CREATE_CHILD_SA exchange of ours with its additional key exchanges. As a task it is one
// IKE_FOLLOWUP_KE exchange after the other; each is over before the next begins (RFC 9370, Section 2.2.4).
type followUp struct {
	series
	of   followed
	ours *suite.KeyExchange
	over bool
}

// A followed task is the CREATE_CHILD_SA exchange that a followUp carries on. It is under way until the followUp is over.
type followed interface {
	// goesOn tells whether the next key exchange is still wanted. If not it has ended the exchange.
	goesOn(sa *SA) bool
	// exchanged makes the SA when all key exchanges are over.
	exchanged(sa *SA, from keySources)
	// outdone tells whether the peer's exchange about the same SA wins over one with this lowest nonce; giveWay ends ours then.
	outdone(sa *SA, lowest []byte) bool
	giveWay(sa *SA)
	// opponent is that exchange while it is under way, or nil.
	opponent() *pendingSA
	// refused handles an error notify.
	refused(sa *SA, n *wire.Notify)
	// broken handles an answer that we cannot use.
	broken(sa *SA, why error)
}

// carryOn makes the SA, or begins the additional key exchanges, which it returns. They go before all that waits, because the peer
// does not wait for long. The exchange with the lowest of the four nonces of a collision ends here: there is nothing to delete
// yet (RFC 9370, Section 2.2.4).
func (sa *SA) carryOn(of followed, s series) *followUp {
	switch {
	case len(s.methods) == 0:
		of.exchanged(sa, s.from)
	case !of.goesOn(sa):
		s.from.clear()
	case of.outdone(sa, s.from.lowest()):
		s.from.clear()
		of.giveWay(sa)
	default:
		sa.renounce(of.opponent())
		f := &followUp{series: s, of: of}
		sa.goOn(f)
		return f
	}
	return nil
}

func (sa *SA) goOn(f *followUp) { sa.tasks = slices.Insert(sa.tasks, 0, task(f)) }

func (f *followUp) row() *row { return exchangeRow("IKE_FOLLOWUP_KE") }

func (f *followUp) begin(sa *SA) bool {
	if f.over || !f.of.goesOn(sa) {
		return false
	}
	sa.start(generateKE{f.methods[0], sa.env.Rand}, func(result any) error {
		ke := result.(keResult)
		switch {
		case f.over:
			sa.requests.withdraw(f)
		case ke.err != nil:
			sa.requests.withdraw(f)
			f.of.broken(sa, ke.err)
		default:
			f.ours = ke.ours
			sa.request(f, []wire.Payload{&wire.KE{Method: f.methods[0], Data: ke.public}, linkNotify(f.link)})
		}
		return nil
	})
	return true
}

// response takes one key exchange, unless the whole is given up.
func (f *followUp) response(sa *SA, in *inbound) error {
	if f.over {
		return nil
	}
	if n, failed := errorOf(in.payloads); failed {
		f.of.refused(sa, n)
		return nil
	}
	ke, _ := wire.Find[*wire.KE](in.payloads)
	link := linkOf(in.payloads)
	if err := f.judge(ke, link); err != nil {
		f.of.broken(sa, err)
		return nil
	}
	sa.finish(in, finishKE{f.ours, ke.Data}, func(result keResult) { f.finished(sa, link, result) })
	return nil
}

// judge holds an answer against what was negotiated: the method, and whether one more key exchange follows (RFC 9370,
// Section 2.2.4).
func (f *followUp) judge(ke *wire.KE, link []byte) error {
	if ke.Method != f.methods[0] {
		return refuse(explain.IKEKeyExchange, 0, "the peer answers additional key exchange %s with %s", keName(f.methods[0]), keName(ke.Method))
	}
	return checkLink(link, len(f.methods)-1)
}

// checkLink holds the presence of a link against the number of key exchanges to come.
func checkLink(link []byte, toCome int) error {
	if (link != nil) != (toCome > 0) {
		return refuse(explain.IKEKeyExchange, 0, "the peer's answer has an ADDITIONAL_KEY_EXCHANGE: %t, while %d key exchanges are to come", link != nil, toCome)
	}
	return nil
}

// finished goes on to the next key exchange, or to the SA.
func (f *followUp) finished(sa *SA, link []byte, ke keResult) {
	switch {
	case f.over:
		ke.shared.Clear()
	case ke.err != nil:
		f.of.broken(sa, keyExchangeFailure(ke.err))
	default:
		f.add(ke.shared)
		f.link = link
		if len(f.methods) > 0 {
			sa.goOn(f)
			return
		}
		f.over = true
		f.of.exchanged(sa, f.from)
	}
}

// cancel ends the key exchanges. An answer that may still come is ignored.
func (f *followUp) cancel(sa *SA) {
	if f == nil || f.over {
		return
	}
	f.over = true
	f.from.clear()
	sa.requests.withdraw(f)
	sa.tasks = slices.DeleteFunc(sa.tasks, func(t task) bool { return t == task(f) })
}

// abandoned leaves the end to the CREATE_CHILD_SA exchange, which is abandoned too.
func (f *followUp) abandoned(sa *SA, why error) {}

// maxStartOvers is how often an exchange is begun again because the peer has forgotten it (RFC 9370, Section 2.2.4:
// "several retries").
const maxStartOvers = 3

// startOver begins an exchange again that the peer has forgotten. When it forgets again and again the IKE SA is closed
// (RFC 9370, Section 2.2.4).
func (sa *SA) startOver(t task, p *patience) {
	if p.startOvers++; p.startOvers > maxStartOvers {
		sa.close(refuse(explain.IKEStateNotFound, wire.NotifyStateNotFound,
			"the peer has forgotten key exchanges that were under way %d times", p.startOvers))
		return
	}
	sa.enqueue(t)
}
