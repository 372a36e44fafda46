package eap

import (
	"context"

	"culvert/secret"
)

// A Method is one way to authenticate with what it needs for it (credentials, trust, accounts), for one of the two roles.
// Peer and Authenticator are given the methods that they may use, so there is no registry. A Method is configured once, and
// safe for concurrent use.
type Method interface {
	Type() Type
	// Properties says what may be expected of the method.
	Properties() Properties
	// Begin starts one run. The identity is that of the Identity response, on both sides; it is not authenticated.
	Begin(s Session, identity string) (Exchange, error)
}

// Properties are the security claims of a method that somebody decides by (RFC 3748, Section 7.2.1).
type Properties struct {
	Mutual     bool // both sides prove who they are
	Keys       bool // it derives an MSK
	Guarded    bool // who listens or poses as the server cannot try passwords offline
	Tunnel     bool // it has conversations inside itself, and is not begun inside another tunnel
	TunnelOnly bool // it shows the password: only inside a tunnel
}

// EAPOnly reports whether the method may be all that authenticates the server (RFC 5998, Section 4).
func (p Properties) EAPOnly() bool { return p.Mutual && p.Keys && p.Guarded }

// An Exchange is one run of a method in one role. One goroutine at a time uses it.
type Exchange interface {
	// Step takes what arrived and returns what follows. The machine has checked code, identifier and type.
	Step(ctx context.Context, in Input) Step
	// Close ends the run and clears its secrets. It may be called more than once.
	Close()
}

// An Input is what a step of a method works with.
type Input struct {
	// Packet is the request (client) or response (server). The first step of a server has none. It is not kept.
	Packet *Packet
	// Identifier is that of the packet that the step makes; methods that protect whole packets need it.
	Identifier uint8
}

// A Step is what one step of a method comes to.
//
//	Continuing, Data      send it and go on
//	Continuing, Discard   the packet was not for this run, as with a wrong integrity check: nothing changes
//	Succeeded             the method has authenticated the other side. A client sends Data as its last response and then
//	                      accepts EAP-Success, or further requests of the method. A server sends EAP-Success.
//	Failed, Data          (client) send it, then wait for EAP-Failure; the conversation fails with Err
//	Failed                end at once with Err; a server sends EAP-Failure, but after its first step, which had no
//	                      packet: then the method is not for this identity, and the next one is tried
type Step struct {
	State    State
	Data     []byte // type-data of the response or request; not nil means send, even if empty
	Discard  bool
	MSK      secret.Bytes // of Succeeded: 64 octets, or nil; the caller's
	Identity string       // of Succeeded on a server: whom it has authenticated; empty is the identity of Begin
	Grant    *Grant       // of Succeeded on a server
	Err      error        // of Failed: a *Failure
	Verdict  error        // of Continuing on a server that has just told the client that it is refused: a *Failure
}

// Fail returns the step that ends a run.
func Fail(err error) Step { return Step{State: Failed, Err: err} }
