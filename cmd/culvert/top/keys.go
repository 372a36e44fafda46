package top

import (
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"culvert/api"
)

// A question waits for a yes before something is done.
type question struct {
	text string
	do   tea.Cmd
}

// key takes a key. text is what it writes, if anything.
func (m *Model) key(name, text string) tea.Cmd {
	if name == "ctrl+c" {
		return tea.Quit
	}
	switch {
	case m.question != nil:
		return m.answer(name)
	case m.filtering:
		m.write(name, text)
		return nil
	}
	m.notice = ""
	switch name {
	case "q":
		return tea.Quit
	case "up", "k":
		m.move(-1)
	case "down", "j":
		m.move(1)
	case "pgup":
		m.move(-10)
	case "pgdown":
		m.move(10)
	case "home", "g":
		m.move(-1 << 20)
	case "end", "G":
		m.move(1 << 20)
	case "s":
		m.order = (m.order + 1) % orders
	case "/":
		m.filtering = true
	case "tab":
		m.pane = (m.pane + 1) % panes
	case "enter", "d":
		m.toggle(paneDetails)
	case "e":
		m.toggle(paneEvents)
	case "?", "h":
		m.toggle(paneHelp)
	case "esc":
		m.pane, m.filter = paneNone, ""
	default:
		m.act(name)
	}
	return nil
}

func (m *Model) toggle(p pane) {
	if m.pane == p {
		p = paneNone
	}
	m.pane = p
}

// act asks before something is done with the connection that is selected.
func (m *Model) act(name string) {
	c := api.Command{Target: api.Target{Connection: m.selected}, TimeoutSeconds: 60}
	if m.selected == "" {
		return
	}
	switch name {
	case "u":
		m.ask("bring up "+m.selected, m.selected+" is up", func() error { return m.daemon.Up(m.ctx, c, func(api.Event) {}) })
	case "x":
		m.ask("take down "+m.selected, m.selected+" is down", func() error { return m.daemon.Down(m.ctx, c) })
	case "r":
		c.Layer = api.LayerChild
		m.ask("give the children of "+m.selected+" new keys", "the children of "+m.selected+" have new keys", func() error { return m.daemon.Rekey(m.ctx, c) })
	case "R":
		c.Layer = api.LayerIKE
		m.ask("give the IKE SA of "+m.selected+" new keys", "the IKE SA of "+m.selected+" has new keys", func() error { return m.daemon.Rekey(m.ctx, c) })
	}
}

func (m *Model) ask(what, success string, do func() error) {
	m.question = &question{what + "?", func() tea.Msg {
		if err := do(); err != nil {
			return done{what, err}
		}
		return done{success, nil}
	}}
}

// answer takes yes or no; every other key is no.
func (m *Model) answer(name string) tea.Cmd {
	q := m.question
	m.question = nil
	if name != "y" && name != "Y" && name != "enter" {
		m.notice = "left as it is"
		return nil
	}
	m.notice = "..."
	return q.do
}

// write takes a key of the filter.
func (m *Model) write(name, text string) {
	switch name {
	case "enter":
		m.filtering = false
	case "esc":
		m.filtering, m.filter = false, ""
	case "backspace":
		_, n := utf8.DecodeLastRuneInString(m.filter)
		m.filter = m.filter[:len(m.filter)-n]
	default:
		if r, _ := utf8.DecodeRuneInString(text); text != "" && unicode.IsPrint(r) {
			m.filter += text
		}
	}
	m.selected = ""
	m.move(0)
}
