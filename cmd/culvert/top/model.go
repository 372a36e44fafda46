package top

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"culvert/api"
)

// A pane is what takes the lower part of the screen.
type pane uint8

const (
	paneNone pane = iota
	paneDetails
	paneEvents
	paneHelp
	panes
)

// mostEvents is how many are kept.
const mostEvents = 500

// A Model is all that is shown.
type Model struct {
	ctx     context.Context
	daemon  Daemon
	options Options
	style   style

	width, height int
	status        *api.Status // nil: nothing was heard so far
	silence       string      // why the daemon says nothing; "": it does
	loads         map[string]*load
	last          map[string]volume // of children, by inbound SPI
	lastAt        time.Time
	events        []api.Event
	lost          uint64
	tallies       map[string]*tally

	order     order
	filter    string
	filtering bool // keys go to the filter
	selected  string
	pane      pane
	question  *question // waits for yes or no
	notice    string
}

// A tally counts events of a connection since the view began.
type tally struct{ rekeys, failures int }

// New returns a view that has heard nothing so far.
func New(ctx context.Context, d Daemon, o Options) *Model {
	return &Model{
		ctx: ctx, daemon: d, options: o, style: newStyle(o.Colour), width: 80, height: 24,
		loads: map[string]*load{}, last: map[string]volume{}, tallies: map[string]*tally{}, pane: paneDetails,
	}
}

// Init looks for the first time.
func (m *Model) Init() tea.Cmd { return m.look() }

// look asks the daemon for its status.
func (m *Model) look() tea.Cmd {
	return func() tea.Msg {
		const patience = 5 * time.Second
		ctx, cancel := context.WithTimeout(m.ctx, patience)
		defer cancel()
		s, err := m.daemon.Status(ctx)
		if err != nil {
			return unanswered{err}
		}
		return looked{s, m.options.Now()}
	}
}

// Update takes one message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return m, m.key(msg.String(), msg.Key().Text)
	case looked:
		m.hear(msg)
		return m, m.wait()
	case unanswered:
		m.silence = reason(msg.err)
		return m, m.wait()
	case due:
		return m, m.look()
	case happened:
		m.note(msg.event)
	case missed:
		m.lost += msg.n
	case done:
		if m.notice = msg.text; msg.err != nil {
			m.notice = msg.text + ": " + reason(msg.err)
		}
		return m, m.look()
	}
	return m, nil
}

func (m *Model) wait() tea.Cmd {
	return tea.Tick(m.options.Interval, func(time.Time) tea.Msg { return due{} })
}

// hear takes what the daemon says.
func (m *Model) hear(l looked) {
	if m.status != nil && !m.status.Started.Equal(l.status.Started) {
		m.notice = "the daemon was started anew"
		clear(m.last)
	}
	m.silence = ""
	m.measure(&l.status, l.at)
	m.status = &l.status
	if _, there := l.status.Connection(m.selected); !there {
		m.selected = ""
	}
	if shown := m.shown(); m.selected == "" && len(shown) > 0 {
		m.selected = shown[0].Name
	}
}

// note keeps an event, and counts it.
func (m *Model) note(e api.Event) {
	if n := len(m.events); n > 0 && e.Seq != 0 && e.Seq <= m.events[n-1].Seq && !e.Time.After(m.events[n-1].Time) {
		return // the past again, after the stream was opened anew
	}
	m.events = append(m.events, e)
	if len(m.events) > mostEvents {
		m.events = slices.Delete(m.events, 0, len(m.events)-mostEvents)
	}
	t := m.tally(e.Connection)
	switch e.Kind {
	case api.EventRekeyed, api.EventChildRekeyed:
		t.rekeys++
	case api.EventFailure, api.EventDown:
		if e.Problem != nil {
			t.failures++
		}
	}
}

func (m *Model) tally(connection string) *tally {
	t := m.tallies[connection]
	if t == nil {
		t = new(tally)
		m.tallies[connection] = t
	}
	return t
}

// shown are the connections that pass the filter, in their order.
func (m *Model) shown() []api.Connection {
	if m.status == nil {
		return nil
	}
	list := slices.DeleteFunc(slices.Clone(m.status.Connections), func(c api.Connection) bool {
		return !strings.Contains(strings.ToLower(c.Name+" "+string(c.State)+" "+strings.Join(c.Remote, " ")), strings.ToLower(m.filter))
	})
	m.order.sort(list, m)
	return list
}

// move selects another connection.
func (m *Model) move(by int) {
	shown := m.shown()
	if len(shown) == 0 {
		return
	}
	i := slices.IndexFunc(shown, func(c api.Connection) bool { return c.Name == m.selected })
	m.selected = shown[min(max(i+by, 0), len(shown)-1)].Name
}
