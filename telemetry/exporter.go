package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"culvert/secret"
)

// Bounds of what waits for the collector, and of what one request tells.
const (
	maxQueue    = 4096
	maxBatch    = 512
	maxAnswer   = 64 << 10
	maxTries    = 5
	firstPause  = time.Second
	longPause   = 30 * time.Second
	collectTime = time.Second / 2 // spans are collected for one request
)

// A Header goes with every request to the collector.
type Header struct {
	Name  string
	Value secret.Bytes
}

// An Endpoint is a collector that takes OTLP over HTTP.
type Endpoint struct {
	URL     string // to which /v1/traces is added, unless it ends so
	Headers []Header
	Client  *http.Client
}

// An exporter brings spans to a collector, one request at a time.
type exporter struct {
	endpoint Endpoint
	resource Resource
	counts   *Counts
	told     func(error) // of each request, nil if it has arrived; on the goroutine of run
	queue    chan *otlp.Span
	pause    time.Duration // before the second try
}

func newExporter(e Endpoint, r Resource, c *Counts, told func(error)) *exporter {
	return &exporter{endpoint: e, resource: r, counts: c, told: told, queue: make(chan *otlp.Span, maxQueue), pause: firstPause}
}

// offer queues the spans of an operation, if there is room for all of them. Strangers leave half of it to others. Only one goroutine
// offers at a time.
func (e *exporter) offer(spans []*otlp.Span, stranger bool) {
	room := maxQueue - len(e.queue)
	if stranger {
		room -= maxQueue / 2
	}
	if len(spans) > room {
		e.counts.Dropped.Add(uint64(len(spans)))
		return
	}
	for _, s := range spans {
		e.queue <- s
	}
}

// take returns what is queued, up to a batch.
func (e *exporter) take() (batch []*otlp.Span) {
	for len(batch) < maxBatch {
		select {
		case s := <-e.queue:
			batch = append(batch, s)
		default:
			return batch
		}
	}
	return batch
}

// flush tells the collector of all that is queued. Without patience there is one try for each request. When ctx ends, what is left is
// lost.
func (e *exporter) flush(ctx context.Context, patient <-chan struct{}) {
	for batch := e.take(); len(batch) > 0; batch = e.take() {
		rejected, err := e.deliver(ctx, patient, batch)
		e.told(err)
		if err != nil {
			rejected = len(batch)
		}
		rejected = min(rejected, len(batch))
		e.counts.Dropped.Add(uint64(rejected))
		e.counts.Exported.Add(uint64(len(batch) - rejected))
	}
}

// deliver tries until a batch has arrived, or is refused for good. It returns how many spans the collector does not want.
func (e *exporter) deliver(ctx context.Context, patient <-chan struct{}, batch []*otlp.Span) (rejected int, err error) {
	body, err := e.body(batch)
	if err != nil {
		return 0, err
	}
	pause := e.pause
	for try := 1; ; try++ {
		r := e.post(ctx, body)
		if r.err == nil || r.final || try == maxTries {
			return r.rejected, r.err
		}
		wait := time.NewTimer(min(max(pause, r.after), longPause))
		select {
		case <-wait.C:
			pause *= 2
		case <-patient:
			wait.Stop()
			return 0, r.err
		}
	}
}

func (e *exporter) body(batch []*otlp.Span) ([]byte, error) {
	plain, err := e.resource.encode(batch)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(plain) // a buffer takes all
	_ = z.Close()
	return b.Bytes(), nil
}

// A result is what became of one request.
type result struct {
	err      error
	final    bool          // another try would not change it
	after    time.Duration // for which the collector asks to be left alone
	rejected int
}

// post makes one request (OTLP specification, OTLP/HTTP).
func (e *exporter) post(ctx context.Context, body []byte) result {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, tracesURL(e.endpoint.URL), bytes.NewReader(body))
	if err != nil {
		return result{err: err, final: true}
	}
	q.Header.Set("Content-Type", "application/x-protobuf")
	q.Header.Set("Content-Encoding", "gzip")
	q.Header.Set("User-Agent", "culvert/"+e.resource.Version)
	for _, h := range e.endpoint.Headers {
		q.Header.Set(h.Name, string(h.Value))
	}
	answer, err := e.endpoint.Client.Do(q)
	if err != nil {
		return result{err: err}
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // what is missing tells of nothing rejected
	switch answer.StatusCode {
	case http.StatusOK:
		return result{rejected: rejectedSpans(text)}
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // without it is 0
		return result{err: refusedError(answer.Status), after: time.Duration(min(max(0, seconds), 3600)) * time.Second}
	}
	return result{err: refusedError(answer.Status), final: true}
}

func refusedError(status string) error { return fmt.Errorf("the collector says %q", clean(status)) }

// tracesURL is where traces go (OTLP specification, OTLP/HTTP Request).
func tracesURL(endpoint string) string {
	const path = "/v1/traces"
	if strings.HasSuffix(endpoint, path) {
		return endpoint
	}
	return strings.TrimSuffix(endpoint, "/") + path
}

// rejectedSpans reads an ExportTraceServiceResponse: field 1 is the partial success, whose field 1 is the number of spans that were
// rejected. What is no such message tells of none.
func rejectedSpans(b []byte) int {
	inner, _ := field(b, protowire.BytesType)
	_, n := field(inner, protowire.VarintType)
	return int(min(n, maxBatch))
}

// field finds the last field of number 1 and a type: what it holds.
func field(b []byte, want protowire.Type) (text []byte, n uint64) {
	for len(b) > 0 {
		number, kind, used := protowire.ConsumeTag(b)
		if used < 0 {
			return nil, 0
		}
		b = b[used:]
		size := protowire.ConsumeFieldValue(number, kind, b)
		if size < 0 {
			return nil, 0
		}
		if number == 1 && kind == want {
			text, n = nil, 0
			if kind == protowire.BytesType {
				text, _ = protowire.ConsumeBytes(b)
			} else {
				n, _ = protowire.ConsumeVarint(b)
			}
		}
		b = b[size:]
	}
	return text, n
}
