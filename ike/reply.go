package ike

import (
	"errors"
	"time"

	"culvert/auth"
	"culvert/eap"
	"culvert/wire"
)

// responseMemory is how long a response is kept for a retransmitted request (RFC 7296, Section 2.1).
const responseMemory = 3 * time.Minute

// reply answers a request and remembers the response.
func (sa *SA) reply(in *inbound, payloads []wire.Payload) {
	if sa.state == StateClosed {
		return
	}
	h := sa.header(in.Exchange, in.MessageID, wire.FlagResponse)
	datagrams, err := sa.protect(h, payloads)
	if err != nil {
		sa.fail(fatal(err))
		return
	}
	sa.responses.answer(in.MessageID, datagrams)
	sa.send(in.path, datagrams)
	sa.traceSent(h, payloads, datagrams)
	sa.timers.set(timerForget, 0, sa.now.Add(responseMemory))
}

// replyError answers a request with the notify of a Failure, and reports it. An error without one stays inside: the peer
// is asked to come back later, or is not authenticated.
func (sa *SA) replyError(in *inbound, err error) {
	f := asFailure(err)
	sa.reply(in, []wire.Payload{errorNotify(in, f)})
	if f.Notify == wire.NotifyInvalidSyntax || !sa.state.authenticated() {
		f = fatal(f) // in both peers, without a Delete payload (RFC 7296, Sections 2.21.2 and 2.21.3)
	}
	sa.fail(f)
}

func errorNotify(in *inbound, f *Failure) *wire.Notify {
	n := &wire.Notify{NotifyType: f.Notify, Protocol: f.Protocol, SPI: f.SPI, Data: f.Data}
	switch {
	case f.Notify != wire.NotifyNone:
	case in.Exchange == wire.ExchangeAuth:
		n.NotifyType = wire.NotifyAuthenticationFailed
	default:
		n.NotifyType = wire.NotifyTemporaryFailure
	}
	return n
}

// errorOf returns the first error notify among payloads.
func errorOf(payloads []wire.Payload) (*wire.Notify, bool) {
	for _, p := range payloads {
		if n, ok := p.(*wire.Notify); ok && n.NotifyType.IsError() {
			return n, true
		}
	}
	return nil, false
}

// asFailure makes a Failure of any error.
func asFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	var unproven *auth.Failure
	if errors.As(err, &unproven) {
		return authFailure(unproven)
	}
	var unfinished *eap.Failure
	if errors.As(err, &unfinished) {
		return &Failure{Code: unfinished.Code, Notify: wire.NotifyAuthenticationFailed, Err: unfinished}
	}
	var malformed *wire.Error
	if errors.As(err, &malformed) {
		return malformedFailure(malformed)
	}
	return internalFailure(err)
}
