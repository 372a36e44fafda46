package interop_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// A foreignSpan is a span as OpenTelemetry's own code has read it.
type foreignSpan struct {
	TraceID  string `json:"traceId"`
	SpanID   string `json:"spanId"`
	ParentID string `json:"parentSpanId"`
	Name     string
	Kind     int
	Start    string `json:"startTimeUnixNano"`
	End      string `json:"endTimeUnixNano"`
	Links    []struct {
		TraceID string `json:"traceId"`
	}
	Status     struct{ Code int }
	Attributes []struct {
		Key   string
		Value map[string]any
	}
}

func (s *foreignSpan) attribute(key string) any {
	for _, a := range s.Attributes {
		if a.Key == key {
			for _, v := range a.Value {
				return v
			}
		}
	}
	return nil
}

// A foreignCollector reads traces with the code of OpenTelemetry's collector.
type foreignCollector struct{ *lab.Process }

// startCollector starts one on a host, at the port where collectors are.
func startCollector(t *testing.T, h *lab.Host) *foreignCollector {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "otlpread")
	lab.Build(t, "-C", "../tools/otlpread", "-o", bin, ".")
	return &foreignCollector{h.Start("otlpread", nil, bin, "127.0.0.1:4318")}
}

// spans are all that were read, by name, with the names of services that sent them.
func (c *foreignCollector) spans(t *testing.T) (all map[string][]foreignSpan, services []any) {
	t.Helper()
	all = map[string][]foreignSpan{}
	for line := range strings.Lines(c.Log()) {
		var batch struct {
			ResourceSpans []struct {
				Resource   foreignSpan // of which it has the attributes
				ScopeSpans []struct{ Spans []foreignSpan }
			}
		}
		if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}\n") {
			continue // the URL, or what is not whole yet
		}
		if err := json.Unmarshal([]byte(line), &batch); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		for _, r := range batch.ResourceSpans {
			services = append(services, r.Resource.attribute("service.name"))
			for _, s := range r.ScopeSpans[0].Spans {
				all[s.Name] = append(all[s.Name], s)
			}
		}
	}
	return all, services
}

// What we tell a collector about a tunnel with charon its own code reads: operations with their exchanges, links to the handshake,
// failures.
func TestOpenTelemetryReadsOurTraces(t *testing.T) {
	s := newScene(t)
	s.moon.Must("ip", "link", "set", "lo", "up")
	c := startCollector(t, s.moon)
	site := pskConf("", "")
	refused := strings.NewReplacer(`"site"`, `"bad"`, "net", "other", "10.2.0.0", "10.7.0.0", "moon.example", "mars.example").Replace(pskConf(`proposals = ["aes256-sha384-ecp384"]`, ""))
	s.start(site+refused+"telemetry {\n endpoint = \"http://127.0.0.1:4318\"\n service_name = \"edge\"\n}\n", pskSwan("proposals = aes128-sha256-x25519", ""))
	s.up(culvert)
	s.ours.Must("rekey", "site/net")
	s.ours.Must("rekey", "site")
	if out, err := s.ours.Try("up", "bad/other"); err == nil {
		t.Errorf("came up: %s", out)
	}
	s.down(culvert)
	wanted := []string{"ike.handshake", "child.rekey", "ike.rekey", "ike.delete"}
	var all map[string][]foreignSpan
	var services []any
	s.Await("the spans of all operations", func() bool {
		all, services = c.spans(t)
		return !slices.ContainsFunc(wanted, func(name string) bool { return len(all[name]) == 0 }) && len(all["ike.handshake"]) >= 2
	})
	if !slices.Contains(services, any("edge")) || s.ours.Status().Counters["telemetry_dropped"] != 0 {
		t.Errorf("from %v, %v", services, s.ours.Status().Counters)
	}
	judgeSpans(t, all)
}

// judgeSpans checks how spans hang together.
func judgeSpans(t *testing.T, all map[string][]foreignSpan) {
	t.Helper()
	var good, bad *foreignSpan
	for i := range all["ike.handshake"] {
		if s := &all["ike.handshake"][i]; s.attribute("ipsec.connection") == "site" {
			good = s
		} else {
			bad = s
		}
	}
	if good == nil || bad == nil || good.ParentID != "" || len(good.TraceID) != 32 || len(good.SpanID) != 16 || good.Start >= good.End || good.attribute("ike.outcome") != "done" {
		t.Fatalf("handshakes %+v and %+v", good, bad)
	}
	if bad.Status.Code != 2 || bad.attribute("error.type") != "IKE-NO-PROPOSAL" {
		t.Errorf("the failure is %+v", bad)
	}
	for _, name := range []string{"child.rekey", "ike.rekey", "ike.delete"} {
		if s := all[name][0]; len(s.Links) != 1 || s.Links[0].TraceID != good.TraceID {
			t.Errorf("%s has links %+v", name, s.Links)
		}
	}
	const client = 3
	for _, s := range all["IKE_AUTH"] {
		if s.ParentID != good.SpanID || s.TraceID != good.TraceID || s.Kind != client || s.attribute("ike.message_id") == nil {
			t.Errorf("the exchange %+v is not of the handshake %+v", s, good)
		}
	}
	if len(all["IKE_AUTH"]) == 0 || len(all["IKE_SA_INIT"]) < 2 {
		t.Errorf("exchanges %v and %v", all["IKE_AUTH"], all["IKE_SA_INIT"])
	}
}
