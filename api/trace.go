package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"culvert/explain"
)

// A Tracer is a Control that keeps the recent exchanges with peers. Its methods are safe for concurrent use.
type Tracer interface {
	// Traces lists what is kept, the newest first; of one connection if it is named.
	Traces(ctx context.Context, connection string) ([]TraceSummary, error)
	// Trace tells everything about one of them.
	Trace(ctx context.Context, id string) (Trace, error)
	// Explain tells in words what happened in one of them.
	Explain(ctx context.Context, id string) (Explanation, error)
}

// TraceOutcome is what became of an IKE SA, or of the attempt to make one.
type TraceOutcome string

// The outcomes.
const (
	TraceRunning TraceOutcome = "running" // it is being made
	TraceUp      TraceOutcome = "up"
	TraceFailed  TraceOutcome = "failed" // it never came up, or ended by a failure
	TraceClosed  TraceOutcome = "closed" // it was up, and somebody closed it
)

// A TraceSummary is one line about a trace: the life of an IKE SA and its successors, or an attempt that led to none.
type TraceSummary struct {
	ID         string       `json:"id" doc:"Decimal number, rises with each trace"`
	Connection string       `json:"connection,omitempty" doc:"Empty while it is not known"`
	Peer       string       `json:"peer,omitempty" doc:"Identity of the peer, once authenticated; else what it claims to be"`
	Local      string       `json:"local" doc:"Our address with port"`
	Remote     string       `json:"remote" doc:"The peer's address with port"`
	SA         string       `json:"sa,omitempty" doc:"Our SPI of the newest IKE SA"`
	Initiator  bool         `json:"initiator" doc:"We connected"`
	Started    time.Time    `json:"started"`
	Ended      *time.Time   `json:"ended,omitempty"`
	Outcome    TraceOutcome `json:"outcome" enum:"running,up,failed,closed"`
	Failure    *Problem     `json:"failure,omitempty" doc:"The last failure"`
	Count      int          `json:"message_count" doc:"Messages that are kept"`
	Forgotten  int          `json:"forgotten,omitempty" doc:"Messages in the middle for which there was no room"`
}

// A Trace is what two sides have said to each other. Secrets and keys are not in it.
type Trace struct {
	TraceSummary
	Messages []TraceMessage `json:"messages" doc:"In the order in which they came and went"`
	Marks    []TraceMark    `json:"marks" doc:"What happened between messages"`
}

// TraceDirection is where a message went.
type TraceDirection string

// The directions.
const (
	TraceSent     TraceDirection = "sent"
	TraceReceived TraceDirection = "received"
)

// A TraceMessage is one IKE message.
type TraceMessage struct {
	Time      time.Time      `json:"time"`
	Direction TraceDirection `json:"direction" enum:"sent,received"`
	Exchange  string         `json:"exchange" doc:"Exchange type by name, IKE_SA_INIT"`
	Response  bool           `json:"response"`
	MessageID uint32         `json:"message_id"`
	SA        string         `json:"sa,omitempty" doc:"Our SPI of the IKE SA that it belongs to"`
	Size      int            `json:"size" doc:"Octets of its datagrams without IP and UDP headers"`
	Fragments int            `json:"fragments,omitempty" doc:"Datagrams, if it was more than one (RFC 7383)"`
	Repeated  int            `json:"repeated,omitempty" doc:"How often it was sent, or came, again"`
	RTT       time.Duration  `json:"rtt,omitempty" doc:"Of a response: since the request, or its last repetition, in nanoseconds"`
	Dropped   string         `json:"dropped,omitempty" doc:"Why it was dropped; empty if it was not"`
	Payloads  []TracePayload `json:"payloads" doc:"None if it could not be read"`
}

// A TracePayload is one payload in words.
type TracePayload struct {
	Type    string       `json:"type" doc:"As in the RFC: SA, KE, IDi"`
	Summary string       `json:"summary,omitempty" doc:"Its contents in a few words"`
	Fields  []TraceField `json:"fields,omitempty"`
}

// A TraceField is a part of a payload.
type TraceField struct {
	Name   string       `json:"name"`
	Value  string       `json:"value,omitempty"`
	Fields []TraceField `json:"fields,omitempty" doc:"Its own parts"`
}

// A TraceMark is something that happened between messages.
type TraceMark struct {
	Time    time.Time `json:"time"`
	After   int       `json:"after" doc:"Number of messages before it"`
	Kind    EventKind `json:"kind"`
	Text    string    `json:"text"`
	Problem *Problem  `json:"problem,omitempty"`
}

// Side is one of the two that speak to each other.
type Side string

// The sides.
const (
	SideUs   Side = "us"
	SidePeer Side = "peer"
)

// An Explanation tells an operator what happened.
type Explanation struct {
	Trace      string       `json:"trace,omitempty" doc:"ID of the trace"`
	Connection string       `json:"connection,omitempty"`
	Peer       string       `json:"peer,omitempty"`
	Code       explain.Code `json:"code,omitempty" doc:"Empty: nothing has failed"`
	Title      string       `json:"title"`
	Text       string       `json:"text" doc:"What happened, with both sides' values"`
	Refused    Side         `json:"refused,omitempty" enum:"us,peer" doc:"Who refused; missing: nobody did, as when there is no answer"`
	Cause      string       `json:"cause,omitempty" doc:"What leads to it"`
	Action     string       `json:"action,omitempty" doc:"What to do next: which line in which file"`
	Ours       []string     `json:"ours,omitempty" doc:"What our side proposed or allows"`
	Theirs     []string     `json:"theirs,omitempty" doc:"What the peer's side proposed or allows, as far as it said so"`
	Differs    string       `json:"differs,omitempty" doc:"The first thing that differs"`
	Steps      []string     `json:"steps,omitempty" doc:"The messages in words"`
}

// registerTraces connects the operations on traces.
func (s *Server) registerTraces(api huma.API) {
	serve(api, operation(api, http.MethodGet, "traces", Read, "Recent exchanges with peers, the newest first"),
		asking(s, func(ctx context.Context, t Tracer, in *tracesInput) ([]TraceSummary, error) {
			return t.Traces(ctx, in.Connection)
		}))
	serve(api, operation(api, http.MethodGet, "traces/{id}", Read, "One of them with every message"),
		asking(s, func(ctx context.Context, t Tracer, in *traceInput) (Trace, error) { return t.Trace(ctx, in.ID) }))
	serve(api, operation(api, http.MethodGet, "traces/{id}/explanation", Read, "What happened, in words"),
		asking(s, func(ctx context.Context, t Tracer, in *traceInput) (Explanation, error) { return t.Explain(ctx, in.ID) }))
}

type tracesInput struct {
	Connection string `query:"connection" maxLength:"64" doc:"Only those of this connection"`
}

type traceInput struct {
	ID string `path:"id" maxLength:"20" doc:"ID of a trace"`
}

// Traces lists the recent exchanges with peers, of one connection if it is named.
func (c *Client) Traces(ctx context.Context, connection string) (list []TraceSummary, err error) {
	q := url.Values{}
	if connection != "" {
		q.Set("connection", connection)
	}
	return list, c.call(ctx, http.MethodGet, "traces", q, nil, &list)
}

// Trace tells everything about one of them.
func (c *Client) Trace(ctx context.Context, id string) (t Trace, err error) {
	return t, c.call(ctx, http.MethodGet, "traces/"+url.PathEscape(id), nil, nil, &t)
}

// Explain tells in words what happened in one of them.
func (c *Client) Explain(ctx context.Context, id string) (e Explanation, err error) {
	return e, c.call(ctx, http.MethodGet, "traces/"+url.PathEscape(id)+"/explanation", nil, nil, &e)
}
