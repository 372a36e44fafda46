package telemetry

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
)

// A collector keeps what it is told, after some answers that are failures.
type collector struct {
	*httptest.Server
	requests chan *http.Request
	batches  chan *otlp.TracesData
	answers  chan func(http.ResponseWriter) // to give first
}

func newCollector(t *testing.T, answers ...func(http.ResponseWriter)) *collector {
	c := &collector{requests: make(chan *http.Request, 100), batches: make(chan *otlp.TracesData, 100), answers: make(chan func(http.ResponseWriter), len(answers))}
	for _, a := range answers {
		c.answers <- a
	}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := decode(r.Body)
		if err != nil {
			t.Error(err)
		}
		c.requests <- r
		select {
		case answer := <-c.answers:
			answer(w)
		default:
			c.batches <- data
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func decode(body io.Reader) (*otlp.TracesData, error) {
	z, err := gzip.NewReader(body)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	data := new(otlp.TracesData)
	return data, proto.Unmarshal(raw, data)
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

func exporterTo(url string) (*exporter, *Counts, *[]error) {
	counts, told := new(Counts), new([]error)
	e := newExporter(Endpoint{URL: url, Headers: []Header{{"X-Token", []byte("abc")}}, Client: http.DefaultClient},
		Resource{Service: "edge", Version: "1.2", PID: 7}, counts, func(err error) { *told = append(*told, err) })
	e.pause = time.Millisecond
	return e, counts, told
}

func someSpans(n int) (list []*otlp.Span) {
	for range n {
		list = append(list, &otlp.Span{Name: "x"})
	}
	return list
}

func TestSpansArriveWithTheirResource(t *testing.T) {
	c := newCollector(t)
	e, counts, _ := exporterTo(c.URL)
	e.offer(someSpans(3), false)
	e.flush(t.Context(), nil)
	r, data := <-c.requests, <-c.batches
	if r.URL.Path != "/v1/traces" || r.Header.Get("X-Token") != "abc" || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("User-Agent") != "culvert/1.2" {
		t.Errorf("got %s with %v", r.URL, r.Header)
	}
	got := data.ResourceSpans[0]
	if n := len(got.ScopeSpans[0].Spans); n != 3 || got.Resource.Attributes[0].Value.GetStringValue() != "edge" {
		t.Errorf("%d spans from %v", n, got.Resource)
	}
	if counts.Exported.Load() != 3 || counts.Dropped.Load() != 0 {
		t.Errorf("counts %v", counts)
	}
}

func TestAnswersOfTheCollector(t *testing.T) {
	partial := func(w http.ResponseWriter) { _, _ = w.Write([]byte{0x0a, 0x02, 0x08, 0x02}) } // of two, both rejected
	for _, tt := range []struct {
		name     string
		answers  []func(http.ResponseWriter)
		requests int
		exported uint64
	}{
		{"busy, then well", []func(http.ResponseWriter){status(503), status(429)}, 3, 2},
		{"busy for ever", []func(http.ResponseWriter){status(503), status(502), status(504), status(429), status(503)}, maxTries, 0},
		{"a mistake of its own is not tried again (OTLP, Failures)", []func(http.ResponseWriter){status(500)}, 1, 0},
		{"it does not know us", []func(http.ResponseWriter){status(401)}, 1, 0},
		{"it is elsewhere", []func(http.ResponseWriter){status(302)}, 1, 0},
		{"it takes a part", []func(http.ResponseWriter){partial}, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCollector(t, tt.answers...)
			e, counts, told := exporterTo(c.URL)
			e.offer(someSpans(2), false)
			e.flush(t.Context(), nil)
			if len(c.requests) != tt.requests || counts.Exported.Load() != tt.exported || counts.Exported.Load()+counts.Dropped.Load() != 2 || len(*told) != 1 {
				t.Errorf("%d requests, %d exported, %d dropped, told %v", len(c.requests), counts.Exported.Load(), counts.Dropped.Load(), *told)
			}
		})
	}
}

// Spans that nobody takes leave the queue as it is, those of strangers half of it.
func TestTheQueueIsBounded(t *testing.T) {
	e, counts, _ := exporterTo("http://127.0.0.1:1")
	for range maxQueue {
		e.offer(someSpans(2), true)
	}
	if len(e.queue) != maxQueue/2 {
		t.Errorf("strangers take %d of %d", len(e.queue), maxQueue)
	}
	for range maxQueue {
		e.offer(someSpans(2), false)
	}
	if got := counts.Dropped.Load(); len(e.queue) != maxQueue || got != 3*maxQueue {
		t.Errorf("%d are queued, %d dropped", len(e.queue), got)
	}
}

func TestWhereTracesGo(t *testing.T) {
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:4318":           "http://127.0.0.1:4318/v1/traces",
		"http://127.0.0.1:4318/":          "http://127.0.0.1:4318/v1/traces",
		"https://example.org/otlp":        "https://example.org/otlp/v1/traces",
		"https://example.org/a/v1/traces": "https://example.org/a/v1/traces",
	} {
		if got := tracesURL(endpoint); got != want {
			t.Errorf("%s: got %s, want %s", endpoint, got, want)
		}
	}
}

func FuzzRejectedSpans(f *testing.F) {
	f.Add([]byte{0x0a, 0x02, 0x08, 0x02})
	f.Add([]byte{0x0a, 0x7f, 0x08})
	f.Add([]byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := rejectedSpans(b); n < 0 || n > maxBatch {
			t.Errorf("%d are rejected of at most %d", n, maxBatch)
		}
	})
}
