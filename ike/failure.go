package ike

import (
	"errors"
	"fmt"
	"slices"

	"culvert/auth"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// A Failure says why something did not work, for people: one sentence with cause, both sides' values and next action.
// None of it is sent to the peer but Notify and Data (RFC 7296, Section 2.21).
type Failure struct {
	Code   explain.Code
	Notify wire.NotifyType // what the peer is told or told us; 0 is nothing
	Data   []byte          // data of the notify: an offered group, an unsupported payload type
	// Protocol and SPI name the Child SA that the notify is about, if it is about one.
	Protocol wire.ProtocolID
	SPI      []byte
	Fatal    bool // the IKE SA ends
	Err      error
	// Tried is the connection that came nearest, where none is for the peer; or nil.
	Tried *Connection
	// Revoked is the certificate that the peer has proven to own, and that was revoked (DER); or nil.
	Revoked []byte
}

// Error says what is wrong.
func (f *Failure) Error() string {
	if f.Notify == 0 {
		return fmt.Sprintf("%s: %v", f.Code, f.Err)
	}
	return fmt.Sprintf("%s: %v (%v)", f.Code, f.Err, f.Notify)
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// refuse makes a Failure whose notify answers a request.
func refuse(code explain.Code, notify wire.NotifyType, format string, args ...any) *Failure {
	return &Failure{Code: code, Notify: notify, Err: fmt.Errorf(format, args...)}
}

// invalidSyntax makes the Failure for a message that breaks the rules of its exchange.
func invalidSyntax(format string, args ...any) error {
	return refuse(explain.IKEInvalidSyntax, wire.NotifyInvalidSyntax, format, args...)
}

// malformedFailure makes a Failure of what the decoder found wrong with an authentic message.
func malformedFailure(e *wire.Error) *Failure {
	f := &Failure{Code: explain.IKEInvalidSyntax, Notify: e.Notify, Err: e}
	if e.Notify == wire.NotifyUnsupportedCriticalPayload {
		f.Code, f.Data = explain.IKECriticalPayload, []byte{byte(e.Payload)} // RFC 7296, Section 2.5
	}
	return f
}

// authFailure makes a Failure of what was wrong with an authentication; the peer is told no more than that it failed
// (RFC 7296, Section 2.21.2).
func authFailure(f *auth.Failure) *Failure {
	return &Failure{Code: f.Code, Notify: wire.NotifyAuthenticationFailed, Err: f}
}

// noProposal makes the Failure for proposals without anything in common, and says what to add.
func noProposal(name string, err error) *Failure {
	var r *suite.Refusal
	action := "change the proposals of one side"
	if errors.As(err, &r) && weakGroups(r) {
		return refuse(explain.IKEWeakGroup, wire.NotifyNoProposalChosen, "connection %q: %w: have the peer offer group 14 (modp2048); on Windows set the registry value NegotiateDH2048_AES256, or DHGroup by Set-VpnConnectionIPsecConfiguration", name, err)
	}
	if errors.As(err, &r) && len(r.Offered) > 0 {
		action = "add " + suite.FormatProposal(wire.Proposal{Protocol: r.Protocol, Transforms: r.Offered}) + " to its proposals, or change the peer"
	}
	return refuse(explain.IKENoProposal, wire.NotifyNoProposalChosen, "connection %q: %w: %s", name, err, action)
}

// weakGroups tells whether the peer offers nothing but groups of 1024 bits and less, as Windows does unless it is told otherwise.
// They must or should not be used (RFC 8247, Section 2.4).
func weakGroups(r *suite.Refusal) bool {
	strong := func(t wire.Transform) bool {
		return t.ID != wire.KEMODP1024 && t.ID != wire.KEMODP768 && t.ID != wire.KEMODP1024S160
	}
	return r.Type == wire.TransformKE && len(r.Offered) > 0 && !slices.ContainsFunc(r.Offered, strong)
}

// internalFailure makes a Failure of an error that is ours alone.
func internalFailure(err error) *Failure { return &Failure{Code: explain.IKEInternal, Err: err} }

// fatal makes a Failure that ends the IKE SA.
func fatal(err error) *Failure {
	f := *asFailure(err)
	f.Fatal = true
	return &f
}

// errFragmentation is for fragments from a peer with which they were not negotiated (RFC 7383, Section 2.4).
var errFragmentation = errors.New("fragment without negotiation")
