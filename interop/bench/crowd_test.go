package bench_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/ike"
	"culvert/interop/lab"
)

// crowd is how many IKE SAs there are when the daemon is asked about them; askable is how long any answer may take.
const (
	crowd   = 5000
	askable = time.Second
)

// A gate is a gateway with a crowd of clients behind its connection, and all the doors at which it can be asked.
type gate struct {
	*stage
	daemon  *lab.Culvert
	swanctl *lab.Swanctl
	http    *http.Client
}

func newGate(t *testing.T) *gate {
	s := newStage(t, responder{})
	g := &gate{stage: s, swanctl: s.sun.Swanctl()}
	g.daemon = s.sun.Culvert(s.culvert(s.sun) + fmt.Sprintf("vici {\n  socket = %q\n}\n", s.sun.VICI()))
	g.http = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", g.daemon.Socket())
	}}}
	list := make([]*ike.Connection, crowd)
	for i := range list {
		list[i] = s.client(i)
	}
	before := usageOf(t, g.daemon.PID())
	took := s.generator.run(netip.MustParseAddr(sunAddr), list, 64)
	used := usageOf(t, g.daemon.PID()).sub(before)
	t.Logf("%d IKE SAs in %v, processor time %v, memory %d MiB", crowd, took.Round(time.Millisecond), used.cpu, used.resident>>20)
	return g
}

// A question is one way to ask; it returns what has come.
type question struct {
	what string
	ask  func() (string, error)
	has  string // in the answer, as often as
	many int
}

func (g *gate) questions() []question {
	get := func(path string) func() (string, error) { return func() (string, error) { return g.get(path) } }
	swanctl := func(args ...string) func() (string, error) {
		return func() (string, error) { return g.swanctl.Try(args...) }
	}
	culvert := func(args ...string) func() (string, error) {
		return func() (string, error) { return g.daemon.Try(args...) }
	}
	return []question{
		{"GET /v1/overview", get("/v1/overview"), `"sa_count":`, 1},
		{"GET /v1/sas, 100 of them", get("/v1/sas?offset=4000&limit=100"), `"peer_spi"`, 100},
		{"GET /v1/sas, one by name", get("/v1/sas?match=c4711.example.org"), `"peer_spi"`, 1},
		{"GET /v1/sas, all", get("/v1/sas"), `"peer_spi"`, crowd},
		{"GET /v1/status", get("/v1/status"), `"peer_spi"`, crowd},
		{"GET /v1/policies", get("/v1/policies"), `"protect"`, crowd},
		{"GET /v1/users", get("/v1/users"), "", 0},
		{"GET /v1/traces", get("/v1/traces"), `"outcome":"up"`, 1},
		{"GET /metrics", get("/metrics"), "ipsec_", 100},
		{"swanctl --list-sas", swanctl("--list-sas"), ": #", crowd},
		{"swanctl --list-sas --ike-id 4711", swanctl("--list-sas", "--ike-id", "4711"), ": #", 1},
		{"swanctl --list-sas --raw", swanctl("--list-sas", "--raw"), "list-sa event", crowd},
		{"swanctl --list-pols", swanctl("--list-pols"), "", 0},
		{"swanctl --stats", swanctl("--stats"), "IKE_SAs: ", 1},
		{"swanctl --counters", swanctl("--counters"), "", 0},
		{"culvert status", culvert("status"), "c4711.example.org", 1},
		{"culvert status --json", culvert("status", "--json"), `"peer_spi"`, crowd},
		{"culvert trace --list", culvert("trace", "--list"), "", 0},
	}
}

// get asks the HTTP API.
func (g *gate) get(path string) (string, error) {
	r, err := g.http.Get("http://localhost" + path)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", r.Status, text)
	}
	return string(text), err
}

// measure asks several times and returns a row of the table.
func (g *gate) measure(q question) []string {
	g.Helper()
	const times = 5
	var took []time.Duration
	before, text := usageOf(g, g.daemon.PID()), ""
	for range times {
		start := time.Now()
		var err error
		if text, err = q.ask(); err != nil {
			g.Errorf("%s: %v", q.what, err)
			return []string{q.what, err.Error()}
		}
		took = append(took, time.Since(start))
	}
	used := usageOf(g, g.daemon.PID()).sub(before)
	if got := strings.Count(text, q.has); q.has != "" && got < q.many {
		g.Errorf("%s: %q is there %d times, want %d:\n%.2000s", q.what, q.has, got, q.many, text)
	}
	worst := slices.Max(took)
	if worst > askable {
		g.Errorf("%s takes %v, more than %v", q.what, worst, askable)
	}
	return []string{q.what, ms(median(took)), ms(worst), ms(used.cpu / times), fmt.Sprintf("%d KiB", len(text)>>10), fmt.Sprintf("%d KiB", used.resident>>10)}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

// Questions about 5 000 IKE SAs at every door, and what they do to handshakes meanwhile.
func TestBenchCrowd(t *testing.T) {
	needBench(t)
	g := newGate(t)
	results := newTable("question", "median", "worst", "processor time", "answer", "memory")
	g.generator.beside(netip.MustParseAddr(sunAddr), nil, time.Hour, func() {
		for _, q := range g.questions() {
			results.row(g.measure(q)...)
		}
	})
	results.show(t)

	g.handshakes()
	g.hanging()
}

// hanging has clients that ask and read nothing, some before they have asked, and never go. Whoever else asks must not notice.
func (g *gate) hanging() {
	const many = 100
	g.Helper()
	const listSAs = "\x00\x00\x00\x09\x03\x07list-sa\x00\x00\x00\x0a\x00\x08list-sas" // registers for the event, then asks
	type hanging struct{ what, socket, say string }
	kinds := []hanging{
		{"HTTP, half a request", g.daemon.Socket(), "GET /v1/sas HTTP/1.1\r\nHost: "},
		{"VICI, nothing asked", g.sun.VICI(), ""},
		{"VICI, list-sas", g.sun.VICI(), listSAs},
	}
	for _, path := range []string{"/v1/overview", "/v1/sas", "/v1/status", "/v1/policies", "/v1/events?backlog=4096", "/v1/log?backlog=4096", "/metrics"} {
		kinds = append(kinds, hanging{"HTTP, GET " + path, g.daemon.Socket(), "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"})
	}
	results := newTable(fmt.Sprintf("beside %d clients of", many), "memory", "question", "median", "worst", "processor time")
	for _, k := range kinds {
		before := usageOf(g, g.daemon.PID())
		var open []net.Conn
		for range many {
			open = append(open, g.hang(k.socket, k.say))
		}
		g.generator.beside(netip.MustParseAddr(sunAddr), nil, time.Hour, func() {
			for _, q := range g.questions()[:2] {
				row := g.measure(q)
				grown := usageOf(g, g.daemon.PID()).sub(before).resident >> 10
				results.row(k.what, fmt.Sprintf("%d KiB", grown), row[0], row[1], row[2], row[3])
			}
		})
		for _, c := range open {
			_ = c.Close()
		}
	}
	results.show(g)
}

// hang connects to a socket and says something.
func (g *gate) hang(socket, say string) net.Conn {
	g.Helper()
	c, err := net.Dial("unix", socket)
	if err != nil {
		g.Fatal(err)
	}
	if _, err := io.WriteString(c, say); err != nil {
		g.Fatal(err)
	}
	return c
}

// handshakes measures how long one takes while nobody asks, and while somebody does without end.
func (g *gate) handshakes() {
	results := newTable("handshakes beside", "many", "p50", "p99", "worst")
	row := func(what string, other func()) {
		took := g.generator.beside(netip.MustParseAddr(sunAddr), g.client, 5*time.Millisecond, other)
		slices.Sort(took)
		n := len(took)
		results.row(what, fmt.Sprint(n), ms(took[n/2]), ms(took[n*99/100]), ms(took[n-1]))
	}
	row("nothing", func() { time.Sleep(2 * time.Second) })
	for _, q := range g.questions() {
		row(q.what, func() {
			for start := time.Now(); time.Since(start) < time.Second; {
				if _, err := q.ask(); err != nil {
					g.Errorf("%s: %v", q.what, err)
					return
				}
			}
		})
	}
	results.show(g)
}
