package trace

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"culvert/api"
	"culvert/explain"
	"culvert/wire"
)

// Explain tells in words what happened in a trace: who refused what, both sides' values, the first thing that differs and what to
// do next.
func (s *Store) Explain(id string) (api.Explanation, bool) {
	r := s.find(id)
	if r == nil {
		return api.Explanation{}, false
	}
	return r.explain(), true
}

func (r *record) explain() api.Explanation {
	e := api.Explanation{Trace: idText(r.id), Connection: r.connection, Peer: cmp.Or(clean(r.peer), endpoint(r.remote)), Steps: r.steps()}
	f := r.lastFinding()
	if f == nil {
		e.Title, e.Text = r.fine()
		return e
	}
	e.Code, e.Text, e.Refused = f.Code, f.Text, r.refuser(f)
	e.Connection = cmp.Or(e.Connection, f.Connection)
	if entry, ok := explain.Lookup(f.Code); ok {
		e.Title, e.Cause, e.Action = entry.Title, entry.Cause, entry.Action
	}
	e.Differs = f.Differs
	(&advice{r, f, &e}).give()
	return e
}

// fine is what there is to say where nothing has failed.
func (r *record) fine() (title, text string) {
	switch r.outcome {
	case api.TraceUp:
		return "Nothing has failed.", "The IKE SA with " + endpoint(r.remote) + " is up."
	case api.TraceRunning:
		return "Nothing has failed yet.", "The IKE SA with " + endpoint(r.remote) + " is being made."
	}
	return "Nothing has failed.", "The IKE SA with " + endpoint(r.remote) + " was closed."
}

// lastFinding returns the failure that counts: the last one, unless that only says that nothing came any more after another one.
func (r *record) lastFinding() *finding {
	var last *finding
	for i := range r.marks {
		f := r.marks[i].finding
		switch {
		case f == nil, last != nil && consequence(f.Code):
		default:
			last = f
		}
	}
	return last
}

// consequence tells whether a failure is what follows from others.
func consequence(c explain.Code) bool {
	return c == explain.IKETimeout || c == explain.IKEHalfOpen || c == explain.IKEPeerDeleted || c == explain.IKEUDPSilent
}

// refuser finds out who has said no: whoever has sent the notify of the failure. What we found out about a proof of the peer is
// for us to refuse, whether the peer is told or not.
func (r *record) refuser(f *finding) api.Side {
	if strings.HasPrefix(string(f.Code), "EAP-") {
		if r.initiator && serverSays(f.Code) {
			return api.SidePeer
		}
		return api.SideUs
	}
	for i := len(r.messages) - 1; i >= 0 && f.Notify != wire.NotifyNone; i-- {
		if n, ok := errorNotify(r.messages[i].payloads); ok && n.NotifyType == f.Notify {
			if r.messages[i].sent {
				return api.SideUs
			}
			return api.SidePeer
		}
	}
	if strings.HasPrefix(string(f.Code), "AUTH-") || f.Notify != wire.NotifyNone {
		return api.SideUs
	}
	return ""
}

// serverSays tells whether an EAP failure is the server's verdict on the client.
func serverSays(c explain.Code) bool {
	return c == explain.EAPRejected || c == explain.EAPNoMethod || c == explain.EAPPassword || c == explain.EAPExpired
}

// steps are the messages in words.
func (r *record) steps() []string {
	const most = 32
	var list []string
	for i := range r.messages[:min(len(r.messages), most)] {
		list = append(list, r.messages[i].step(r.started))
	}
	if more := len(r.messages) - most; more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return list
}

func (m *message) step(start time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s ", elapsed(m.at.Sub(start)))
	switch {
	case m.dropped != "":
		b.WriteString("we dropped ")
	case m.sent:
		b.WriteString("we sent ")
	default:
		b.WriteString("the peer sent ")
	}
	kind := "request"
	if m.header.IsResponse() {
		kind = "response"
	}
	fmt.Fprintf(&b, "%v %s %d", m.header.Exchange, kind, m.header.MessageID)
	if n, ok := errorNotify(m.payloads); ok {
		fmt.Fprintf(&b, " with %v", n.NotifyType)
	}
	if m.dropped != "" {
		fmt.Fprintf(&b, " (%s)", m.dropped)
	}
	fmt.Fprintf(&b, ", %s", octets(m.size))
	if m.datagrams > 1 {
		fmt.Fprintf(&b, " in %d fragments", m.datagrams)
	}
	if m.repeated > 0 {
		fmt.Fprintf(&b, ", and %s again", times(m.repeated))
	}
	return b.String()
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// elapsed writes a time since the start: "+0.012s".
func elapsed(d time.Duration) string { return fmt.Sprintf("+%.3fs", max(0, d).Seconds()) }
