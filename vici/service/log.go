package service

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"culvert/api"
	"culvert/swanctl/settings"
)

// The levels of lines, of which 0 is the most important, and how much of a control log is told unless asked for more.
const (
	levelAudit   = 0
	levelControl = 1
)

// followLog tells the lines of the log to who listens, until ctx ends.
func (s *Service) followLog(ctx context.Context) {
	lines := s.daemon.Log().Tail(0)
	for {
		line, missed, err := lines.Read(ctx)
		if err != nil {
			return
		}
		if missed == 0 && line.Level != "DEBUG" && s.Listened(EventLog) {
			s.Publish(EventLog, logged(line))
		}
	}
}

// logged shows a line of the log.
func logged(line api.LogEntry) *settings.Section {
	level, group := levelControl, "DMN"
	if line.Level == "ERROR" {
		level = levelAudit
	}
	connection := line.Attrs["connection"]
	if connection != "" || line.Attrs["sa"] != "" {
		group = "IKE"
	}
	m := new(settings.Section).Add("group", group).Add("level", strconv.Itoa(level)).Add("thread", "0")
	if id := line.Attrs["sa_id"]; id != "" && connection != "" {
		m.Add("ikesa-name", connection).Add("ikesa-uniqueid", id)
	}
	return m.Add("msg", message(line.Text, line.Attrs))
}

// message is a line with those of its attributes that have no key of their own.
func message(text string, attrs map[string]string) string {
	var keys []string
	for k := range attrs {
		switch k {
		case "connection", "sa", "sa_id":
		default:
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var b strings.Builder
	b.WriteString(text)
	for _, k := range keys {
		b.WriteString(" " + k + "=" + attrs[k])
	}
	return cut(b.String())
}

// maxLine is how long a line may be that is told.
const maxLine = 4096

func cut(line string) string {
	if len(line) > maxLine {
		return strings.ToValidUTF8(line[:maxLine], "")
	}
	return line
}

// A controlLog streams what happens while a command runs to who asked for it.
type controlLog struct {
	level   int
	about   func(api.Event) bool
	stream  func(event string, m *settings.Section) error
	reading *api.Reader[api.Event]
}

// follow tells events until ctx ends, and those that have come by then.
func (l *controlLog) follow(ctx context.Context) {
	for {
		ev, missed, err := l.reading.Read(ctx)
		if err != nil {
			return
		}
		if missed > 0 || !l.about(ev) {
			continue
		}
		if group, level := kindOf(ev.Kind); level <= l.level && l.stream(eventControlLog, controlLine(group, level, ev)) != nil {
			return
		}
	}
}

func controlLine(group string, level int, ev api.Event) *settings.Section {
	m := new(settings.Section).Add("group", group).Add("level", strconv.Itoa(level))
	if ev.Connection != "" && ev.SAID != 0 {
		m.Add("ikesa-name", ev.Connection).Add("ikesa-uniqueid", number(ev.SAID))
	}
	return m.Add("msg", cut(ev.Text))
}

// kindOf is the group and the level that events of a kind have with strongSwan.
func kindOf(k api.EventKind) (group string, level int) {
	switch k {
	case api.EventSent, api.EventReceived:
		return "ENC", levelControl
	case api.EventDropped, api.EventMoved:
		return "NET", levelControl
	case api.EventReloaded:
		return "CFG", levelControl
	case api.EventAttempt, api.EventUp, api.EventDown, api.EventRekeyed, api.EventChildUp, api.EventChildDown, api.EventChildRekeyed:
		return "IKE", levelAudit
	}
	return "IKE", levelControl
}
