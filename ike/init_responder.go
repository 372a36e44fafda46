package ike

import (
	"encoding/binary"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// halfOpenTime is how long a peer may take to authenticate unless HalfOpenLimits say otherwise.
const halfOpenTime = 30 * time.Second

// An initChoice is what a responder makes of an IKE_SA_INIT request before it keeps any state.
type initChoice struct {
	conn *Connection
	sel  suite.Selection
}

// chooseInit finds the connection for the addresses and the algorithms for the offer (RFC 7296, Section 2.7). Identities
// come later; until then the most specific connection with common algorithms stands for all. The error is what the peer is
// told, in the clear and without an SA (RFC 7296, Section 1.2).
func chooseInit(cs *Connections, path dataplane.Path, payloads []wire.Payload) (initChoice, *Failure) {
	offer, _ := wire.Find[*wire.SA](payloads)
	_, intermediate := wire.FindNotify(payloads, wire.NotifyIntermediateExchangeSupported) // RFC 9370, Section 2.2.1
	refusal := refuse(explain.IKENoConnection, wire.NotifyNoProposalChosen, "no connection for %v at %v%s",
		path.Remote.Addr(), path.Local.Addr(), overTCP(path))
	for c := range cs.ForPath(path) {
		sel, err := suite.Select(offer.Proposals, c.Proposals, suite.SelectOptions{NoAdditional: !intermediate})
		if err == nil {
			return initChoice{c, sel}, checkGroup(payloads, sel)
		}
		if refusal.Code == explain.IKENoConnection {
			refusal = noProposal(c.Name, err)
			refusal.Tried = c
		}
	}
	return initChoice{}, refusal
}

// overTCP is what messages say about a path that is a stream.
func overTCP(path dataplane.Path) string {
	if path.Transport == dataplane.TransportTCP {
		return " over TCP"
	}
	return ""
}

// checkGroup holds the KE payload against the chosen key exchange; on a mismatch the peer is told which one we want
// (RFC 7296, Section 1.2).
func checkGroup(payloads []wire.Payload, sel suite.Selection) *Failure {
	ke, _ := wire.Find[*wire.KE](payloads)
	chosen, ok := sel.Get(wire.TransformKE)
	if ok && ke.Method == chosen.ID {
		return nil
	}
	f := refuse(explain.IKEKeyExchange, wire.NotifyInvalidKEPayload, "the peer sent key exchange %s, we want %s", keName(ke.Method), keName(chosen.ID))
	f.Data = binary.BigEndian.AppendUint16(nil, uint16(chosen.ID))
	return f
}

// newResponder makes the half-open IKE SA that an IKE_SA_INIT request asks for.
func newResponder(env *Env, now time.Time, spi wire.SPI, in *inbound, choice initChoice) *SA {
	sa := &SA{env: env, id: env.NewSAID(), conn: choice.conn, suite: choice.sel, spiI: in.InitiatorSPI, spiR: spi, path: in.path, now: now,
		created: now, lastHeard: now, initial: &initialState{messageI: in.datagram}}
	if sa.inStream() {
		sa.emit(KeepStream{Path: sa.path})
	}
	sa.timers.set(timerHalfOpen, 0, now.Add(env.Gateway.HalfOpen.withDefaults().Timeout))
	return sa
}

// beginResponse is the first event of a responder's SA.
func (sa *SA) beginResponse(in *inbound) {
	sa.responses.accept(in.MessageID)
	sa.traceReceived(in)
	if err := respondInit(sa, in); err != nil {
		sa.refuseInit(in, err)
	}
}

// respondInit handles an IKE_SA_INIT request whose proposal is chosen (RFC 7296, Section 1.2).
func respondInit(sa *SA, in *inbound) error {
	nonce, err := checkNonce(in.payloads, nil)
	if err != nil {
		return err
	}
	s := sa.initial
	s.nonceI = nonce
	if s.nonceR, err = sa.newNonce(); err != nil {
		return err
	}
	sa.learn(in)
	if err := sa.choosePPK(in); err != nil {
		return err
	}
	ke, _ := wire.Find[*wire.KE](in.payloads)
	sa.start(respondKE{ke.Method, ke.Data, sa.env.Rand}, func(result any) error {
		if err := sa.answerInit(in, ke.Method, result.(keResult)); err != nil {
			sa.refuseInit(in, err)
		}
		return nil
	})
	return nil
}

// answerInit derives the keys and answers.
func (sa *SA) answerInit(in *inbound, method wire.TransformID, ke keResult) error {
	if ke.err != nil {
		return refuse(explain.IKEKeyExchange, wire.NotifyInvalidSyntax, "key exchange value of %v: %w", sa.path.Remote, ke.err)
	}
	if err := sa.deriveKeys(sa.suite, ke); err != nil {
		return err
	}
	sa.state = StateAuthenticating
	payloads := []wire.Payload{&wire.SA{Proposals: []wire.Proposal{sa.suite.Proposal}}, &wire.KE{Method: method, Data: ke.public},
		&wire.Nonce{Data: sa.initial.nonceR}}
	payloads = append(payloads, sa.announcements()...)
	payloads = append(payloads, sa.certReqs()...)
	payloads = append(payloads, &wire.Notify{NotifyType: wire.NotifyMultipleAuthSupported}) // RFC 4739, Section 2.1
	payloads = append(payloads, sa.announceInInit()...)
	if sa.conn.Childless != ChildlessNever {
		payloads = append(payloads, &wire.Notify{Protocol: wire.ProtocolIKE, NotifyType: wire.NotifyChildlessIKEv2Supported}) // RFC 6023, Section 4
	}
	sa.reply(in, payloads)
	_, sent := sa.responses.lookup(in.MessageID)
	sa.initial.messageR = slices.Concat(sent.datagrams...)
	return nil
}

// refuseInit ends a half-open SA with an unprotected notify. The responder's SPI is zero, as there is no IKE SA
// (RFC 7296, Section 2.6).
func (sa *SA) refuseInit(in *inbound, err error) {
	f := asFailure(err)
	if f.Notify != wire.NotifyNone {
		sa.send(in.path, [][]byte{refusal(in.Header, f)})
	}
	sa.terminate(fatal(f))
}

// refusal makes the unprotected response to a request that leads to no IKE SA.
func refusal(h wire.Header, f *Failure) []byte {
	h.Flags = h.Flags&wire.FlagInitiator ^ wire.FlagInitiator | wire.FlagResponse
	m := wire.Message{Header: h, Payloads: []wire.Payload{&wire.Notify{NotifyType: f.Notify, Data: f.Data}}}
	return m.Append(nil)
}

func halfOpenFailure(sa *SA) *Failure {
	f := refuse(explain.IKEHalfOpen, 0, "%v did not authenticate within %v: it got our answer, and refused it, or its IKE_AUTH is lost on the way",
		sa.path.Remote, sa.now.Sub(sa.created))
	f.Fatal = true
	return f
}
