package diagram

import (
	"fmt"
	"strings"

	"culvert/api"
	"culvert/legible"
)

// Mermaid draws a trace in the language of Mermaid's sequence diagrams.
func Mermaid(t *api.Trace) string {
	var b strings.Builder
	fmt.Fprintf(&b, "sequenceDiagram\n    accTitle: %s\n    accDescr: %s\n", spoken(title(t)), spoken(description(t)))
	fmt.Fprintf(&b, "    participant us as us<br/>%s\n    participant peer as %s<br/>%s\n", mermaid(t.Local), mermaid(mermaidPeer(t)), mermaid(t.Remote))
	steps(t, func(m *api.TraceMessage) {
		fmt.Fprintf(&b, "    %s: %s (%s)", mermaidArrow(m), mermaid(head(m)), mermaid(facts(m)))
		if list := contents(m); len(list) > 0 {
			b.WriteString("<br/>" + mermaid(strings.Join(list, ", ")))
		}
		b.WriteString("\n")
	}, func(m *api.TraceMark) {
		fmt.Fprintf(&b, "    Note over us,peer: %s\n", mermaid(m.Text))
	})
	if t.Forgotten > 0 {
		fmt.Fprintf(&b, "    Note over us,peer: %s\n", gap(t))
	}
	return b.String()
}

func mermaidPeer(t *api.Trace) string {
	if t.Peer == "" {
		return "peer"
	}
	return t.Peer
}

// mermaidArrow is solid for requests, dotted for responses, with a cross for what was dropped.
func mermaidArrow(m *api.TraceMessage) string {
	from, to := "us", "peer"
	if m.Direction == api.TraceReceived {
		from, to = to, from
	}
	switch {
	case m.Dropped != "":
		return from + "-x" + to
	case m.Response:
		return from + "-->>" + to
	}
	return from + "->>" + to
}

// spoken is a title or description, in which Mermaid knows no escapes.
func spoken(s string) string {
	return strings.NewReplacer("#", " ", ";", ",", "<", " ", ">", " ", "{", "(", "}", ")", "%", " ").Replace(legible.OneLine(s))
}

// mermaid escapes what ends a text or begins something else.
func mermaid(s string) string {
	return strings.NewReplacer("#", "#35;", ";", "#59;", "<", "#lt;", ">", "#gt;", ":", "#58;", "{", "#123;", "}", "#125;", "%", "#37;").Replace(legible.OneLine(s))
}
