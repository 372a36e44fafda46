// Package diagram draws traces as sequence diagrams: for terminals, as Mermaid, and as SVG.
//
// What peers have chosen is in traces only in letters that print; each format escapes what means something in it.
package diagram

import (
	"fmt"
	"strings"
	"time"

	"culvert/api"
	"culvert/legible"
)

// title names a trace.
func title(t *api.Trace) string {
	name := t.Connection
	if name == "" {
		name = "no connection"
	}
	return legible.OneLine(fmt.Sprintf("%s, trace %s: %s", name, t.ID, t.Outcome))
}

// description tells in a sentence what the diagram shows, for those who do not see it.
func description(t *api.Trace) string {
	text := fmt.Sprintf("%d IKE messages between us (%s) and %s, from %s.", len(t.Messages), t.Local, peer(t), t.Started.UTC().Format(time.RFC3339))
	if t.Failure != nil {
		text += " It failed: " + strings.TrimSuffix(t.Failure.Detail, ".") + " [" + string(t.Failure.Code) + "]."
	}
	return legible.OneLine(text)
}

// peer names the other side.
func peer(t *api.Trace) string {
	if t.Peer == "" {
		return legible.OneLine(t.Remote)
	}
	return legible.OneLine(t.Peer + " (" + t.Remote + ")")
}

// head is what an arrow says: exchange, direction, Message ID.
func head(m *api.TraceMessage) string {
	kind := "request"
	if m.Response {
		kind = "response"
	}
	return legible.OneLine(fmt.Sprintf("%s %s %d", m.Exchange, kind, m.MessageID))
}

// facts are size, fragments, repetitions and round-trip time.
func facts(m *api.TraceMessage) string {
	parts := []string{fmt.Sprintf("%d B", m.Size)}
	if m.Fragments > 0 {
		parts = append(parts, fmt.Sprintf("%d fragments", m.Fragments))
	}
	if m.Repeated > 0 {
		parts = append(parts, fmt.Sprintf("%d× again", m.Repeated))
	}
	if m.Response && m.RTT > 0 {
		parts = append(parts, "after "+short(m.RTT))
	}
	if m.Dropped != "" {
		parts = append(parts, "dropped: "+m.Dropped)
	}
	return legible.OneLine(strings.Join(parts, ", "))
}

// short writes a duration with three digits or so.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// contents lists the payloads of a message, those that decide with their contents.
func contents(m *api.TraceMessage) []string {
	list := make([]string, 0, len(m.Payloads))
	for _, p := range m.Payloads {
		switch p.Type {
		case "N":
			list = append(list, "N("+p.Summary+")")
		case "Ni", "Nr", "V", "":
			list = append(list, p.Type)
		default:
			list = append(list, strings.TrimSpace(p.Type+" "+p.Summary))
		}
	}
	return list
}

// marksAfter are what happened after n messages.
func marksAfter(t *api.Trace, n int) []api.TraceMark {
	var list []api.TraceMark
	for _, m := range t.Marks {
		if m.After == n {
			list = append(list, m)
		}
	}
	return list
}

// steps calls mark and message in the order of time.
func steps(t *api.Trace, message func(*api.TraceMessage), mark func(*api.TraceMark)) {
	for i := 0; i <= len(t.Messages); i++ {
		for _, m := range marksAfter(t, i) {
			mark(&m)
		}
		if i < len(t.Messages) {
			message(&t.Messages[i])
		}
	}
}

// gap tells of messages that were left out.
func gap(t *api.Trace) string {
	return fmt.Sprintf("%d messages, most of them liveness checks, are left out", t.Forgotten)
}
