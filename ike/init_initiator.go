package ike

import (
	"encoding/binary"
	"slices"
	"time"

	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// Limits of one attempt to connect.
const (
	maxCookies   = 4                // cookies that we follow (RFC 7296, Section 2.6)
	troubleGrace = 10 * time.Second // how long a better answer is waited for after an error (RFC 7296, Section 2.21.1)
)

// newInitiator begins an IKE SA. The first of children is made inside IKE_AUTH, the others follow.
func newInitiator(env *Env, now time.Time, spi wire.SPI, ev Initiate) *SA {
	sa := &SA{env: env, id: env.NewSAID(), conn: ev.Connection, initiator: true, spiI: spi, path: ev.Path, now: now, created: now, lastHeard: now}
	sa.ticket, sa.heritage = ev.Ticket, ev.Heritage
	sa.initial = &initialState{wishes: ev.VirtualIPs, trigger: ev.Trigger, children: ev.Children, fallback: ev.Fallback, redirectedFrom: ev.RedirectedFrom, initialContact: ev.InitialContact && ev.Connection.InitialContact}
	sa.news(News{Kind: NewsConnecting})
	if sa.inStream() {
		sa.stream.originator = true
		sa.dial()
		return sa
	}
	sa.enqueue(&initTask{method: firstKE(sa.conn.Proposals)})
	return sa
}

// An initTask is the IKE_SA_INIT exchange (RFC 7296, Section 1.2), with its retries for a cookie or another group.
type initTask struct{ method wire.TransformID }

func (t *initTask) row() *row { return exchangeRow("IKE_SA_INIT") }

func (t *initTask) begin(sa *SA) bool {
	sa.start(generateKE{t.method, sa.env.Rand}, func(result any) error {
		ke := result.(keResult)
		if ke.err != nil {
			return fatal(ke.err)
		}
		sa.initial.exchange = ke.ours
		sa.initial.tried = append(sa.initial.tried, t.method)
		return t.send(sa)
	})
	return true
}

// send sends the request; a retry has Message ID 0 again (RFC 7296, Section 2.2), and the same nonce.
func (t *initTask) send(sa *SA) error {
	s := sa.initial
	if s.nonceI == nil {
		var err error
		if s.nonceI, err = sa.newNonce(); err != nil {
			return fatal(err)
		}
	}
	var payloads []wire.Payload
	if n := len(s.cookies); n > 0 {
		payloads = append(payloads, &wire.Notify{NotifyType: wire.NotifyCookie, Data: s.cookies[n-1]})
	}
	payloads = append(payloads, &wire.SA{Proposals: ikeOffer(sa.conn.Proposals)},
		&wire.KE{Method: t.method, Data: s.exchange.Public()}, &wire.Nonce{Data: s.nonceI})
	sa.requests.next = 0
	sa.request(t, append(payloads, sa.announcements()...))
	if r := sa.requests.find(0); r != nil {
		s.messageI = r.datagrams[0]
	}
	return nil
}

// ikeOffer numbers the configured proposals.
func ikeOffer(configured []wire.Proposal) []wire.Proposal {
	offer := slices.Clone(configured)
	for i := range offer {
		offer[i].Protocol, offer[i].Number, offer[i].SPI = wire.ProtocolIKE, uint8(i+1), nil
	}
	return offer
}

func (t *initTask) abandoned(sa *SA, why error) {}

// response handles an answer, of which nothing is authenticated. What cannot be used is an error, which ends nothing: the
// request stays, and is sent again until a better answer comes or it is time to give up (RFC 7296, Section 2.21.1).
func (t *initTask) response(sa *SA, in *inbound) error {
	if n, ok := wire.FindNotify(in.payloads, wire.NotifyCookie); ok {
		return t.retryCookie(sa, n)
	}
	if n, ok := wire.FindNotify(in.payloads, wire.NotifyInvalidKEPayload); ok {
		return t.retryGroup(sa, n)
	}
	if n, ok := wire.FindNotify(in.payloads, wire.NotifyRedirect); ok && in.ResponderSPI == 0 {
		return t.redirectInit(sa, n)
	}
	if n, ok := errorOf(in.payloads); ok {
		return initRefused(sa, n)
	}
	return t.accept(sa, in)
}

// retryCookie sends the request again with the cookie as its first payload and everything else unchanged (RFC 7296,
// Section 2.6). The cookie stays for a retry with another group (RFC 7296, Section 2.6.1).
func (t *initTask) retryCookie(sa *SA, n *wire.Notify) error {
	s := sa.initial
	switch {
	case len(n.Data) < 1 || len(n.Data) > maxCookieSize:
		return invalidSyntax("cookie of %d octets", len(n.Data))
	case slices.ContainsFunc(s.cookies, func(c []byte) bool { return slices.Equal(c, n.Data) }): // an old answer once more
		return nil
	case len(s.cookies) >= maxCookies:
		return refuse(explain.IKECookieLoop, 0, "%v asks for a cookie for the %d. time", sa.path.Remote, len(s.cookies)+1)
	}
	s.cookies = append(s.cookies, slices.Clone(n.Data))
	sa.dropRequest(0)
	return t.send(sa)
}

// retryGroup makes a key exchange of the group that the responder asks for, if it is one that we offer (RFC 7296,
// Section 1.2). A group that was tried is not tried again.
func (t *initTask) retryGroup(sa *SA, n *wire.Notify) error {
	if len(n.Data) != 2 {
		return invalidSyntax("INVALID_KE_PAYLOAD with %d octets of data", len(n.Data))
	}
	method := wire.TransformID(binary.BigEndian.Uint16(n.Data))
	switch {
	case !offersKE(sa.conn.Proposals, method):
		return refuse(explain.IKEKeyExchangeLoop, n.NotifyType, "%v asks for key exchange %s, which connection %q does not offer",
			sa.path.Remote, keName(method), sa.conn.Name)
	case slices.Contains(sa.initial.tried, method):
		return refuse(explain.IKEKeyExchangeLoop, n.NotifyType, "%v asks for key exchange %s again", sa.path.Remote, keName(method))
	}
	sa.dropRequest(0)
	sa.enqueue(&initTask{method: method})
	return nil
}

func keName(method wire.TransformID) string {
	return suite.TransformName(wire.Transform{Type: wire.TransformKE, ID: method})
}

// dropRequest forgets a request that another one takes the place of.
func (sa *SA) dropRequest(id uint32) {
	if r := sa.requests.find(id); r != nil {
		sa.requests.answered(r)
		sa.timers.stop(timerRetransmit, id)
	}
}

// initRefused explains an error notify.
func initRefused(sa *SA, n *wire.Notify) error {
	if n.NotifyType == wire.NotifyNoProposalChosen {
		return refuse(explain.IKENoProposal, n.NotifyType, "%v accepts none of the proposals of connection %q, which are %s%s",
			sa.path.Remote, sa.conn.Name, proposalStrings(sa.conn.Proposals), sa.insistence())
	}
	return refuse(explain.IKEPeerRefused, n.NotifyType, "%v refuses IKE_SA_INIT", sa.path.Remote)
}

// accept takes the responder's choice and has the shared secret computed. Only when that succeeds the exchange is over.
func (t *initTask) accept(sa *SA, in *inbound) error {
	ke, err := t.checkAnswer(sa, in)
	if err != nil {
		return err
	}
	sa.initial.finishing = true
	sa.start(finishKE{sa.initial.exchange, ke.Data}, func(result any) error {
		sa.initial.finishing = false
		if err := t.finish(sa, in, result.(keResult)); err != nil {
			sa.distrust(err)
		}
		return nil
	})
	return nil
}

func (t *initTask) checkAnswer(sa *SA, in *inbound) (*wire.KE, error) {
	if err := checkResponse(t.row().response, in.payloads); err != nil {
		return nil, err
	}
	answer, _ := wire.Find[*wire.SA](in.payloads)
	ke, _ := wire.Find[*wire.KE](in.payloads)
	if _, err := checkNonce(in.payloads, sa.initial.nonceI); err != nil {
		return nil, err
	}
	switch {
	case in.ResponderSPI == 0:
		return nil, invalidSyntax("the responder's SPI is zero")
	case len(answer.Proposals) != 1:
		return nil, invalidSyntax("%d proposals in the answer", len(answer.Proposals))
	case ke.Method != t.method:
		return nil, invalidSyntax("key exchange %s in the answer to %s", keName(ke.Method), keName(t.method))
	}
	if err := suite.CheckAccepted(ikeOffer(sa.conn.Proposals), answer.Proposals[0]); err != nil {
		return nil, &Failure{Code: explain.IKEBadProposal, Err: err}
	}
	chosen := suite.Selection{Proposal: answer.Proposals[0]}
	if _, ok := wire.FindNotify(in.payloads, wire.NotifyIntermediateExchangeSupported); !ok && len(chosen.Additional()) > 0 {
		return nil, refuse(explain.IKEBadProposal, 0, "%v selects additional key exchanges without IKE_INTERMEDIATE", sa.path.Remote)
	}
	if err := sa.judgePPK(in, chosen); err != nil {
		return nil, err
	}
	if k, ok := chosen.Get(wire.TransformKE); !ok || k.ID != t.method {
		return nil, invalidSyntax("the chosen key exchange is not the one of the KE payload")
	}
	return ke, nil
}

// finish derives the keys and goes on to IKE_AUTH.
func (t *initTask) finish(sa *SA, in *inbound, ke keResult) error {
	if ke.err != nil {
		return &Failure{Code: explain.IKEKeyExchange, Err: ke.err}
	}
	s := sa.initial
	answer, _ := wire.Find[*wire.SA](in.payloads)
	nonce, _ := wire.Find[*wire.Nonce](in.payloads)
	s.nonceR, s.messageR, sa.spiR = nonce.Data, in.datagram, in.ResponderSPI
	if err := sa.deriveKeys(suite.Selection{Proposal: answer.Proposals[0]}, ke); err != nil {
		sa.spiR = 0
		return err
	}
	sa.dropRequest(0)
	sa.timers.stop(timerHalfOpen, 0)
	s.exchange, s.certReqs, s.trouble = nil, nil, nil
	sa.learnCertReqs(in.payloads)
	sa.state, sa.lastHeard = StateAuthenticating, sa.now
	sa.learn(in)
	sa.floatPort()
	if err := sa.proceed(); err != nil {
		sa.fail(fatal(err))
	}
	return nil
}

// distrust keeps an error of an unauthenticated answer in mind, and gives better answers some time to come.
func (sa *SA) distrust(err error) {
	f := *asFailure(err)
	if f.Fatal = sa.inStream(); f.Fatal { // nothing better comes in this stream (RFC 9329, Section 6.4)
		sa.fail(&f)
		return
	}
	if sa.initial.trouble == nil {
		sa.timers.set(timerHalfOpen, 0, sa.now.Add(troubleGrace))
		sa.fail(&f)
	}
	sa.initial.trouble = &f
}

// initHint tells what unauthenticated answers said, for an attempt that ends without a good one.
func (sa *SA) initHint() string {
	if sa.initial == nil || sa.initial.trouble == nil {
		return ""
	}
	return "; unauthenticated answers said: " + sa.initial.trouble.Error()
}
