package diagram

import (
	"strings"
	"time"

	"culvert/api"
	"culvert/legible"
)

// A column tells a trace below each other, on terminals that are too narrow for two lifelines:
//
//	+0.000s ─▶ IKE_SA_INIT request 0
//	  284 B
//	  SA aes256gcm16, KE CURVE_25519, Ni
type column struct {
	b       strings.Builder
	start   time.Time
	width   int
	verbose bool
}

// narrow is Text, or Tail if the trace is not begun, in one column.
func narrow(t *api.Trace, width int, verbose, begun bool) string {
	c := &column{start: t.Started, width: width, verbose: verbose}
	if begun {
		c.lines("", title(t)+", "+t.Started.UTC().Format("2006-01-02 15:04:05")+" UTC")
		c.lines("", "us "+legible.OneLine(t.Local))
		c.lines("", "peer "+peer(t))
	}
	steps(t, c.message, c.mark)
	if begun && t.Forgotten > 0 {
		c.lines("", "… "+gap(t))
	}
	return c.b.String()
}

// lines writes a text in lines that fit, each behind an indentation.
func (c *column) lines(indent, text string) {
	for _, line := range legible.Wrap(legible.OneLine(text), c.width-len(indent)) {
		c.b.WriteString(strings.TrimRight(indent+line, " ") + "\n")
	}
}

func (c *column) message(m *api.TraceMessage) {
	sign := "─▶"
	switch {
	case m.Dropped != "":
		sign = "✗"
	case m.Direction == api.TraceReceived:
		sign = "◀─"
	}
	c.lines("", clock(m.Time.Sub(c.start))+" "+sign+" "+head(m))
	c.lines("  ", facts(m))
	if !c.verbose {
		if list := contents(m); len(list) > 0 {
			c.lines("  ", strings.Join(list, ", "))
		}
		return
	}
	for _, p := range m.Payloads {
		c.lines("  ", p.Type+" "+p.Summary)
		c.fields(p.Fields, "    ")
	}
}

// fields are those of a payload. Deep ones stand no further in, as there is no room.
func (c *column) fields(list []api.TraceField, indent string) {
	for _, f := range list {
		c.lines(indent, f.Name+" "+f.Value)
		c.fields(f.Fields, "      ")
	}
}

func (c *column) mark(m *api.TraceMark) {
	sign := " • "
	if m.Problem != nil {
		sign = " ! "
	}
	c.lines("", clock(m.Time.Sub(c.start))+sign+m.Text)
}
