package web_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"testing"
	"time"

	"culvert/api"
	"culvert/web"
)

// A stage is an address where a page is served that shows one control. It can be closed and opened again, as when a daemon
// is restarted.
type stage struct {
	testing.TB
	door *door
}

// newStage serves a control, and the page, to whoever asks, in a role.
func newStage(t testing.TB, control api.Control, role api.Role) *stage {
	t.Helper()
	return openStage(t, pageOf(control, role))
}

func pageOf(control api.Control, role api.Role) http.Handler {
	server := api.NewServer(control, "test", api.WithPage(web.Handler()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.ServeHTTP(w, r.WithContext(api.As(r.Context(), api.Caller{Name: "test", Role: role})))
	})
}

func openStage(t testing.TB, handler http.Handler) *stage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{TB: t, door: &door{Listener: l}}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(s.door)
	t.Cleanup(func() { server.Close() })
	return s
}

func (s *stage) open()       { s.door.shut(false) }
func (s *stage) close()      { s.door.shut(true) }
func (s *stage) url() string { return "http://" + s.door.Addr().String() }

// levers are functions that the browser's tests pull, by name.
type levers map[string]func(context.Context) (any, error)

func (l levers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pull, ok := l[r.URL.Path[1:]]
	if !ok {
		http.NotFound(w, r)
		return
	}
	answer, err := pull(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	json.NewEncoder(w).Encode(answer)
}
