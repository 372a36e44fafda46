package top

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"culvert/api"
	"culvert/explain"
	"culvert/internal/golden"
)

func noon() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }

func after(d time.Duration) *time.Time { t := noon().Add(d); return &t }

// A fake is a daemon that remembers what it was asked.
type fake struct {
	status api.Status
	err    error
	calls  []string
}

func (f *fake) Status(context.Context) (api.Status, error) { return f.status, f.err }

func (f *fake) do(what string, c api.Command) error {
	f.calls = append(f.calls, strings.TrimSpace(what+" "+c.Connection+" "+string(c.Layer)))
	return f.err
}

func (f *fake) Up(_ context.Context, c api.Command, _ func(api.Event)) error { return f.do("up", c) }
func (f *fake) Down(_ context.Context, c api.Command) error                  { return f.do("down", c) }
func (f *fake) Rekey(_ context.Context, c api.Command) error                 { return f.do("rekey", c) }

func (f *fake) Events(_ context.Context, _ api.Follow, each func(api.Event) error, gap func(uint64)) error {
	gap(3)
	return each(api.Event{Kind: api.EventUp, Connection: "office", Text: "up"})
}

// carried is a status in which office has carried so many octets.
func carried(in, out uint64) api.Status {
	child := api.Child{
		Name: "net", State: api.ChildInstalled, InSPI: "c0000001", Local: []string{"10.1.0.0/16"}, Remote: []string{"10.2.0.0/16"}, Rekey: after(31 * time.Minute), Expire: after(time.Hour),
		In: api.Traffic{Bytes: in, Packets: in / 1000}, Out: api.Traffic{Bytes: out, Packets: out / 1000},
	}
	return api.Status{
		Version: "1.2.3", Started: noon().Add(-75 * time.Hour), Dataplane: "user space, 2 queues",
		Connections: []api.Connection{
			{Name: "office", State: api.Up, Remote: []string{"vpn.example.net"}, Children: []string{"net"}},
			{Name: "branch", State: api.Waiting, Remote: []string{"203.0.113.9"}, Attempts: 3, NextAttempt: after(20 * time.Second),
				LastFailure: api.NewProblem(0, explain.AuthPSKWrong, "compare the secrets", "branch does not know our key")},
			{Name: "clients", State: api.Listening},
		},
		SAs: []api.SA{{
			Connection: "office", State: api.SAEstablished, SPI: "8c1f0a2b3c4d5e6f", Suite: "aes256gcm16-prfsha384-x25519", Created: noon().Add(-3 * time.Hour), Rekey: after(44 * time.Minute),
			Local: api.Endpoint{Address: "192.0.2.1:4500"}, Remote: api.Endpoint{Address: "198.51.100.7:4500"}, Quantum: &api.Quantum{IKE: true, Children: true}, Children: []api.Child{child},
		}},
	}
}

// started returns a view that has looked three times, a second apart.
func started() (*Model, *fake) {
	f := &fake{}
	m := New(context.Background(), f, Options{Interval: time.Second, Now: noon})
	for i, v := range [][2]uint64{{1000, 0}, {1001000, 125000}, {1501000, 375000}} {
		f.status = carried(v[0], v[1])
		m.Update(looked{f.status, noon().Add(time.Duration(i) * time.Second)})
	}
	return m, f
}

// press gives keys to a view, and returns the last command.
func press(m *Model, keys ...string) (last tea.Cmd) {
	special := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown, "backspace": tea.KeyBackspace, "end": tea.KeyEnd, "home": tea.KeyHome}
	for _, k := range keys {
		msg := tea.KeyPressMsg{Code: special[k]}
		if msg.Code == 0 {
			msg.Code, msg.Text = []rune(k)[0], k
		}
		_, last = m.Update(msg)
	}
	return last
}

// golden compares a frame with a file of testdata, and sees that it fits the screen.
func frame(t *testing.T, m *Model, name string) {
	t.Helper()
	got := m.View().Content
	lines := strings.Split(got, "\n")
	if len(lines) > m.height {
		t.Errorf("%s: %d lines on a screen of %d", name, len(lines), m.height)
	}
	for _, l := range lines {
		if n := ansi.StringWidth(l); n > m.width {
			t.Errorf("%s: %d columns on a screen of %d: %s", name, n, m.width, l)
		}
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	got = strings.Join(lines, "\n") + "\n"
	golden.File(t, filepath.Join("testdata", name), got)
}

func TestFrames(t *testing.T) {
	t.Setenv("TZ", "UTC")
	m, _ := started()
	frame(t, m, "details.txt")
	press(m, "down")
	frame(t, m, "failure.txt")
	for i, e := range []api.Event{
		{Kind: api.EventAttempt, Connection: "office", Text: "connecting to 198.51.100.7"}, {Kind: api.EventUp, Connection: "office", Text: "IKE SA is up"},
		{Kind: api.EventFailure, Connection: "branch", Text: "a \x1b[2Jpeer refused", Problem: api.NewProblem(0, explain.AuthPSKWrong, "", "x")},
	} {
		e.Time = noon().Add(time.Duration(i) * time.Second).In(time.UTC)
		m.Update(happened{e})
	}
	m.Update(missed{7})
	press(m, "e")
	if got := m.View().Content; !strings.Contains(got, "7 events were lost") || !strings.Contains(got, "IKE SA is up") || strings.Contains(got, "\x1b[2J") {
		t.Errorf("events:\n%s", got)
	}
	press(m, "?")
	frame(t, m, "help.txt")
	press(m, "esc")
	m.Update(tea.WindowSizeMsg{Width: 132, Height: 12})
	frame(t, m, "wide.txt")
	m.Update(tea.WindowSizeMsg{Width: 58, Height: 12})
	frame(t, m, "narrow.txt")
	m.Update(tea.WindowSizeMsg{Width: 30, Height: 5})
	frame(t, m, "small.txt")
}

func TestEverySizeFits(t *testing.T) {
	m, _ := started()
	m.Update(happened{api.Event{Connection: "office", Text: strings.Repeat("word ", 90)}})
	for width := 1; width < 150; width += 7 {
		for height := 1; height < 40; height += 3 {
			m.Update(tea.WindowSizeMsg{Width: width, Height: height})
			for range panes {
				press(m, "tab")
				lines := strings.Split(m.View().Content, "\n")
				if width >= leastWidth && height >= leastHeight && len(lines) != height {
					t.Fatalf("%dx%d: %d lines", width, height, len(lines))
				}
				for _, l := range lines {
					if ansi.StringWidth(l) > max(width, 2) {
						t.Fatalf("%dx%d: %q", width, height, l)
					}
				}
			}
		}
	}
}

func TestThroughputIsMeasuredAcrossRekeying(t *testing.T) {
	m, f := started()
	if in, out := m.loads["office"].rates(); in != 500000 || out != 250000 {
		t.Errorf("%v in, %v out", in, out)
	}
	f.status.SAs[0].Children[0].InSPI = "c0000002" // rekeyed: the new pair counts from nothing
	f.status.SAs[0].Children[0].In.Bytes = 3000
	m.Update(looked{f.status, noon().Add(4 * time.Second)})
	if in, _ := m.loads["office"].rates(); in != 1500 {
		t.Errorf("%v in after rekeying", in)
	}
	if got := spark([]float64{0, 1, 5, 10}, 6); got != "   ▂▅█" {
		t.Errorf("%q", got)
	}
	for octets, want := range map[float64]string{0: "0 b/s", 100: "800 b/s", 1000: "8 kb/s", 156250: "1.25 Mb/s", 1.25e9: "10 Gb/s", 1e12: "8 Tb/s"} {
		if got := rate(octets); got != want {
			t.Errorf("%v: %s, want %s", octets, got, want)
		}
	}
}

func TestCommandsAskFirst(t *testing.T) {
	for key, want := range map[string]string{"u": "up office", "x": "down office", "r": "rekey office child", "R": "rekey office ike"} {
		m, f := started()
		if press(m, key) != nil || len(f.calls) != 0 || !strings.Contains(m.View().Content, "office") || !strings.Contains(m.View().Content, "? y/n") {
			t.Errorf("%s: %q without an answer", key, f.calls)
		}
		if press(m, "n"); m.question != nil || !strings.Contains(m.View().Content, "left as it is") {
			t.Errorf("%s: no is not taken", key)
		}
		press(m, key)
		m.Update(press(m, "y")())
		if fmt.Sprint(f.calls) != "["+want+"]" {
			t.Errorf("%s: asked %q", key, f.calls)
		}
	}
	m, f := started()
	f.err = api.NewProblem(0, explain.IKETimeout, "", "no answer from the peer")
	press(m, "u")
	m.Update(press(m, "y")())
	if got := m.View().Content; !strings.Contains(got, "bring up office?: no answer from the peer") && !strings.Contains(got, "bring up office: no answer from the peer") {
		t.Errorf("got\n%s", got)
	}
}

func TestListIsSortedAndFiltered(t *testing.T) {
	m, _ := started()
	names := func() (s string) {
		for _, c := range m.shown() {
			s += c.Name + " "
		}
		return s
	}
	for _, want := range []string{"office branch clients ", "branch clients office ", "branch office clients ", "office branch clients "} {
		if got := names(); got != want {
			t.Errorf("by %s: %s", m.order, got)
		}
		press(m, "s")
	}
	press(m, "/", "B", "r", "x", "backspace", "enter")
	if names() != "branch " || m.selected != "branch" || m.filtering {
		t.Errorf("filter %q: %s, selected %s", m.filter, names(), m.selected)
	}
	press(m, "/", "z", "z")
	if got := m.View().Content; !strings.Contains(got, "no connections pass the filter") || !strings.Contains(got, "filter: Brzz_") {
		t.Errorf("got\n%s", got)
	}
	press(m, "esc", "end")
	if m.selected != "clients" {
		t.Errorf("selected %s", m.selected)
	}
	press(m, "home", "k")
	if m.selected != "office" {
		t.Errorf("selected %s", m.selected)
	}
}

func TestRestartOfTheDaemonIsSurvived(t *testing.T) {
	m, f := started()
	f.err = errors.New("nobody listens")
	_, wait := m.Update(m.look()())
	if got := m.View().Content; wait == nil || !strings.Contains(got, "no answer: nobody listens") || !strings.Contains(got, "office") {
		t.Errorf("got\n%s", got)
	}
	if _, again := m.Update(due{}); again == nil {
		t.Error("it is not asked again")
	}
	f.err, f.status = nil, carried(5000, 0)
	f.status.Started = noon()
	f.status.Connections = f.status.Connections[1:]
	m.Update(looked{f.status, noon().Add(5 * time.Second)})
	if got := m.View().Content; strings.Contains(got, "no answer") || !strings.Contains(got, "started anew") || m.selected != "branch" {
		t.Errorf("selected %s\n%s", m.selected, got)
	}
}

func TestEventsOfThePastAreNotRepeated(t *testing.T) {
	m, _ := started()
	e := api.Event{Seq: 5, Time: noon(), Kind: api.EventRekeyed, Connection: "office"}
	m.Update(happened{e})
	m.Update(happened{e})
	e.Seq, e.Time = 1, noon().Add(time.Minute) // of the next daemon
	m.Update(happened{e})
	if len(m.events) != 2 || m.tally("office").rekeys != 2 {
		t.Errorf("%d events, %+v", len(m.events), m.tally("office"))
	}
	for i := range mostEvents + 10 {
		m.Update(happened{api.Event{Seq: uint64(10 + i), Time: noon().Add(time.Hour)}})
	}
	if len(m.events) != mostEvents {
		t.Errorf("%d events", len(m.events))
	}
}

func TestColoursAreAskedFor(t *testing.T) {
	m, f := started()
	if strings.Contains(m.View().Content, "\x1b[") {
		t.Error("colours without being asked for")
	}
	c := New(context.Background(), f, Options{Interval: time.Second, Now: noon, Colour: true})
	c.Update(looked{f.status, noon()})
	if !strings.Contains(c.View().Content, "\x1b[") {
		t.Error("no colours")
	}
}

func TestEventsAreFollowedUntilTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var got []tea.Msg
	follow(ctx, &fake{}, func(m tea.Msg) {
		if got = append(got, m); len(got) == 2 {
			cancel()
		}
	})
	if len(got) != 2 || got[0] != (missed{3}) {
		t.Errorf("%+v", got)
	}
}

func TestKeysQuit(t *testing.T) {
	m, _ := started()
	if cmd := press(m, "q"); cmd == nil || cmd() != tea.Quit() {
		t.Error("q does not quit")
	}
}
