package top

import (
	"fmt"
	"strings"

	"culvert/api"
	"culvert/legible"
)

// paneLines draws the lower pane.
func (m *Model) paneLines() []string {
	switch m.pane {
	case paneDetails:
		return m.details()
	case paneEvents:
		return m.eventLines()
	case paneHelp:
		return m.help()
	}
	return nil
}

// title is the line above a pane.
func (m *Model) title(text string) string {
	return m.style.bold(fit("── "+text+" "+strings.Repeat("─", max(0, m.width-legible.Width(text)-4)), m.width))
}

// details are those of the connection that is selected.
func (m *Model) details() []string {
	if m.status == nil || m.selected == "" {
		return nil
	}
	c, _ := m.status.Connection(m.selected)
	t := m.tally(c.Name)
	lines := []string{m.title(c.Name), m.plain("peer %s  attempts %d  rekeyings seen %d  failures seen %d", strings.Join(c.Remote, ", "), c.Attempts, t.rekeys, t.failures)}
	if c.NextAttempt != nil {
		lines = append(lines, m.plain("next attempt in %s", legible.Span(c.NextAttempt.Sub(m.options.Now()))))
	}
	if p := c.LastFailure; p != nil {
		lines = append(lines, m.style.bad(fit("failed: "+p.Detail, m.width)))
		if p.Action != "" {
			lines = append(lines, m.plain("to do: %s [%s]", p.Action, p.Code))
		}
	}
	for _, sa := range m.status.SAsOf(c.Name) {
		lines = append(lines, m.saLines(&sa)...)
	}
	return lines
}

func (m *Model) plain(format string, args ...any) string {
	return fit(fmt.Sprintf(format, args...), m.width)
}

func (m *Model) saLines(sa *api.SA) []string {
	now := m.options.Now()
	rekey := ""
	if sa.Rekey != nil {
		rekey = "  rekey in " + legible.Span(sa.Rekey.Sub(now))
	}
	lines := []string{
		m.plain("IKE SA %s %s  %s - %s", sa.SPI, sa.State, sa.Local.Address, sa.Remote.Address),
		m.plain("  %s  age %s%s%s", sa.Suite, legible.Span(now.Sub(sa.Created)), rekey, quantum(sa)),
	}
	for _, c := range sa.Children {
		left := ""
		if c.Rekey != nil {
			left = "rekey in " + legible.Span(c.Rekey.Sub(now))
		}
		if c.Expire != nil {
			left += "  ends in " + legible.Span(c.Expire.Sub(now))
		}
		lines = append(lines,
			m.plain("  %s %s  %s - %s", c.Name, c.State, strings.Join(c.Local, " "), strings.Join(c.Remote, " ")),
			m.plain("    in %s in %d packets  out %s in %d packets", legible.Octets(c.In.Bytes), c.In.Packets, legible.Octets(c.Out.Bytes), c.Out.Packets))
		if left != "" {
			lines = append(lines, m.plain("    %s", strings.TrimSpace(left)))
		}
	}
	return lines
}

// quantum tells whether an IKE SA withstands quantum computers.
func quantum(sa *api.SA) string {
	switch {
	case sa.Quantum == nil:
		return ""
	case sa.Quantum.IKE && sa.Quantum.Children:
		return "  quantum-resistant"
	}
	return "  not quantum-resistant"
}

// eventLines are the last events that fit, of the connections that pass the filter.
func (m *Model) eventLines() []string {
	lines := []string{m.title("events")}
	if m.lost > 0 {
		lines = append(lines, m.style.warn(m.plain("%d events were lost, this reader was too slow", m.lost)))
	}
	room := max(m.height/2-len(lines), 1)
	var shown []api.Event
	for _, e := range m.events {
		if e.Connection == "" || strings.Contains(strings.ToLower(e.Connection), strings.ToLower(m.filter)) {
			shown = append(shown, e)
		}
	}
	for _, e := range shown[max(0, len(shown)-room):] {
		paint := func(s string) string { return s }
		switch e.Kind {
		case api.EventFailure:
			paint = m.style.bad
		case api.EventUp, api.EventChildUp:
			paint = m.style.good
		case api.EventRetransmit, api.EventWaiting, api.EventWarning:
			paint = m.style.warn
		}
		lines = append(lines, paint(m.plain("%s %s %s  %s", e.Time.Local().Format("15:04:05"), fit(e.Connection, 12), fit(string(e.Kind), 13), e.Text)))
	}
	return lines
}

func (m *Model) help() []string {
	lines := []string{m.title("keys")}
	for _, row := range [][2]string{
		{"up down pgup pgdn home end", "select a connection"},
		{"u  x", "bring it up, take it down (asks first)"},
		{"r  R", "new keys for its children, for its IKE SA (asks first)"},
		{"s", "sort by configuration, name, state, traffic"},
		{"/", "filter by name, state or peer; enter keeps it, esc drops it"},
		{"enter d", "details of the connection"},
		{"e", "events"},
		{"tab", "next pane"},
		{"q  ctrl+c", "quit"},
	} {
		lines = append(lines, m.plain("  %s %s", fit(row[0], 27), row[1]))
	}
	return lines
}
