package ike

import (
	"strconv"
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
	NewsWarning // Failure says what should be changed
)

// String names the kind.
func (k NewsKind) String() string {
	names := [...]string{NewsMessageSent: "sent", NewsMessageReceived: "received", NewsRetransmitted: "retransmitted",
		NewsDropped: "dropped", NewsEstablished: "established", NewsRekeyed: "rekeyed", NewsClosed: "closed",
		NewsChildUp: "child up", NewsChildRekeyed: "child rekeyed", NewsChildDown: "child down", NewsFailure: "failure",
		NewsAddress: "address", NewsWarning: "warning"}
	if int(k) < len(names) && names[k] != "" {
		return names[k]
	}
	return "NEWS(" + strconv.Itoa(int(k)) + ")"
}

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

// news reports something about the SA; time, SPI, connection and peer are filled in.
func (sa *SA) news(n News) {
	n.Time, n.SA, n.Connection, n.Initiator = sa.now, sa.LocalSPI(), sa.conn, sa.initiator
	if !n.Path.Remote.IsValid() {
		n.Path = sa.path
	}
	if sa.state.authenticated() || n.Kind == NewsClosed {
		n.Peer = sa.peerName()
	}
	sa.emit(Report{News: n})
}

// peerName is the peer's identity for people; empty while it is not known.
func (sa *SA) peerName() string {
	if sa.remote.IsAny() {
		return ""
	}
	return sa.remote.String()
}

// traceSent and traceReceived report messages with a summary, when the driver wants to know.
func (sa *SA) traceSent(h wire.Header, payloads []wire.Payload, datagrams [][]byte) {
	sa.env.Stats.sent(h)
	if sa.env.Trace {
		sa.news(News{Kind: NewsMessageSent, Message: summary(h, payloads), Size: size(datagrams)})
	}
}

func (sa *SA) traceReceived(in *inbound) {
	sa.env.Stats.received(in.Header)
	if sa.env.Trace {
		sa.news(News{Kind: NewsMessageReceived, Path: in.path, Message: summary(in.Header, in.payloads), Size: len(in.datagram)})
	}
}

func summary(h wire.Header, payloads []wire.Payload) string {
	return wire.Summary(&wire.Message{Header: h, Payloads: payloads})
}
