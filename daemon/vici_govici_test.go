package daemon

import (
	"fmt"
	"strings"
	"testing"

	"github.com/strongswan/govici/vici"
)

// session is one of strongSwan's client for Go.
func (n *node) session() *vici.Session {
	n.Helper()
	s, err := vici.NewSession(vici.WithAddr("unix", n.viciSocket()))
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() { s.Close() })
	return s
}

// What govici makes of structures with tags is loaded, and comes back.
func TestGoviciLoadsAndUsesAConnection(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.viciBlock())
	east.write("", east.site(west, "", ""))
	west.start()
	east.start()
	s := west.session()
	call := func(command string, m *vici.Message) *vici.Message {
		t.Helper()
		reply, err := s.Call(t.Context(), command, m)
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		return reply
	}
	marshal := func(v any) *vici.Message {
		t.Helper()
		m, err := vici.MarshalMessage(v)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	call("load-shared", marshal(struct {
		ID     string   `vici:"id"`
		Type   string   `vici:"type"`
		Data   string   `vici:"data"`
		Owners []string `vici:"owners"`
	}{"psk", "IKE", psk, []string{"west.example.org", "east.example.org"}}))
	call("load-conn", marshal(map[string]any{"far": map[string]any{
		"local_addrs": []string{west.addr}, "remote_addrs": []string{east.addr}, "local_port": "15501", "remote_port": "15501", "version": "2", "encap": "yes",
		"local":    map[string]any{"auth": "psk", "id": "west.example.org"},
		"remote":   map[string]any{"auth": "psk", "id": "east.example.org"},
		"children": map[string]any{"lan": map[string]any{"local_ts": []string{"10.1.0.0/24"}, "remote_ts": []string{"10.2.0.0/24"}}},
	}}))
	if names := fmt.Sprint(call("get-conns", nil).Get("conns")); names != "[far]" {
		t.Errorf("loaded are %s", names)
	}
	events := make(chan vici.Event, 16)
	s.NotifyEvents(events)
	if err := s.Subscribe("ike-updown", "child-updown"); err != nil {
		t.Fatal(err)
	}
	call("initiate", marshal(struct {
		Child   string `vici:"child"`
		Timeout int    `vici:"timeout"`
	}{"lan", 20000}))
	for _, want := range []string{"ike-updown", "child-updown"} {
		if e := <-events; e.Name != want || e.Message.Get("up") != "yes" {
			t.Errorf("told %s %v, want %s", e.Name, e.Message, want)
		}
	}
	carries(west, east)
	streamed := 0
	for m, err := range s.CallStreaming(t.Context(), "list-sas", "list-sa", nil) {
		if err != nil {
			t.Fatal(err)
		}
		sa, ok := m.Get("far").(*vici.Message)
		if !ok || sa.Get("state") != "ESTABLISHED" || !strings.HasPrefix(fmt.Sprint(sa.Get("child-sas").(*vici.Message).Keys()), "[lan-") {
			t.Errorf("streamed %v", m)
		}
		streamed++
	}
	if streamed != 1 {
		t.Errorf("%d IKE SAs were streamed", streamed)
	}
	call("get-counters", nil)
	if _, err := s.Call(t.Context(), "terminate", marshal(map[string]any{"ike": "near"})); err == nil || !strings.Contains(err.Error(), "no matching SAs") {
		t.Errorf("of nothing: %v", err)
	}
	call("unload-conn", marshal(map[string]any{"name": "far"}))
}
