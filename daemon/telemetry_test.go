package daemon

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"culvert/api"
	"culvert/explain"
)

// A collector takes OTLP over HTTP.
type collector struct {
	*httptest.Server
	spans chan *otlp.Span
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{spans: make(chan *otlp.Span, 1000)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		data := new(otlp.TracesData)
		z, err := gzip.NewReader(r.Body)
		if err == nil {
			var raw []byte
			if raw, err = io.ReadAll(z); err == nil {
				err = proto.Unmarshal(raw, data)
			}
		}
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("X-Token") != "abc" {
			t.Errorf("%s with %v: error %v", r.URL, r.Header, err)
		}
		for _, of := range data.ResourceSpans {
			for _, s := range of.ScopeSpans[0].Spans {
				c.spans <- s
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// block configures a collector.
func telemetryBlock(url string) string {
	return fmt.Sprintf("\ntelemetry {\n endpoint = %q\n headers = \"X-Token: abc\"\n timeout = \"5s\"\n}\n", url)
}

// until collects spans until the operation of a name is whole: a root and a number of spans below it.
func (c *collector) until(t *testing.T, name string, exchanges int) (root *otlp.Span, below []*otlp.Span) {
	t.Helper()
	var all []*otlp.Span
	for root == nil || len(below) < exchanges {
		select {
		case s := <-c.spans:
			all = append(all, s)
			if s.Name == name {
				root = s
			} else if root != nil && string(s.ParentSpanId) == string(root.SpanId) {
				below = append(below, s)
			}
		case <-time.After(patience):
			t.Fatalf("no %s with %d exchanges among %v", name, exchanges, all)
		}
	}
	return root, below
}

// attributes are those of a span as text.
func attributes(s *otlp.Span) map[string]string {
	m := map[string]string{}
	for _, a := range s.Attributes {
		switch {
		case a.Value.GetStringValue() != "":
			m[a.Key] = a.Value.GetStringValue()
		default:
			m[a.Key] = fmt.Sprint(a.Value.GetIntValue())
		}
	}
	return m
}

func holds(t *testing.T, s *otlp.Span, want map[string]string) {
	t.Helper()
	got := attributes(s)
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %s is %q, want %q, in %v", s.Name, k, got[k], v, got)
		}
	}
}

func TestCollectorIsToldOfATunnel(t *testing.T) {
	c, theirs := newCollector(t), newCollector(t)
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.site(east, `post_quantum = "off"`, "")+telemetryBlock(c.URL))
	east.write("", east.site(west, "", "")+telemetryBlock(theirs.URL))
	west.start()
	east.start()
	west.up()

	root, below := c.until(t, "ike.handshake", 2)
	holds(t, root, map[string]string{"ipsec.connection": "site", "ipsec.child": "net", "ike.role": "initiator", "ike.outcome": "done",
		"ike.peer.identity": "east.example.org", "ike.local.identity": "west.example.org", "network.peer.address": east.addr,
		"network.peer.port": "15501", "network.transport": "udp", "network.type": "ipv4"})
	for i, name := range []string{"IKE_SA_INIT", "IKE_AUTH"} {
		s := below[i]
		holds(t, s, map[string]string{"ike.exchange": name, "ike.message_id": fmt.Sprint(i), "ike.role": "initiator"})
		if a := attributes(s); a["ike.request.retransmissions"] == "" || a["ike.request.size"] == "0" || a["ike.response.size"] == "0" || s.Kind != otlp.Span_SPAN_KIND_CLIENT ||
			s.StartTimeUnixNano < root.StartTimeUnixNano || s.EndTimeUnixNano <= s.StartTimeUnixNano || s.EndTimeUnixNano > root.EndTimeUnixNano {
			t.Errorf("%v does not fit into %v", s, root)
		}
	}
	other, below := theirs.until(t, "ike.handshake", 2)
	holds(t, other, map[string]string{"ike.role": "responder", "ike.outcome": "done", "ipsec.child": "net", "ike.peer.identity": "west.example.org"})
	if below[1].Kind != otlp.Span_SPAN_KIND_SERVER || attributes(below[1])["ike.response.size"] == "" {
		t.Errorf("%v", below[1])
	}

	for layer, name := range map[api.Layer]string{api.LayerChild: "child.rekey", api.LayerIKE: "ike.rekey"} {
		if err := west.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site"}, Layer: layer, TimeoutSeconds: 20}); err != nil {
			t.Fatal(err)
		}
		rekey, _ := c.until(t, name, 1)
		if len(rekey.Links) != 1 || string(rekey.Links[0].TraceId) != string(root.TraceId) || string(rekey.TraceId) == string(root.TraceId) {
			t.Errorf("%s has links %v", name, rekey.Links)
		}
	}
	if n := west.status().Counters["telemetry_exported"]; n < 5 {
		t.Errorf("%d spans were counted", n)
	}
	west.stop()
	c.until(t, "ike.delete", 1) // also when the daemon ends
}

func TestCollectorIsToldOfFailures(t *testing.T) {
	c, theirs := newCollector(t), newCollector(t)
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.site(east, `proposals = ["aes128gcm16-prfsha256-modp2048"]`, "")+telemetryBlock(c.URL))
	east.write("", east.site(west, `proposals = ["aes128gcm16-prfsha256-x25519"]`, "")+telemetryBlock(theirs.URL))
	west.start()
	east.start()
	if err := west.client.Up(t.Context(), command(api.Target{}), func(api.Event) {}); err == nil {
		t.Fatal("the tunnel is up")
	}
	for _, of := range []*collector{c, theirs} {
		root, below := of.until(t, "ike.handshake", 1)
		for _, s := range []*otlp.Span{root, below[0]} {
			holds(t, s, map[string]string{"error.type": string(explain.IKENoProposal), "ike.notify": "NO_PROPOSAL_CHOSEN"})
			if s.Status.Code != otlp.Status_STATUS_CODE_ERROR || s.Status.Message == "" {
				t.Errorf("%s has the status %v", s.Name, s.Status)
			}
		}
	}
}

// Whatever the collector does, tunnels come up and the daemon ends.
func TestNobodyWaitsForACollector(t *testing.T) {
	silent := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-silent }))
	t.Cleanup(func() { close(silent); hangs.Close() })
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	t.Cleanup(refuses.Close)
	away := httptest.NewServer(nil)
	away.Close()
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.site(east, "", "")+telemetryBlock(refuses.URL))
	east.write("", east.site(west, "", ""))
	west.start()
	east.start()
	west.up()
	west.await("spans that are dropped", func(s api.Status) bool { return s.Counters["telemetry_dropped"] >= 3 })
	warned := func(e api.Event) bool { return e.Problem != nil && e.Problem.Code == explain.TelemetryFailed }
	west.awaitEvent(warned)
	for _, url := range []string{away.URL, hangs.URL} {
		west.write("", west.site(east, "", "")+telemetryBlock(url))
		r, err := west.client.Reload(t.Context())
		if err != nil || len(r.Restart) > 0 || len(r.Changed) == 0 {
			t.Fatalf("%+v, error %v", r, err)
		}
		if err := west.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site"}, Layer: api.LayerIKE, TimeoutSeconds: 20}); err != nil {
			t.Fatal(err)
		}
	}
	carries(west, east)
	begin := time.Now()
	west.stop()
	if took := time.Since(begin); took > patience/2 {
		t.Errorf("the end took %v", took)
	}
}
