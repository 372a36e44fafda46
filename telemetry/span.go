package telemetry

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
)

// spans makes the spans of an operation: its own first, then one for each exchange. identify makes their names.
func (o *operation) spans(identify func() Context) []*otlp.Span {
	root := o.id.span(string(o.kind), otlp.Span_SPAN_KIND_INTERNAL, o.start, o.end, o.failure)
	root.Attributes = o.attributes()
	if o.link != (Context{}) {
		root.Links = []*otlp.Span_Link{{TraceId: o.link.Trace[:], SpanId: o.link.Span[:]}}
	}
	list := []*otlp.Span{root}
	for _, x := range o.exchanges {
		id := Context{Trace: o.id.Trace, Span: identify().Span}
		s := x.span(id, o.end)
		s.ParentSpanId = root.SpanId
		list = append(list, s)
	}
	return list
}

// span makes a span without attributes. A failure is told as its status.
func (c Context) span(name string, k otlp.Span_SpanKind, start, end time.Time, t *trouble) *otlp.Span {
	if end.Before(start) {
		end = start
	}
	s := &otlp.Span{TraceId: c.Trace[:], SpanId: c.Span[:], Name: name, Kind: k,
		StartTimeUnixNano: uint64(start.UnixNano()), EndTimeUnixNano: uint64(end.UnixNano()), Status: &otlp.Status{}}
	if t != nil {
		s.Status = &otlp.Status{Code: otlp.Status_STATUS_CODE_ERROR, Message: clean(t.text)}
	}
	return s
}

// span makes that of an exchange. One without a response ends with its operation.
func (x *exchange) span(id Context, end time.Time) *otlp.Span {
	k := otlp.Span_SPAN_KIND_SERVER
	if x.mine {
		k = otlp.Span_SPAN_KIND_CLIENT
	}
	if !x.end.IsZero() {
		end = x.end
	}
	s := id.span(x.header.Exchange.String(), k, x.start, end, x.failure)
	s.Attributes = x.attributes()
	return s
}

func (o *operation) attributes() []*common.KeyValue {
	var a attributes
	a.text(keyConnection, o.life.connection)
	a.text(keyOutcome, string(o.result()))
	a.text(keyRole, roleOf(o.mine))
	a.text(keyPeer, o.life.peer)
	a.text(keyLocal, o.life.local)
	if o.life.id != 0 {
		a.number(keySA, int64(o.life.id))
	}
	if o.sa != 0 {
		a.text(keySPI, fmt.Sprintf("%016x", uint64(o.sa)))
	}
	if s := o.status; s != nil {
		a.text(keySuite, s.Suite)
		a.truth(keyQuantum, s.Resistance.IKE)
	}
	if c := o.child; c != nil {
		a.text(keyChild, c.Name)
		a.text(keyChildSuite, c.Suite)
		if c.InSPI != 0 {
			a.text(keyChildIn, spiText(c.InSPI))
			a.text(keyChildOut, spiText(c.OutSPI))
		}
	}
	a.some(keyOmitted, o.omitted)
	a.path(o.path)
	a.trouble(o.failure)
	return a
}

func (x *exchange) attributes() []*common.KeyValue {
	var a attributes
	a.text(keyExchange, x.header.Exchange.String())
	a.number(keyMessageID, int64(x.header.MessageID))
	a.text(keyRole, roleOf(x.mine))
	a.number(keyRequest, int64(x.request.octets))
	a.number(keyRequests, int64(x.request.datagrams))
	a.number(keyRequestAgain, int64(x.request.again))
	if !x.end.IsZero() && x.response.octets > 0 {
		a.number(keyAnswer, int64(x.response.octets))
		a.number(keyAnswers, int64(x.response.datagrams))
		a.number(keyAnswerAgain, int64(x.response.again))
	}
	a.path(x.path)
	a.trouble(x.failure)
	return a
}

// roleOf says who has begun something.
func roleOf(mine bool) string {
	if mine {
		return "initiator"
	}
	return "responder"
}

// A Resource is who tells of spans.
type Resource struct {
	Service, Version, Host string
	PID                    int
}

func (r *Resource) attributes() []*common.KeyValue {
	var a attributes
	a.text("service.name", r.Service)
	a.text("service.version", r.Version)
	a.text("host.name", r.Host)
	a.some("process.pid", r.PID)
	a.text("telemetry.sdk.language", "go")
	a.text("telemetry.sdk.name", "culvert")
	a.text("telemetry.sdk.version", r.Version)
	return a
}

// encode makes the body of a request: an ExportTraceServiceRequest, whose only field is that of TracesData.
func (r *Resource) encode(spans []*otlp.Span) ([]byte, error) {
	return proto.Marshal(&otlp.TracesData{ResourceSpans: []*otlp.ResourceSpans{{
		Resource:   &resource.Resource{Attributes: r.attributes()},
		ScopeSpans: []*otlp.ScopeSpans{{Scope: &common.InstrumentationScope{Name: "culvert/ike", Version: clean(r.Version)}, Spans: spans}},
	}}})
}
