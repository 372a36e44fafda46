package telemetry

import (
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

// A kind is what an operation is about; it is the name of its span.
type kind string

// The kinds of operations.
const (
	handshake        kind = "ike.handshake"
	reauthentication kind = "ike.reauthentication"
	rekeyIKE         kind = "ike.rekey"
	deleteIKE        kind = "ike.delete"
	createChild      kind = "child.create"
	rekeyChild       kind = "child.rekey"
	deleteChild      kind = "child.delete"
	liveness         kind = "ike.liveness"
	informational    kind = "ike.informational"
)

// An outcome is how an operation has ended.
type outcome string

// The outcomes.
const (
	done       outcome = "done"
	partial    outcome = "partial"
	failed     outcome = "failed"
	closed     outcome = "closed"
	redirected outcome = "redirected"
)

// Bounds: exchanges of an operation that are told of, operations of an IKE SA at a time, and how long an operation waits for what belongs to it. What is said after the last
// message of an exchange comes soon; what a user has to decide, or a peer to compute, may take longer.
const (
	maxExchanges  = 64
	maxOperations = 32
	lingers       = 200 * time.Millisecond
	patience      = 30 * time.Second
)

// An operation is what leads from one state of an IKE SA and its children to the next: the root span of a trace.
type operation struct {
	life       *life
	kind       kind
	sa         wire.SPI // of its first message; 0: there was no IKE SA
	id         Context
	link       Context // zero: there is none
	start, end time.Time
	mine       bool // we have begun it
	exchanges  []*exchange
	omitted    int
	outcome    outcome
	failure    *trouble
	child      *ike.ChildInfo // what it was about, if it was about one
	status     *ike.SAStatus  // once established
	path       dataplane.Path
	concluded  bool
	waits      bool      // in Book.waiting
	due        time.Time // when it is told of
}

// A trouble is a failure as a span tells of it.
type trouble struct {
	code   explain.Code
	notify wire.NotifyType
	text   string
}

func troubleOf(f *ike.Failure) *trouble {
	if f == nil {
		return nil
	}
	return &trouble{code: f.Code, notify: f.Notify, text: f.Err.Error()}
}

// An exchange is a request and its response: a span below that of its operation.
type exchange struct {
	sa                wire.SPI
	header            wire.Header // of the request
	mine              bool        // we have sent the request
	start, end        time.Time   // end is zero while there is no response
	request, response message
	path              dataplane.Path
	failure           *trouble
}

// A message is what an exchange tells of one.
type message struct {
	octets, datagrams int
	again             int // times that it was sent again
}

func (o *operation) begin(n *ike.News, at time.Time) {
	o.end = at
	o.path = n.Path
	if len(o.exchanges) == maxExchanges {
		o.omitted++
		return
	}
	o.exchanges = append(o.exchanges, &exchange{sa: n.SA, header: n.Traced.Header, mine: n.Kind == ike.NewsMessageSent, start: at,
		request: message{octets: n.Size, datagrams: n.Traced.Datagrams}, path: n.Path})
}

// find returns the newest exchange that a message belongs to, or nil.
func (o *operation) find(sa wire.SPI, h wire.Header, mine bool) *exchange {
	for _, x := range slices.Backward(o.exchanges) {
		if x.sa == sa && x.mine == mine && x.header.MessageID == h.MessageID && x.header.Exchange == h.Exchange {
			return x
		}
	}
	return nil
}

// open tells whether a response is missing.
func (o *operation) open() bool {
	return slices.ContainsFunc(o.exchanges, func(x *exchange) bool { return x.end.IsZero() })
}

// conclude notes that the operation is over, but for what is said at the same moment.
func (o *operation) conclude(at time.Time, how outcome) {
	if o.concluded {
		return
	}
	o.concluded, o.outcome = true, how
	o.end, o.due = at, at.Add(lingers)
}

// fail notes what went wrong. It is told of the newest exchange too.
func (o *operation) fail(t *trouble) {
	if o.failure != nil || t == nil {
		return
	}
	o.failure = t
	if n := len(o.exchanges); n > 0 {
		o.exchanges[n-1].failure = t
	}
}

// result is how the operation has ended, all in all. An IKE SA may be up though something has failed on the way.
func (o *operation) result() outcome {
	switch {
	case o.failure == nil:
		return o.outcome
	case o.outcome == done && o.kind.connects():
		return partial
	}
	return failed
}

// connects tells whether the operation makes an IKE SA between peers that have none.
func (k kind) connects() bool { return k == handshake || k == reauthentication }

// worth tells whether the operation is told of: peers that answer at once when they are asked whether they live are not.
func (o *operation) worth() bool {
	if o.kind != liveness || o.failure != nil {
		return true
	}
	return slices.ContainsFunc(o.exchanges, func(x *exchange) bool { return x.request.again > 0 })
}

// kindOf tells what an exchange on an established IKE SA is about, by its request.
func kindOf(h wire.Header, payloads []wire.Payload) kind {
	switch h.Exchange {
	case wire.ExchangeCreateChildSA, wire.ExchangeFollowupKE:
		return kindOfCreation(payloads)
	case wire.ExchangeInformational:
		return kindOfInformation(payloads)
	}
	return informational
}

// kindOfCreation reads the request of a CREATE_CHILD_SA exchange (RFC 7296, Section 1.3).
func kindOfCreation(payloads []wire.Payload) kind {
	for _, p := range payloads {
		switch p := p.(type) {
		case *wire.Notify:
			if p.NotifyType == wire.NotifyRekeySA {
				return rekeyChild
			}
		case *wire.SA:
			if len(p.Proposals) > 0 && p.Proposals[0].Protocol == wire.ProtocolIKE {
				return rekeyIKE
			}
		}
	}
	return createChild
}

// kindOfInformation reads the request of an INFORMATIONAL exchange; an empty one asks whether the peer lives (RFC 7296, Section 1.4).
func kindOfInformation(payloads []wire.Payload) kind {
	if len(payloads) == 0 {
		return liveness
	}
	for _, p := range payloads {
		if d, ok := p.(*wire.Delete); ok && d.Protocol == wire.ProtocolIKE {
			return deleteIKE
		} else if ok {
			return deleteChild
		}
	}
	return informational
}
