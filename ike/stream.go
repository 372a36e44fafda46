package ike

import (
	"time"

	"culvert/dataplane"
	"culvert/explain"
)

// IKE and ESP of an IKE SA in a TCP stream (RFC 9329). Who began the first IKE SA opens the stream, and opens another one when
// it breaks; the other side answers where it heard the peer last. The SA lives on without a stream as long as its requests may
// wait for an answer.

// streamLife is what an SA knows about its stream.
type streamLife struct {
	originator bool // we open streams, whoever rekeys (RFC 9329, Section 1.2)
	dialing    bool
	tries      int // streams opened since the peer was heard
}

// How long streams are left to the peer to close: one whose IKE SA is gone (RFC 9329, Section 6.1), and one that another has
// taken the place of, in which something may still be on its way.
const (
	streamGrace     = 5 * time.Second
	oldStreamLinger = time.Minute
)

// A Dialed answers the work of Env.Dial.
type Dialed struct {
	Path dataplane.Path // of the stream
	Err  error
}

// inStream tells whether IKE and ESP of the SA go in a stream. That stays so: only MOBIKE could change it (RFC 9329, Section 5).
func (sa *SA) inStream() bool { return sa.path.Transport == dataplane.TransportTCP }

// dial opens a stream to the peer.
func (sa *SA) dial() {
	if sa.env.Dial == nil {
		sa.terminate(refuse(explain.IKEStream, 0, "there are no TCP streams here"))
		return
	}
	sa.stream.dialing = true
	sa.stream.tries++
	sa.start(sa.env.Dial(sa.path), func(result any) error {
		sa.stream.dialing = false
		return sa.dialed(result.(Dialed))
	})
}

// dialed goes on when the stream is open. The first one decides about the attempt to connect; later ones are tried for as long
// as a request waits.
func (sa *SA) dialed(d Dialed) error {
	switch {
	case d.Err == nil && !sa.streaming():
		sa.path = d.Path
		sa.emit(KeepStream{Path: d.Path})
		sa.enqueue(&initTask{method: firstKE(sa.conn.Proposals)})
	case d.Err == nil:
		sa.move(d.Path)
		sa.checkLiveness() // RFC 9329, Section 6.1
	case !sa.streaming():
		return fatal(refuse(explain.IKEStream, 0, "no TCP stream to %v: %w", sa.path.Remote, d.Err))
	default:
		sa.news(News{Kind: NewsWarning, Failure: refuse(explain.IKEStream, 0, "no TCP stream to %v: %w", sa.path.Remote, d.Err)})
		sa.redialLater()
	}
	return nil
}

// streaming tells whether the SA has had a stream.
func (sa *SA) streaming() bool { return sa.inStream() && sa.path.Local.Port() != 0 }

// streamClosed opens another stream in the place of a broken one, at once for the first time (RFC 9329, Section 6.1). The
// liveness check bounds how long that is tried. An IKE SA that was replaced leaves it to its successor.
func (sa *SA) streamClosed(path dataplane.Path) {
	if path != sa.path || sa.stream.dialing || !sa.stream.originator || sa.state == StateClosed || sa.exchanges.superseded {
		return
	}
	if sa.state == StateEstablished {
		sa.checkLiveness()
	}
	if sa.stream.tries == 0 {
		sa.dial()
		return
	}
	sa.redialLater()
}

func (sa *SA) redialLater() { sa.timers.set(timerStream, 0, sa.now.Add(sa.backoff(sa.stream.tries-1))) }

// resend sends the requests that wait for their response again in a new stream (RFC 9329, Section 6.2).
func (sa *SA) resend() {
	for _, r := range sa.requests.pending {
		sa.send(sa.path, r.datagrams)
		sa.traceAgain(r.header, summary(r.header, r.payloads), sa.path, r.datagrams)
	}
}

// moveStream has the SA use another stream. What is on its way in the old one is still taken (RFC 9329, Section 6.1).
func (sa *SA) moveStream(from dataplane.Path) {
	sa.emit(KeepStream{Path: sa.path})
	sa.emit(CloseStream{Path: from, After: oldStreamLinger})
	sa.resend()
}

// leaveStream ends the stream of an SA that is gone, unless its successor goes on with it. The originator closes; the other side
// only if the originator does not (RFC 9329, Section 6.1).
func (sa *SA) leaveStream() {
	switch {
	case !sa.streaming() || sa.exchanges.superseded:
	case sa.stream.originator:
		sa.emit(CloseStream{Path: sa.path})
	default:
		sa.emit(CloseStream{Path: sa.path, After: streamGrace})
	}
}

// patience is how long a request waits before something is done about it: over a stream nothing but giving up (RFC 9329,
// Section 6.2).
func (sa *SA) patience(tries int) time.Duration {
	if sa.inStream() {
		return sa.conn.Retransmit.Total()
	}
	return sa.backoff(tries)
}

// carries tells whether a connection is for peers over this transport: streams have to be allowed by configuration (RFC 9329,
// Section 5).
func (c *Connection) carries(t dataplane.Transport) bool {
	if t == dataplane.TransportTCP {
		return c.Transport != TransportUDP
	}
	return c.Transport != TransportTCP
}
