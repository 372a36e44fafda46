package trace

import (
	"cmp"
	"net/netip"
	"time"

	"culvert/api"
	"culvert/ike"
	"culvert/wire"
)

// Bounds of one trace. The first messages are how it came up, the last ones what it does now; between them some are left out.
const (
	headMessages = 24
	maxMessages  = 96
	maxMarks     = 64
	maxDrops     = 16
)

// A class says how much a peer has shown of itself, and so who may push out its traces.
type class uint8

const (
	stranger class = iota // nothing: its address may be forged
	present               // that it gets our answers
	known                 // who it is; or we have called it
	classes
)

// A message is one message of a record.
type message struct {
	header    wire.Header
	sa        wire.SPI
	at, last  time.Time // of the first time and of the last repetition
	sent      bool
	size      int
	datagrams int
	repeated  int
	rtt       time.Duration
	dropped   string
	payloads  []kept
}

// A mark is something that happened after a number of messages.
type mark struct {
	api.TraceMark
	finding *finding // of failures
}

// A record is the life of an IKE SA and its successors, or an attempt that led to none.
type record struct {
	id         uint64
	class      class
	network    netip.Prefix // of the peer
	connection string
	peer       string
	local      netip.AddrPort
	remote     netip.AddrPort
	spis       []wire.SPI
	initiator  bool
	up         bool
	started    time.Time
	ended      time.Time
	outcome    api.TraceOutcome
	failure    *api.Problem
	messages   []message
	forgotten  int
	drops      int
	marks      []mark
	octets     int
}

const (
	recordOctets  = 512
	messageOctets = 192
	markOctets    = 256
)

func (m *message) octets() int {
	n := messageOctets
	for i := range m.payloads {
		n += m.payloads[i].octets()
	}
	return n
}

func (r *record) add(m message) {
	if r.repeatsLiveness(&m) {
		r.cut(len(r.messages) - 2)
		r.cut(len(r.messages) - 1)
	}
	if len(r.messages) == maxMessages {
		r.cut(headMessages)
	}
	r.messages = append(r.messages, m)
	r.octets += m.octets()
}

// cut leaves a message out.
func (r *record) cut(i int) {
	r.octets -= r.messages[i].octets()
	r.messages = append(r.messages[:i], r.messages[i+1:]...)
	r.forgotten++
	for j := range r.marks {
		if r.marks[j].After > i {
			r.marks[j].After--
		}
	}
}

// repeatsLiveness tells whether a request asks once more whether the peer lives, as the exchange before it did: of these the
// last one is kept.
func (r *record) repeatsLiveness(m *message) bool {
	n := len(r.messages)
	return n >= 2 && !m.header.IsResponse() && m.liveness() && r.messages[n-1].liveness() && r.messages[n-2].liveness() &&
		r.messages[n-1].header.IsResponse() && !r.messages[n-2].header.IsResponse() &&
		(len(r.marks) == 0 || r.marks[len(r.marks)-1].After < n-1)
}

// liveness tells whether a message is of an empty INFORMATIONAL exchange (RFC 7296, Section 1.4).
func (m *message) liveness() bool {
	return m.header.Exchange == wire.ExchangeInformational && len(m.payloads) == 0 && m.dropped == ""
}

func (r *record) mark(m mark) {
	if len(r.marks) == maxMarks {
		r.marks = append(r.marks[:1], r.marks[2:]...)
		r.octets -= markOctets
	}
	m.After = len(r.messages)
	r.marks = append(r.marks, m)
	r.octets += markOctets
}

// find returns the newest message of an exchange, nil if it is not there.
func (r *record) find(sa wire.SPI, h wire.Header, sent, response bool) *message {
	for i := len(r.messages) - 1; i >= 0; i-- {
		m := &r.messages[i]
		if m.sent == sent && m.header.IsResponse() == response && m.header.MessageID == h.MessageID && m.sa == sa &&
			m.header.Exchange == h.Exchange && m.dropped == "" {
			return m
		}
	}
	return nil
}

// message takes note of a message that came or went.
func (r *record) message(n *ike.News, at time.Time) {
	m := message{header: n.Traced.Header, sa: n.SA, at: at, last: at, sent: n.Kind == ike.NewsMessageSent, size: n.Size,
		datagrams: n.Traced.Datagrams, payloads: keep(n.Traced.Payloads)}
	if m.header.IsResponse() {
		if q := r.find(n.SA, m.header, !m.sent, false); q != nil {
			m.rtt = max(0, at.Sub(q.last))
		}
	}
	r.add(m)
}

// repeated counts a message that went again, and the request that came again for it.
func (r *record) repeated(n *ike.News, at time.Time) {
	h := n.Traced.Header
	if m := r.find(n.SA, h, true, h.IsResponse()); m != nil {
		m.repeated++
		m.last, m.size, m.datagrams = at, n.Size, n.Traced.Datagrams
	}
	if h.IsResponse() {
		if q := r.find(n.SA, h, false, false); q != nil {
			q.repeated++
		}
	}
}

// dropped takes note of a message that was dropped. Some are enough to show what goes on.
func (r *record) dropped(n *ike.News, at time.Time) {
	reason := n.Reason.String()
	if i := len(r.messages) - 1; i >= 0 && r.messages[i].dropped == reason && r.messages[i].header.Exchange == n.Traced.Exchange {
		r.messages[i].repeated++
		r.messages[i].last = at
		return
	}
	if r.drops == maxDrops {
		return
	}
	r.drops++
	r.add(message{header: n.Traced.Header, sa: n.SA, at: at, last: at, size: n.Size, datagrams: n.Traced.Datagrams, dropped: reason})
}

func (r *record) summary() api.TraceSummary {
	s := api.TraceSummary{ID: idText(r.id), Connection: r.connection, Peer: clean(r.peer), Initiator: r.initiator, Started: r.started,
		Outcome: r.outcome, Failure: r.failure, Count: len(r.messages), Forgotten: r.forgotten, Local: endpoint(r.local), Remote: endpoint(r.remote)}
	if n := len(r.spis); n > 0 {
		s.SA = spiText(r.spis[n-1])
	}
	if !r.ended.IsZero() {
		ended := r.ended
		s.Ended = &ended
	}
	return s
}

// view shows the record.
func (r *record) view() api.Trace {
	t := api.Trace{TraceSummary: r.summary(), Messages: []api.TraceMessage{}, Marks: []api.TraceMark{}}
	for i := range r.messages {
		t.Messages = append(t.Messages, r.messages[i].view())
	}
	for _, m := range r.marks {
		t.Marks = append(t.Marks, m.TraceMark)
	}
	return t
}

func (m *message) view() api.TraceMessage {
	v := api.TraceMessage{Time: m.at, Direction: api.TraceReceived, Exchange: m.header.Exchange.String(), Response: m.header.IsResponse(),
		MessageID: m.header.MessageID, SA: spiText(m.sa), Size: m.size, Repeated: m.repeated, RTT: m.rtt, Dropped: m.dropped,
		Payloads: show(m.payloads, m.header.IsResponse())}
	if m.sent {
		v.Direction = api.TraceSent
	}
	if m.datagrams > 1 {
		v.Fragments = m.datagrams
	}
	return v
}

func endpoint(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// name takes what is known of the peer by now.
func (r *record) name(n *ike.News) {
	if n.Connection != nil {
		r.connection = n.Connection.Name
	}
	r.peer = cmp.Or(n.Peer, r.peer)
	if n.Path.Remote.IsValid() {
		r.local, r.remote = n.Path.Local, n.Path.Remote
	}
}
