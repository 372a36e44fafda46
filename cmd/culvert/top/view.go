package top

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"culvert/api"
	"culvert/legible"
)

// The smallest screen that is drawn on.
const leastWidth, leastHeight = 40, 8

// View draws a frame.
func (m *Model) View() tea.View {
	v := tea.NewView(m.frame())
	v.AltScreen = true
	v.WindowTitle = "culvert top"
	return v
}

// frame is the screen: a head, the connections, a pane and a foot.
func (m *Model) frame() string {
	if m.width < leastWidth || m.height < leastHeight {
		text := legible.Wrap(fmt.Sprintf("the terminal is too small: %d by %d characters are needed; q quits", leastWidth, leastHeight), m.width)
		return strings.Join(text[:min(len(text), max(m.height, 1))], "\n")
	}
	lines := m.head()
	pane := m.paneLines()
	room := m.height - len(lines) - 1 // for the foot
	if most := room - min(room/2, len(m.shown())+1); len(pane) > most {
		pane = pane[:max(most, 0)]
	}
	lines = append(lines, m.list(room-len(pane))...)
	lines = append(lines, pane...)
	lines = append(lines, m.foot())
	return strings.Join(lines, "\n")
}

func (m *Model) head() []string {
	title := "culvert top"
	if s := m.status; s != nil {
		up := 0
		for _, c := range s.Connections {
			if c.State == api.Up {
				up++
			}
		}
		title = fmt.Sprintf("culvert %s  up %s  %d of %d connections up  %d IKE SAs  %s", s.Version, legible.Span(m.options.Now().Sub(s.Started)), up, len(s.Connections), len(s.SAs), s.Dataplane)
	}
	second := fmt.Sprintf("sorted by %s", m.order)
	if m.filter != "" || m.filtering {
		second += "  filter: " + m.filter
		if m.filtering {
			second += "_"
		}
	}
	line := m.style.faint(fit(second, m.width))
	switch {
	case m.silence != "":
		line = m.style.bad(fit("no answer: "+m.silence+" (it is asked again)", m.width))
	case m.status != nil && len(m.status.Warnings) > 0:
		line = m.style.warn(fit("warning: "+m.status.Warnings[0].Text, m.width))
	}
	return []string{m.style.bold(fit(title, m.width)), line}
}

// columns of the list.
const (
	nameWidth, stateWidth, rateWidth, sparkWidth, rekeyWidth = 16, 10, 9, 10, 7
)

// columns are how wide the name and each course of throughput are. Narrow screens have no courses, then shorter names, so that
// figures stay.
func (m *Model) columns() (name, graph int) {
	const others = stateWidth + 2*rateWidth + rekeyWidth + 6 // with the spaces between them
	room := m.width - others
	return min(max(room, leastName), nameWidth), min(max((room-nameWidth)/2, 0), sparkWidth)
}

// leastName is what is left of names on the narrowest screens.
const leastName = 8

// list draws the connections, around the one that is selected, in a number of lines.
func (m *Model) list(lines int) []string {
	name, graph := m.columns()
	head := fit("  CONNECTION", name) + " " + fit("STATE", stateWidth) + " " + right("IN", rateWidth) + " " + fit("", graph) + " " + right("OUT", rateWidth) + " " +
		fit("", graph) + " " + right("REKEY", rekeyWidth)
	out := []string{m.style.bold(fit(head+m.peerHead(), m.width))}
	shown := m.shown()
	room := max(lines-1, 0)
	at := slices.IndexFunc(shown, func(c api.Connection) bool { return c.Name == m.selected })
	first := min(max(at-room+1, 0), max(len(shown)-room, 0))
	for _, c := range shown[first:min(first+room, len(shown))] {
		out = append(out, m.row(c))
	}
	if len(shown) == 0 && room > 0 {
		out = append(out, fit("no connections"+map[bool]string{true: " pass the filter"}[m.filter != ""], m.width))
	}
	for len(out) < lines {
		out = append(out, "")
	}
	return out[:max(lines, 0)]
}

// peerHead is the head of a column that wide screens have.
func (m *Model) peerHead() string {
	if m.width < 100 {
		return ""
	}
	return "  PEER"
}

func (m *Model) row(c api.Connection) string {
	l := m.loads[c.Name]
	if l == nil {
		l = new(load)
	}
	in, out := l.rates()
	mark := "  "
	if c.Name == m.selected {
		mark = "> " // seen without colours, too
	}
	nameWidth, graph := m.columns()
	name, state := fit(mark+c.Name, nameWidth), m.stateStyle(c)(fit(string(c.State), stateWidth))
	rest := right(rate(in), rateWidth) + " " + spark(l.in, graph) + " " + right(rate(out), rateWidth) + " " + spark(l.out, graph) + " " + right(m.rekeyIn(c.Name), rekeyWidth)
	if m.width >= 100 {
		rest += "  " + strings.Join(c.Remote, ", ")
	}
	rest = fit(rest, m.width-nameWidth-stateWidth-2)
	if c.Name == m.selected {
		return m.style.chosen(name + " " + fit(string(c.State), stateWidth) + " " + rest)
	}
	return name + " " + state + " " + rest
}

func (m *Model) stateStyle(c api.Connection) func(string) string {
	switch {
	case c.State == api.Up:
		return m.style.good
	case urgency(c) == 0:
		return m.style.bad
	case c.State == api.Connecting:
		return m.style.warn
	}
	return m.style.faint
}

// rekeyIn is the time until the next rekeying of a connection or of its children.
func (m *Model) rekeyIn(connection string) string {
	var next *time.Time
	earlier := func(t *time.Time) {
		if t != nil && (next == nil || t.Before(*next)) {
			next = t
		}
	}
	for _, sa := range m.status.SAsOf(connection) {
		earlier(sa.Rekey)
		for _, c := range sa.Children {
			earlier(c.Rekey)
		}
	}
	if next == nil {
		return "-"
	}
	return legible.Span(next.Sub(m.options.Now()))
}

func (m *Model) foot() string {
	text := "up/down move  u up  x down  r rekey  s sort  / filter  tab panes  ? help  q quit"
	paint := m.style.faint
	switch {
	case m.question != nil:
		text, paint = m.question.text+" y/n", m.style.warn
	case m.notice != "":
		text, paint = m.notice, m.style.bold
	}
	return paint(fit(text, m.width))
}
