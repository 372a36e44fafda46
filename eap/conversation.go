// Package eap is the Extensible Authentication Protocol (RFC 3748): packets, the machines of peer and authenticator, and
// the contracts between them, their methods, and those who carry the packets.
//
// The lower layer (IKE_AUTH, RADIUS, a TLS tunnel) holds a Conversation and gives it each packet that arrives. A Peer is the
// Client of such conversations, an Authenticator the Server; what they run is a list of Methods. Retransmission is the
// business of the lower layer.
package eap

import (
	"context"
	"crypto/rand"
	"io"
	"net/netip"
	"time"

	"culvert/secret"
)

// A Conversation is one run of EAP on one side. One goroutine at a time uses it.
type Conversation interface {
	// Step takes the other side's packet and returns what follows. A server begins with nil; a client has no such step.
	// It may block, as on a RADIUS server or a person at a prompt, until ctx ends. The packet is not kept.
	Step(ctx context.Context, packet []byte) Result
	// Close ends a conversation at any time after Step returned, and clears its secrets. It may be called more than once.
	Close()
}

// A State says how far a conversation or a method is.
type State uint8

// The states. Continuing is the zero value.
const (
	Continuing State = iota
	Succeeded
	Failed
)

// String names the state.
func (s State) String() string {
	switch s {
	case Succeeded:
		return "succeeded"
	case Failed:
		return "failed"
	}
	return "continuing"
}

// A Result is what one step of a conversation comes to.
type Result struct {
	Packet []byte // to send, nil for nothing; a server sends Success and Failure, a client nothing after them
	// Discarded says that the packet was not for this conversation and has changed nothing (RFC 3748, Section 4). A lower
	// layer that delivers reliably and in order, as IKE does, need not wait for a better one.
	Discarded bool
	Notice    string // on a client: a message of the server for the user (RFC 3748, Section 5.2), fit to be shown
	State     State
	// Declined is set of Failed on a server whose client has said with a Nak that it does none of its methods (RFC 3748, Section
	// 5.3.1): nothing has begun, and another server may go on from there.
	Declined *Before
	Content  bool         // of Continuing on a client: the method is done; a tunnel may end here without telling us
	Method   Type         // that authenticates, once chosen; 0 before
	MSK      secret.Bytes // of Succeeded: 64 octets, or nil if the method makes no keys; the caller's
	Identity string       // of Succeeded on a server: whom the method has authenticated, inside its tunnel if it has one
	Grant    *Grant       // of Succeeded on a server: what the user may have; nil is nothing special
	EAPOnly  bool         // of Succeeded: the method is safe without other authentication of the server (RFC 5998, Section 4)
	Err      error        // of Failed: a *Failure
	Verdict  error        // of Continuing on a server that has just told the client that it is refused: a *Failure
}

// A Client begins conversations as peer. It is configured once, and safe for concurrent use.
type Client interface {
	Begin(s Session) (Conversation, error)
}

// A Server begins conversations as authenticator: itself with methods and accounts, or as proxy of a RADIUS server. It is
// configured once, and safe for concurrent use.
type Server interface {
	Begin(s Session) (Conversation, error)
}

// A Session is what the lower layer knows about a conversation that begins.
type Session struct {
	Connection    string         // name of the configured connection
	ID            string         // unique for each IKE SA, for accounting
	Local, Remote netip.AddrPort // of IKE
	IKEIdentity   string         // text of the client's identity (IDi)
	Now           time.Time
	EAPOnly       bool      // the server has no other authentication: only methods that are safe then (RFC 5998, Section 4)
	Tunnelled     bool      // the conversation runs inside the tunnel of another method
	Before        *Before   // nil: the server begins; else it follows, and does not ask for an identity that was said
	Rand          io.Reader // nil is crypto/rand
}

// Before is what a client has said before a server was chosen for it.
type Before struct {
	Identity   []byte // of its Identity response; nil: it was not asked
	Identifier uint8  // of its last response
}

// Random returns the source of randomness.
func (s Session) Random() io.Reader {
	if s.Rand == nil {
		return rand.Reader
	}
	return s.Rand
}
