package ike

import (
	"errors"

	"culvert/wire"
)

// receive takes a datagram from the header to the row of the exchange table that handles it:
//
//  1. header: version, direction, SPIs; IKE_SA_INIT goes its own, unprotected way
//  2. Message ID: windows, duplicates (RFC 7296, Sections 2.1 to 2.3)
//  3. integrity, decryption, fragments (RFC 7296, Section 3.14; RFC 7383)
//  4. what only an authentic message may do: sign of life, address (RFC 7296, Sections 2.4 and 2.23)
//  5. exchange table: state, payloads, handler
func (sa *SA) receive(ev MessageReceived) {
	h, err := wire.ParseHeader(ev.Datagram)
	switch {
	case err != nil:
		sa.drop(DropMalformed, ev)
	case h.Major() != 2:
		sa.drop(DropVersion, ev)
	case h.FromInitiator() == sa.initiator:
		sa.drop(DropReflected, ev)
	case !sa.addressed(h):
		sa.drop(DropUnknownSPI, ev)
	case h.Exchange == wire.ExchangeSAInit:
		sa.receiveInit(h, ev)
	case sa.wake() != nil:
		sa.drop(DropNoKeys, ev)
	case h.IsResponse():
		sa.receiveResponse(h, ev)
	default:
		sa.receiveRequest(h, ev)
	}
}

// addressed tells whether the SPIs of a header are ours. The peer's is not known before its answer to IKE_SA_INIT.
func (sa *SA) addressed(h wire.Header) bool {
	if sa.initiator {
		return h.InitiatorSPI == sa.spiI && (sa.spiR == 0 || h.ResponderSPI == sa.spiR)
	}
	return h.InitiatorSPI == sa.spiI && (h.ResponderSPI == sa.spiR || h.Exchange == wire.ExchangeSAInit && h.ResponderSPI == 0)
}

func (sa *SA) receiveRequest(h wire.Header, ev MessageReceived) {
	kind, known := sa.responses.lookup(h.MessageID)
	switch kind {
	case arrivalDuplicate:
		sa.receiveDuplicate(h, ev, known)
		return
	case arrivalForgotten:
		sa.drop(DropOldRequest, ev)
		return
	case arrivalOutside:
		sa.receiveOutside(h, ev)
		return
	}
	m, err := sa.open(h, ev)
	switch {
	case err != nil && !authentic(err):
		sa.drop(DropIntegrity, ev)
	case m == nil && err == nil: // fragments are missing
	default:
		sa.handleRequest(h, ev, m, err)
	}
}

// receiveOutside drops a request beyond the window, and tells an authentic sender so (RFC 7296, Section 2.3).
func (sa *SA) receiveOutside(h wire.Header, ev MessageReceived) {
	sa.drop(DropWindow, ev)
	if sa.state == StateEstablished {
		if _, err := wire.Open(sa.in, ev.Datagram); err == nil {
			sa.tellMessageID(h.MessageID)
		}
	}
}

// handleRequest handles a fresh authentic request; malformed says what is wrong with its payloads.
func (sa *SA) handleRequest(h wire.Header, ev MessageReceived, m *wire.Message, malformed error) {
	in := &inbound{Header: h, path: ev.Path, datagram: ev.Datagram, message: m}
	if m != nil {
		in.payloads = m.Payloads
	}
	r := sa.env.row(in)
	if !sa.state.authenticated() && (r == nil || !r.states.has(sa.state)) {
		sa.drop(DropState, ev) // such as INFORMATIONAL before IKE_AUTH; its Message ID is not used up
		return
	}
	sa.responses.accept(h.MessageID)
	sa.confirmChildren(h.MessageID)
	sa.takeNote(in)
	switch {
	case malformed != nil:
		sa.replyError(in, malformed)
	case r == nil || !r.states.has(sa.state):
		sa.replyError(in, invalidSyntax("%v request in state %v", h.Exchange, sa.state))
	default:
		err := check(r.request, in.payloads)
		if err == nil {
			err = r.respond(sa, in)
		}
		if err != nil {
			sa.replyError(in, err)
		}
	}
}

// takeNote does what every fresh authentic message is good for.
func (sa *SA) takeNote(in *inbound) {
	sa.traceReceived(in)
	sa.heard(in.path)
	if sa.state.authenticated() {
		sa.learnWindow(in.payloads)
	}
}

// receiveDuplicate answers a retransmitted request with the same response, and does nothing else with it (RFC 7296,
// Section 2.1). Of a fragmented request only the first fragment counts (RFC 7383, Section 2.6.1).
func (sa *SA) receiveDuplicate(h wire.Header, ev MessageReceived, known response) {
	first, opener := true, known.opener
	if opener == nil {
		opener = sa.in
	}
	var err error
	if h.NextPayload == wire.PayloadSKF {
		var f wire.Fragment
		f, err = wire.OpenFragment(opener, ev.Datagram)
		first = f.Number == 1
	} else {
		_, err = wire.Open(opener, ev.Datagram)
	}
	switch {
	case err != nil && !authentic(err):
		sa.drop(DropIntegrity, ev)
	case known.datagrams == nil || !first:
		sa.drop(DropDuplicate, ev)
	case !sa.responses.again(h.MessageID, sa.now, ev.Path != sa.path):
		sa.drop(DropRateLimit, ev)
	default:
		sa.send(ev.Path, known.datagrams)
		sa.traceAgain(answering(h), "", ev.Path, known.datagrams)
	}
}

func (sa *SA) receiveResponse(h wire.Header, ev MessageReceived) {
	r := sa.requests.find(h.MessageID)
	if r == nil || r.header.Exchange != h.Exchange {
		sa.drop(DropUnexpectedResponse, ev)
		return
	}
	m, err := sa.open(h, ev)
	switch {
	case err != nil && !authentic(err):
		sa.drop(DropIntegrity, ev)
	case m == nil && err == nil: // fragments are missing
	default:
		sa.handleResponse(r, h, ev, m, err)
	}
}

// handleResponse gives an authentic response to the task that waits for it. Nothing is sent about errors in it
// (RFC 7296, Section 2.21), but a malformed one shows that the peers disagree, and ends the SA.
func (sa *SA) handleResponse(r *pendingRequest, h wire.Header, ev MessageReceived, m *wire.Message, malformed error) {
	in := &inbound{Header: h, path: ev.Path, datagram: ev.Datagram, message: m}
	if m != nil {
		in.payloads = m.Payloads
	}
	sa.requests.answered(r)
	sa.timers.stop(timerRetransmit, r.id)
	sa.takeNote(in)
	if malformed == nil {
		malformed = checkResponse(r.task.row().response, in.payloads)
	}
	if malformed != nil {
		r.task.abandoned(sa, malformed)
		sa.fail(fatal(malformed))
		return
	}
	if err := r.task.response(sa, in); err != nil {
		sa.fail(err)
	}
}

// open verifies and decrypts a protected datagram. While fragments are missing it returns neither message nor error.
// An error for which authentic reports true is about the payloads of an authentic message.
func (sa *SA) open(h wire.Header, ev MessageReceived) (*wire.Message, error) {
	if h.NextPayload == wire.PayloadSKF {
		return sa.reassemble(h, ev)
	}
	return wire.Open(sa.in, ev.Datagram)
}

// authentic tells whether this error is about the payloads of a message whose integrity was verified.
func authentic(err error) bool {
	var e *wire.Error
	return errors.As(err, &e) && e.Authentic && e.Notify != wire.NotifyNone
}
