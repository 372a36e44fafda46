package diagram

import (
	"fmt"
	"strings"
	"time"

	"culvert/api"
	"culvert/legible"
)

// narrowest is the width below which no diagram is drawn.
const narrowest = 60

// clockWidth is the column of times, before the first lifeline.
const clockWidth = 10

// A canvas draws with letters: a column of times, and two lifelines.
//
//	+0.000s │── IKE_SA_INIT request 0 ─────────────── 284 B ─▶│
//	        │   SA aes256gcm16, KE CURVE_25519, Ni            │
type canvas struct {
	b       strings.Builder
	start   time.Time
	inner   int // columns between the lifelines
	verbose bool
}

// Text draws a trace for a terminal of that many columns. Verbose has every field of every payload.
func Text(t *api.Trace, width int, verbose bool) string {
	if width < narrowest {
		return narrow(t, width, verbose, true)
	}
	c := &canvas{start: t.Started, inner: width - clockWidth - 2, verbose: verbose}
	c.caption(t)
	steps(t, c.message, c.mark)
	if t.Forgotten > 0 {
		c.note(time.Time{}, "…", gap(t))
	}
	c.row("", strings.Repeat(" ", c.inner))
	return c.b.String()
}

// Tail draws messages and marks below a diagram that is there already.
func Tail(t *api.Trace, width int, verbose bool) string {
	if width < narrowest {
		return narrow(t, width, verbose, false)
	}
	c := &canvas{start: t.Started, inner: width - clockWidth - 2, verbose: verbose}
	steps(t, c.message, c.mark)
	return c.b.String()
}

// caption names trace and sides.
func (c *canvas) caption(t *api.Trace) {
	c.b.WriteString(title(t) + ", " + t.Started.UTC().Format("2006-01-02 15:04:05") + " UTC\n")
	left, right := "us "+legible.OneLine(t.Local), peer(t)
	room := c.inner + 2 - legible.Width(left)
	if legible.Width(right)+2 > room {
		right = legible.OneLine(t.Remote)
	}
	fmt.Fprintf(&c.b, "%s%s%s%s\n", strings.Repeat(" ", clockWidth), left, strings.Repeat(" ", max(room-legible.Width(right), 1)), right)
	c.row("", strings.Repeat(" ", c.inner))
}

// row draws one line between the lifelines.
func (c *canvas) row(clock, inner string) {
	line := fmt.Sprintf("%*s │%s│", clockWidth-1, clock, inner)
	c.b.WriteString(line + "\n")
}

func (c *canvas) message(m *api.TraceMessage) {
	c.row(clock(m.Time.Sub(c.start)), c.arrow(m))
	if c.verbose {
		c.payloads(m)
		return
	}
	c.text("   ", strings.Join(contents(m), ", "))
}

// clock writes the time since the beginning.
func clock(d time.Duration) string {
	d = max(d, 0)
	if d < 1000*time.Second {
		return fmt.Sprintf("+%.3fs", d.Seconds())
	}
	return "+" + d.Round(time.Second).String()
}

// arrow goes all the way, or ends halfway if the message was dropped.
func (c *canvas) arrow(m *api.TraceMessage) string {
	label, info := " "+head(m)+" ", " "+facts(m)+" "
	room := c.inner - legible.Width(label) - legible.Width(info) - 4
	if room < 1 {
		info, room = "", c.inner-legible.Width(label)-4
	}
	line := label + strings.Repeat("─", max(room, 1)) + info
	switch {
	case m.Dropped != "":
		return "  ✗─" + line
	case m.Direction == api.TraceSent:
		return "──" + line + "─▶"
	}
	return "◀─" + line + "──"
}

// text writes words between the lifelines.
func (c *canvas) text(indent, words string) {
	if words == "" {
		return
	}
	for _, line := range legible.Wrap(legible.OneLine(words), c.inner-legible.Width(indent)-1) {
		c.row("", legible.Pad(indent+line, c.inner))
	}
}

func (c *canvas) payloads(m *api.TraceMessage) {
	for _, p := range m.Payloads {
		c.text("   ", strings.TrimSpace(p.Type+" "+p.Summary))
		c.fields(p.Fields, "       ")
	}
}

func (c *canvas) fields(list []api.TraceField, indent string) {
	for _, f := range list {
		c.text(indent, strings.TrimSpace(f.Name+" "+f.Value))
		c.fields(f.Fields, indent+"    ")
	}
}

func (c *canvas) mark(m *api.TraceMark) {
	sign := "•"
	if m.Problem != nil {
		sign = "!"
	}
	c.note(m.Time, sign, m.Text)
}

func (c *canvas) note(at time.Time, sign, text string) {
	when := ""
	if !at.IsZero() {
		when = clock(at.Sub(c.start))
	}
	for i, line := range legible.Wrap(legible.OneLine(text), c.inner-4) {
		if i > 0 {
			when, sign = "", " "
		}
		c.row(when, legible.Pad(" "+sign+" "+line, c.inner))
	}
}
