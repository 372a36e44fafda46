package api_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/explain"
)

// strange serves one answer to every request, as a daemon of another kind would.
func strange(t *testing.T, answer http.HandlerFunc) *api.Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: answer}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	c := api.NewClient(socket)
	t.Cleanup(c.Close)
	return c
}

func body(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

func TestClientSurvivesStrangeAnswers(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		code   explain.Code
		says   string
	}{
		{"no JSON", body(200, "hello"), explain.ManageUnreachable, "gives no answer"},
		{"half a document", body(200, `{"version": "1`), explain.ManageUnreachable, "unexpected EOF"},
		{"another document", body(200, `{"version": 1}`), explain.ManageUnreachable, "version"},
		{"error without a problem", body(500, "oops"), explain.ManageBadRequest, "500 Internal Server Error"},
		{"error with another document", body(502, `{"a": 1}`), explain.ManageBadRequest, "502 Bad Gateway"},
		{"problem", body(404, `{"code": "MANAGE-NOT-FOUND", "detail": "no such thing"}`), explain.ManageNotFound, "no such thing"},
		{"problem of a code to come", body(409, `{"code": "IKE-NEW", "detail": "x", "more": {}}`), "IKE-NEW", "x"},
		{"hang up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, explain.ManageUnreachable, "gives no answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := strange(t, tt.answer).Status(context.Background())
			if p := problem(t, err); p.Code != tt.code || !strings.Contains(p.Detail, tt.says) {
				t.Errorf("got %v", p)
			}
		})
	}
}

func TestClientIgnoresWhatItDoesNotKnow(t *testing.T) {
	c := strange(t, body(200, `{"version": "9", "sas": [{"spi": "a", "color": "red"}], "weather": "fine"}`))
	s, err := c.Status(context.Background())
	if err != nil || s.Version != "9" || s.SAs[0].SPI != "a" {
		t.Errorf("got %+v and %v", s, err)
	}
}

func TestClientSurvivesStrangeStreams(t *testing.T) {
	tests := []struct {
		name, stream string
		items        int
		missed       uint64
		code         explain.Code // "": it ends well
	}{
		{"good", "event: item\ndata: {\"seq\": 1}\n\nevent: done\ndata: {}\n\n", 1, 0, ""},
		{"comments and unknown fields", ":\n\nid: 7\nretry: 3\nevent: item\ndata: {}\n\nevent: done\ndata: {}\n\n", 1, 0, ""},
		{"unknown events", "event: news\ndata: {}\n\nevent: done\ndata: {}\n\n", 0, 0, ""},
		{"gap", "event: gap\ndata: {\"missed\": 5}\n\nevent: done\ndata: {}\n\n", 0, 5, ""},
		{"problem", "event: problem\ndata: {\"code\": \"AUTH-PSK-WRONG\", \"detail\": \"x\"}\n\n", 0, 0, explain.AuthPSKWrong},
		{"end without an end", "event: item\ndata: {}\n\n", 1, 0, explain.ManageUnreachable},
		{"nothing", "", 0, 0, explain.ManageUnreachable},
		{"half an event", "event: item\ndata: {}", 0, 0, explain.ManageUnreachable},
		{"no JSON", "event: item\ndata: hello\n\n", 0, 0, explain.ManageBadRequest},
		{"problem that is none", "event: problem\ndata: 7\n\n", 0, 0, explain.ManageBadRequest},
		{"line without end", "event: item\ndata: " + strings.Repeat("x", 2<<20), 0, 0, explain.ManageUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			items, missed := 0, uint64(0)
			err := strange(t, body(200, tt.stream)).Events(context.Background(), api.Follow{}, func(api.Event) error { items++; return nil }, func(n uint64) { missed += n })
			if items != tt.items || missed != tt.missed {
				t.Errorf("got %d items and missed %d", items, missed)
			}
			if tt.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if p := problem(t, err); p.Code != tt.code {
				t.Errorf("got %v", p)
			}
		})
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	begun := make(chan struct{})
	c := strange(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		close(begun)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-begun; cancel() }()
	err := c.Events(ctx, api.Follow{}, func(api.Event) error { return nil }, func(uint64) {})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestClientAsksForWhatIsWanted(t *testing.T) {
	tests := []struct {
		follow api.Follow
		want   string
	}{
		{api.Follow{}, "backlog=0"},
		{api.Follow{Backlog: 5, Once: true}, "backlog=5&once=true"},
		{api.Follow{Connection: "a&b", Level: "warn"}, "backlog=0&connection=a%26b&level=warn"},
	}
	for _, tt := range tests {
		var asked string
		c := strange(t, func(w http.ResponseWriter, r *http.Request) {
			asked = r.URL.RawQuery
			fmt.Fprint(w, "event: done\ndata: {}\n\n")
		})
		if err := c.Log(context.Background(), tt.follow, func(api.LogEntry) error { return nil }, func(uint64) {}); err != nil || asked != tt.want {
			t.Errorf("asked %q, want %q; error %v", asked, tt.want, err)
		}
	}
}

func TestSocketThatMayNotBeUsedIsSaid(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	_, err = api.NewClient(socket).Status(context.Background())
	if p := problem(t, err); p.Code != explain.ManageUnreachable || !strings.Contains(p.Detail, "nobody listens on "+socket) {
		t.Errorf("got %v", p)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	if _, err := api.NewClient(socket).Status(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
