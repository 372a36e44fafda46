package api

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// past is a server whose control has published ten events and log entries.
func past() *Server {
	q := newQuiet(8)
	for i := range 10 {
		connection := []string{"office", "home"}[i%2]
		q.events.Publish(Event{Kind: []EventKind{EventUp, EventDown, EventMoved}[i%3], Connection: connection, Peer: "gw.example.org", Text: fmt.Sprint("Event ", i)})
		q.log.Publish(LogEntry{Level: "INFO", Text: fmt.Sprint("Line ", i), Attrs: map[string]string{"connection": connection, "peer": "192.0.2.1"}})
	}
	s := NewServer(q, "test")
	s.life = "life"
	return s
}

// ids asks for the past and returns the names of the items.
func ids(s *Server, path, last string) string {
	w := newPaper()
	r := asked(context.Background(), path)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	s.ServeHTTP(w, r)
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^id: life-(\d+)$|^event: (gap)$`).FindAllStringSubmatch(w.text.String(), -1) {
		list = append(list, m[1]+m[2])
	}
	return strings.Join(list, " ")
}

func TestStreamsGoOnBehindTheLastItem(t *testing.T) {
	for _, tt := range []struct{ name, path, last, want string }{
		{"nothing said", "/v1/events?once=true", "", ""},
		{"backlog", "/v1/events?once=true&backlog=2", "", "9 10"},
		{"resumed", "/v1/events?once=true&backlog=2", "life-7", "8 9 10"},
		{"resumed at the end", "/v1/events?once=true&backlog=2", "life-10", ""},
		{"resumed too late", "/v1/events?once=true", "life-1", "gap 3 4 5 6 7 8 9 10"},
		{"of another life", "/v1/events?once=true", "other-9", "gap 3 4 5 6 7 8 9 10"},
		{"no number", "/v1/events?once=true", "life-x", "gap 3 4 5 6 7 8 9 10"},
		{"the log", "/v1/log?once=true", "life-8", "9 10"},
		{"one connection", "/v1/events?once=true&backlog=9&connection=home", "", "4 6 8 10"},
		{"some kinds", "/v1/events?once=true&backlog=9&kind=up,moved", "", "3 4 6 7 9 10"},
		{"text", "/v1/events?once=true&backlog=9&match=EVENT+4", "", "5"},
		{"peer", "/v1/events?once=true&backlog=1&match=GW.", "", "10"},
		{"log of one connection", "/v1/log?once=true&backlog=9&connection=office", "", "3 5 7 9"},
		{"log by value", "/v1/log?once=true&backlog=1&match=192.0", "", "10"},
		{"log by text", "/v1/log?once=true&backlog=9&match=line+3", "", "4"},
		{"log by nothing that is there", "/v1/log?once=true&backlog=9&match=x.y", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ids(past(), tt.path, tt.last); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
