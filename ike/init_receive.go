package ike

import (
	"bytes"

	"culvert/suite"
	"culvert/wire"
)

// receiveInit takes an IKE_SA_INIT message, which nothing protects.
func (sa *SA) receiveInit(h wire.Header, ev MessageReceived) {
	if sa.initiator {
		sa.receiveInitAnswer(h, ev)
		return
	}
	sa.repeatInit(h, ev)
}

// maxInitRepeats is how often an IKE_SA_INIT response is repeated: more often than an initiator asks while it may, and not
// as often as somebody would who has us send large answers to small requests in another's name.
const maxInitRepeats = 16

// repeatInit answers a retransmitted request with the same response, as long as IKE_AUTH has not come. Anything else is
// ignored (RFC 7296, Section 2.1).
func (sa *SA) repeatInit(h wire.Header, ev MessageReceived) {
	_, known := sa.responses.lookup(0)
	switch {
	case sa.initial == nil || !bytes.Equal(sa.initial.messageI, ev.Datagram) || known.datagrams == nil:
		sa.drop(DropDuplicate, ev)
		return
	case sa.initial.repeats == maxInitRepeats:
		sa.drop(DropRateLimit, ev)
		return
	}
	sa.initial.repeats++
	sa.send(ev.Path, known.datagrams)
	sa.traceAgain(answering(h), "", ev.Path, known.datagrams)
}

// receiveInitAnswer hands an answer to the task that waits for it. The request stays pending unless the task says
// otherwise.
func (sa *SA) receiveInitAnswer(h wire.Header, ev MessageReceived) {
	r := sa.requests.find(0)
	if sa.state != StateConnecting || !h.IsResponse() || h.MessageID != 0 || r == nil || sa.initial.finishing {
		sa.drop(DropUnexpectedResponse, ev)
		return
	}
	m, err := wire.Parse(ev.Datagram)
	if err != nil {
		sa.drop(DropMalformed, ev)
		return
	}
	in := &inbound{Header: h, path: ev.Path, datagram: ev.Datagram, payloads: m.Payloads}
	sa.traceReceived(in)
	if err := r.task.response(sa, in); err != nil && sa.state == StateConnecting {
		sa.distrust(err)
	}
}

// halfOpenExpired ends an SA that was not established in time.
func (sa *SA) halfOpenExpired() {
	switch {
	case sa.state.authenticated():
	case sa.initial != nil && sa.initial.trouble != nil:
		sa.terminate(fatal(sa.initial.trouble))
	default:
		sa.terminate(halfOpenFailure(sa))
	}
}

// proposalStrings shows proposals to people.
func proposalStrings(list []wire.Proposal) string {
	text := ""
	for i, p := range list {
		if i > 0 {
			text += ", "
		}
		text += suite.FormatProposal(p)
	}
	return text
}
