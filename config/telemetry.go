package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"culvert/explain"
	"culvert/secret"
)

// Telemetry says which collector is told of traces of OpenTelemetry.
type Telemetry struct {
	Origin
	Endpoint string // empty: none
	Headers  []Header
	Service  string
	Sample   float64           // of what succeeds, the part that is told
	Timeout  time.Duration     // of one request
	CAs      []CertificateFile // that the collector's certificate is from; empty: those of the system
}

// A Header goes with requests.
type Header struct {
	Name  string
	Value secret.Bytes
}

func newTelemetry() *Telemetry {
	return &Telemetry{Service: "culvert", Sample: 1, Timeout: 10 * time.Second}
}

// Same tells whether another version means the same.
func (t *Telemetry) Same(other *Telemetry) bool {
	return len(differing(t.schema(), other.schema())) == 0
}

func (t *Telemetry) schema() schema {
	return schema{
		kind: "telemetry", origin: &t.Origin,
		doc: "Traces of OpenTelemetry: handshakes, rekeying and what else IKE does, as spans for a collector (docs/telemetry.md). Without the block nothing is sent.",
		options: []option{
			{name: "endpoint", slot: one(&t.Endpoint, webURL()), required: true,
				doc: "Collector that takes OTLP over HTTP with protobuf, usually `\"http://127.0.0.1:4318\"`; `/v1/traces` is added unless the URL ends so. Redirects are not followed."},
			{name: "headers", slot: &presharedKey[[]Header]{&t.Headers, new(string), parseHeaders},
				doc: "Headers of every request, a line `Name: value` each, such as a token of the collector: `file(\"otlp.headers\")`, `credential(\"otlp\")` or the text itself."},
			{name: "service_name", slot: one(&t.Service, word("service name", 255)),
				doc: "What the spans are from: `service.name` of the resource."},
			{name: "sample", slot: one(&t.Sample, fraction(0, 1)),
				doc: "Part of the traces that are sent, of what succeeds. What fails is sent in any case."},
			{name: "timeout", slot: one(&t.Timeout, duration(100*time.Millisecond, time.Minute)),
				doc: "Time that one request may take."},
			{name: "ca", slot: many(&t.CAs, certificateFile()),
				doc: "Files with the authorities that the collector's certificate is from. Empty: those that the system trusts."},
		},
		finish: t.finish,
	}
}

func (t *Telemetry) finish(d *decoder) {
	u, err := url.Parse(t.Endpoint)
	if err != nil || u.Scheme != "http" || loopback(u.Hostname()) {
		return
	}
	if len(t.CAs) > 0 {
		d.contradiction(&t.Origin, "ca", "ca is for https, and the endpoint is one of http")
	}
	d.warn(explain.ConfigClearText, t.span("endpoint"), finding{message: "traces leave this host unencrypted", hint: "use https"})
}

// parseHeaders reads lines of a name, a colon and a value. Its errors do not quote the text.
func parseHeaders(text string) (list []Header, err error) {
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
			return nil, fmt.Errorf("line %d is no header: it has to be a name, a colon and a value", i+1)
		case ours(name):
			return nil, errors.New(name + " is set by the daemon")
		}
		list = append(list, Header{name, secret.Bytes(value)})
	}
	return list, nil
}

// ours tells whether a header says how a request is written.
func ours(header string) bool {
	for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Connection", "Host"} {
		if strings.EqualFold(header, name) {
			return true
		}
	}
	return false
}
