package ike

import (
	"time"

	"culvert/dataplane"
	"culvert/wire"
)

// NewsKind is what News is about.
type NewsKind uint8

// The kinds of news.
const (
	NewsMessageSent NewsKind = iota + 1
	NewsMessageReceived
	NewsRetransmitted
	NewsDropped     // a message was dropped; Reason says why
	NewsEstablished // the IKE SA is up
	NewsRekeyed     // the IKE SA was replaced by Successor
	NewsClosed      // the IKE SA is gone; Failure says why unless it was asked for
	NewsChildUp
	NewsChildRekeyed
	NewsChildDown
	NewsFailure // an exchange failed but the SA lives
	NewsAddress // the peer moved
)

// News is one thing that happened, for the log, the event stream and the supervisor. It is a value and owns its fields.
type News struct {
	Time       time.Time
	Kind       NewsKind
	SA         wire.SPI // our SPI
	Connection *Connection
	Path       dataplane.Path
	Initiator  bool       // we are the original initiator
	Peer       string     // the peer's identity, once authenticated
	Message    string     // summary of a message: "IKE_AUTH request 1 [ IDi ... ]"
	Size       int        // octets of the message
	Child      *ChildInfo // child news
	Successor  wire.SPI   // NewsRekeyed
	Reason     DropReason // NewsDropped
	Failure    *Failure   // NewsFailure, NewsClosed
}
