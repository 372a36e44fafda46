package trace

import (
	"errors"
	"time"

	"culvert/api"
	"culvert/explain"
	"culvert/ike"
	"culvert/suite"
	"culvert/wire"
)

// A finding is what is known about a failure at the time when it happens: both sides' values, and where they differ.
type finding struct {
	Code    explain.Code
	Notify  wire.NotifyType
	Text    string
	Differs string
	Child   string // the name of the child that it is about
	settings
}

// happened takes note of what is no message.
func (r *record) happened(n *ike.News, at time.Time, e api.Event) {
	m := mark{TraceMark: api.TraceMark{Time: at, Kind: e.Kind, Text: e.Text, Problem: e.Problem}}
	if n.Failure != nil {
		m.finding = find(n)
		r.failure = e.Problem
	}
	if e.Kind != "" {
		r.mark(m)
	}
	switch n.Kind {
	case ike.NewsEstablished:
		r.up, r.outcome = true, api.TraceUp
	case ike.NewsClosed:
		r.ended, r.outcome = at, outcomeOf(n.Failure, r.up)
		if r.outcome == api.TraceClosed {
			r.failure = nil
		}
	}
}

// refused takes note of a first message that led to no IKE SA, and of what it was answered.
func (r *record) refused(n *ike.News, at time.Time) {
	h := n.Traced.Header
	r.add(message{header: h, at: at, last: at, size: n.Size, datagrams: 1, payloads: keep(n.Traced.Payloads)})
	h.Flags = wire.FlagResponse
	answer := []wire.Payload{&wire.Notify{NotifyType: n.Failure.Notify, Data: n.Failure.Data}}
	r.add(message{header: h, at: at, last: at, sent: true, datagrams: 1, payloads: keep(answer),
		size: len((&wire.Message{Header: h, Payloads: answer}).Append(nil))})
	r.ended, r.outcome = at, api.TraceFailed
	if c := n.Failure.Tried; c != nil {
		r.connection = c.Name
	}
}

// find looks for both sides' values in a failure.
func find(n *ike.News) *finding {
	f := &finding{Code: n.Failure.Code, Notify: n.Failure.Notify, Text: n.Failure.Err.Error()}
	if n.Child != nil {
		f.Child = n.Child.Name
	}
	var refusal *suite.Refusal
	if errors.As(n.Failure.Err, &refusal) {
		f.Differs = refusal.Error()
	}
	switch {
	case n.Connection != nil:
		f.settings = settingsOf(n.Connection)
	case n.Failure.Tried != nil:
		f.settings = settingsOf(n.Failure.Tried)
	}
	return f
}
