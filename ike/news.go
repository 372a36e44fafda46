package ike

import (
	"strconv"
	"time"

	"culvert/auth"
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
	NewsFailure    // an exchange failed but the SA lives
	NewsAddress    // the peer moved
	NewsWarning    // Failure says what should be changed
	NewsConnecting // an Initiate has begun an IKE SA
	NewsReauth     // the IKE SA is to be replaced by authenticating anew (RFC 7296, Section 2.8.3)
	NewsAssigned   // the peer has given us Assigned
	NewsRedirected // the gateway sends us to Gateway (RFC 5685)
	NewsSwitched   // the peer turns out to be for Connection instead of Left; Failure says why
)

// String names the kind.
func (k NewsKind) String() string {
	names := [...]string{NewsMessageSent: "sent", NewsMessageReceived: "received", NewsRetransmitted: "retransmitted",
		NewsDropped: "dropped", NewsEstablished: "established", NewsRekeyed: "rekeyed", NewsClosed: "closed",
		NewsChildUp: "child up", NewsChildRekeyed: "child rekeyed", NewsChildDown: "child down", NewsFailure: "failure",
		NewsAddress: "address", NewsWarning: "warning",
		NewsConnecting: "connecting", NewsReauth: "reauthentication due", NewsAssigned: "assigned", NewsRedirected: "redirected",
		NewsSwitched: "switched"}
	if int(k) < len(names) && names[k] != "" {
		return names[k]
	}
	return "NEWS(" + strconv.Itoa(int(k)) + ")"
}

// OfMessage tells whether news of the kind are about one message that came or went.
func (k NewsKind) OfMessage() bool {
	switch k {
	case NewsMessageSent, NewsMessageReceived, NewsRetransmitted, NewsDropped:
		return true
	}
	return false
}

// detailed tells whether news of the kind carry a status.
func (k NewsKind) detailed() bool {
	switch k {
	case NewsEstablished, NewsRekeyed, NewsClosed, NewsChildUp, NewsChildRekeyed, NewsChildDown, NewsAddress:
		return true
	}
	return false
}

// News is one thing that happened, for the log, the event stream and the supervisor. It is a value and owns its fields.
type News struct {
	Time       time.Time
	Kind       NewsKind
	SA         wire.SPI // our SPI
	ID         uint32   // of the SA; 0: there is none
	Connection *Connection
	Left       *Connection // NewsSwitched
	Path       dataplane.Path
	Initiator  bool         // we are the original initiator
	Peer       string       // the peer's identity, once authenticated; of NewsClosed perhaps only claimed
	Message    string       // summary of a message: "IKE_AUTH request 1 [ IDi ... ]"
	Size       int          // octets of the message
	Ticket     uint64       // of the Initiate that began the SA or its predecessor; 0 is none
	Local      string       // our identity, likewise
	Child      *ChildInfo   // child news
	Replaced   uint32       // NewsChildRekeyed: inbound SPI of the child that Child stands for now
	Former     *ChildInfo   // NewsChildRekeyed: that child
	Assigned   *Assignment  // NewsAssigned
	Successor  wire.SPI     // NewsRekeyed
	Ending     bool         // the IKE SA ends with that: its NewsClosed follows, unless it has a successor
	Gateway    wire.Gateway // NewsRedirected
	Reason     DropReason   // NewsDropped
	Failure    *Failure     // NewsFailure, NewsClosed, NewsSwitched
	Traced     *Traced      // the message that came, went or was dropped, or was refused before there was an IKE SA; if Env.Trace
	// Status is the IKE SA after what has happened, but before it of NewsRekeyed, NewsClosed and NewsAddress; nil unless
	// Env.Detail asks for it. NextStatus is the successor of NewsRekeyed.
	Status, NextStatus *SAStatus
	Took               time.Duration // NewsEstablished: since the IKE SA began
}

// A Traced is a message as it is shown to people. Its payloads alias buffers of the engine: they are for reading, until the
// engine is given its next event.
type Traced struct {
	wire.Header
	Payloads  []wire.Payload // none of messages that are repeated or were dropped
	Datagrams int            // that it was, or is, cut into
}

// news reports something about the SA; time, SPI, connection and peer are filled in.
func (sa *SA) news(n News) {
	n.Time, n.SA, n.ID, n.Connection, n.Initiator = sa.now, sa.LocalSPI(), sa.id, sa.conn, sa.initiator
	n.Ticket, n.Ending = sa.ticket, sa.state == StateClosed
	if !n.Path.Remote.IsValid() {
		n.Path = sa.path
	}
	if sa.state.authenticated() || n.Kind == NewsClosed {
		n.Peer, n.Local = sa.peerName(), identityName(sa.local)
	}
	if n.Status == nil && n.Kind.detailed() {
		n.Status = sa.detail()
	}
	sa.emit(Report{News: n})
}

// detail is the status for news, if anybody wants it.
func (sa *SA) detail() *SAStatus {
	if !sa.env.Detail || sa.was != nil {
		return sa.was
	}
	s := sa.Status()
	return &s
}

// peerName is the peer's identity for people; empty while it is not known. Of peers that have proven nothing there may be any
// number, and their address is all that tells them apart (RFC 7619, Section 3.1).
func (sa *SA) peerName() string {
	if sa.proof != nil && sa.proof.Anonymous {
		return sa.remote.String() + " " + sa.path.Remote.String()
	}
	if sa.texts != nil {
		return sa.texts.remote.name(sa.remote)
	}
	return identityName(sa.remote)
}

func identityName(id auth.Identity) string {
	if id.IsAny() {
		return ""
	}
	return id.String()
}

// traceSent and traceReceived report messages, when the driver wants to know.
func (sa *SA) traceSent(h wire.Header, payloads []wire.Payload, datagrams [][]byte) {
	for s := range sa.stats {
		s.sent(h)
	}
	if sa.env.Trace {
		sa.news(News{Kind: NewsMessageSent, Message: summary(h, payloads), Size: size(datagrams),
			Traced: &Traced{h, payloads, len(datagrams)}})
	}
}

func (sa *SA) traceReceived(in *inbound) {
	for s := range sa.stats {
		s.received(in.Header)
	}
	if sa.env.Trace {
		n := News{Kind: NewsMessageReceived, Path: in.path, Message: summary(in.Header, in.payloads), Size: len(in.datagram),
			Traced: &Traced{in.Header, in.payloads, 1}}
		if m := in.message; m != nil && m.Fragments > 0 {
			n.Size, n.Traced.Datagrams = m.Octets, m.Fragments
		}
		sa.news(n)
	}
}

// traceAgain reports a message that is sent once more. Its summary is told of requests only.
func (sa *SA) traceAgain(h wire.Header, text string, path dataplane.Path, datagrams [][]byte) {
	n := News{Kind: NewsRetransmitted, Path: path, Message: text, Size: size(datagrams)}
	if sa.env.Trace {
		n.Traced = &Traced{Header: h, Datagrams: len(datagrams)}
	}
	sa.news(n)
}

// answering makes of the header of a request that of its response, as far as people look at it.
func answering(request wire.Header) wire.Header {
	request.Flags |= wire.FlagResponse
	return request
}

// dropped is what is told of a datagram that was dropped.
func dropped(r DropReason, ev MessageReceived) News {
	n := News{Kind: NewsDropped, Path: ev.Path, Reason: r, Size: len(ev.Datagram)}
	if h, err := wire.ParseHeader(ev.Datagram); err == nil {
		n.Traced = &Traced{Header: h, Datagrams: 1}
	}
	return n
}

func summary(h wire.Header, payloads []wire.Payload) string {
	return wire.Summary(&wire.Message{Header: h, Payloads: payloads})
}
