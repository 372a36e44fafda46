package daemon

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"culvert/api"
	"culvert/explain"
)

// A hearing is a web server that hears of events, after some answers that are failures.
type hearing struct {
	server  *httptest.Server
	notices chan notice
	status  chan int // answers to give first
}

func newHearing(t *testing.T, failures ...int) *hearing {
	t.Helper()
	h := &hearing{notices: make(chan notice, 1000), status: make(chan int, len(failures))}
	for _, code := range failures {
		h.status <- code
	}
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case code := <-h.status:
			w.WriteHeader(code)
			return
		default:
		}
		var n notice
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		h.notices <- n
	}))
	t.Cleanup(h.server.Close)
	return h
}

// until collects notices up to the first one of a kind.
func (h *hearing) until(t *testing.T, kind api.EventKind) (list []notice) {
	t.Helper()
	for {
		select {
		case n := <-h.notices:
			list = append(list, n)
			if n.Event.Kind == kind {
				return list
			}
		case <-time.After(patience):
			t.Fatalf("no %s among %+v", kind, list)
		}
	}
}

// webhookPair starts two daemons, the first of which tells a server.
func webhookPair(t *testing.T, h *hearing, options string) (west, east *node) {
	t.Helper()
	west, east = newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.site(east, "", "")+"\nwebhook \"ops\" {\n url = \""+h.server.URL+"\"\n"+options+"\n}\n")
	east.write("", east.site(west, "", ""))
	return west.start(), east.start()
}

func TestWebhookHearsOfTheTunnel(t *testing.T) {
	h := newHearing(t)
	west, _ := webhookPair(t, h, `secret = "0123456789abcdef"`)
	west.up()
	list := h.until(t, api.EventChildUp)
	first := list[0]
	if first.Webhook != "ops" || first.ID == "" || first.Event.Connection != "site" || first.Missed != 0 {
		t.Errorf("%+v", first)
	}
	for _, n := range list {
		if !slices.Contains([]api.EventKind{api.EventUp, api.EventChildUp}, n.Event.Kind) {
			t.Errorf("told of %s, which is not asked for", n.Event.Kind)
		}
	}
	west.stop()
	h.until(t, api.EventDown) // also when the daemon ends
}

// A server that refuses is told of in one event, which is not told to it, and what it has missed is counted.
func TestWebhookThatFailsIsAnEventOnce(t *testing.T) {
	h := newHearing(t, http.StatusGone, http.StatusFound)
	west, _ := webhookPair(t, h, `events = ["up", "child-up", "child-down", "warning"]`)
	west.up()
	west.awaitEvent(func(e api.Event) bool { return e.Problem != nil && e.Problem.Code == explain.WebhookFailed })
	if err := west.client.Down(t.Context(), command(api.Target{})); err != nil {
		t.Fatal(err)
	}
	list := h.until(t, api.EventChildDown)
	west.up()
	last := h.until(t, api.EventChildUp)
	var missed uint64
	for _, n := range append(list, last...) {
		missed += n.Missed
	}
	told := 0
	for _, e := range west.events() {
		if e.Problem != nil && e.Problem.Code == explain.WebhookFailed {
			told++
		}
	}
	if told != 1 || missed != 2 || len(list) != 1 {
		t.Errorf("%d warnings, %d missed, %+v", told, missed, list)
	}
}

func TestReloadBeginsAndEndsWebhooks(t *testing.T) {
	h := newHearing(t)
	west, east := pair(t, "", "")
	hooked := west.site(east, "", "") + "\nwebhook \"ops\" {\n url = \"" + h.server.URL + "\"\n events = [\"reloaded\", \"up\"]\n}\n"
	for _, conf := range []string{hooked, west.site(east, "", "")} {
		west.write("", conf)
		if _, err := west.client.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	west.up()
	west.stop()
	h.until(t, api.EventReloaded)
	for range len(h.notices) {
		if n := <-h.notices; n.Event.Kind == api.EventUp {
			t.Error("a server that is configured no longer is told on")
		}
	}
}
