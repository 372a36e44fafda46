package metrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"culvert/api"
	"culvert/explain"
)

// scrape reads what a handler answers to Prometheus.
func scrape(t testing.TB, s *Snapshot) string {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(func(context.Context) (*Snapshot, error) { return s, nil }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// has tells whether a scrape has lines.
func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if !strings.Contains("\n"+text, "\n"+want+"\n") {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
}

// noon is a moment of tests.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// busy is a daemon with something of everything.
func busy() *Snapshot {
	at, expire, used := noon().Add(time.Minute), noon().Add(time.Hour), noon().Add(-time.Second)
	office := api.SA{Connection: "office", State: api.SAEstablished, Remote: api.Endpoint{ID: "gw.example.org"}, Quantum: &api.Quantum{Children: true},
		Children: []api.Child{
			{Name: "net", Expire: &expire, MTU: &api.MTU{Effective: 1400}, In: api.Traffic{LastUse: &used}},
			{Name: "net", Expire: &at, MTU: &api.MTU{Effective: 1380}},
		}}
	return &Snapshot{
		Status: api.Status{
			Version: "1.0", Started: noon(), Loaded: noon(), Dataplane: "user space",
			Connections: []api.Connection{
				{Name: "office", State: api.Up, Children: []string{"net"}},
				{Name: "plant", State: api.Waiting, Children: []string{"hall"}, Attempts: 3, NextAttempt: &at},
			},
			SAs:      []api.SA{office, {State: api.SAConnecting}},
			Warnings: []api.Warning{{Code: explain.HostKeyLog}},
			Counters: map[string]uint64{"esp_in_bytes": 1, "esp_dropped_replay": 7, "ike_dropped_cookie": 4, "ike_sent_create_child_sa_request": 2, "net_esp_sent": 9,
				"xfrm_in_no_states": 3, "esp_mss_clamped": 5, "events_withheld": 6},
			Process: api.Process{Heap: 1 << 20, Goroutines: 12},
		},
		Pools:        []api.Pool{{Name: "clients", Size: "18446744073709551616", Online: 2, Offline: 1}},
		Certificates: []Certificate{{"office", "local", "CN=gw", expire}, {"office", "local", "CN=gw", at}},
		Counts: Counts{
			Carried: Carried{
				Children: map[Pair]Traffic{{"office", "net"}: {InBytes: 100, InPackets: 2, OutBytes: 50, OutPackets: 1}},
				Peers:    map[Pair]Traffic{{"office", "gw.example.org"}: {InBytes: 100}, {"office", "other"}: {OutBytes: 1}},
			},
			Connections: map[string]Connection{"office": {Attempts: 2, Established: 1, Retransmits: 3, Handshakes: Histogram{}.with(0.3)}},
			Failures:    map[Pair]uint64{{"plant", "IKE-TIMEOUT"}: 3},
			Rekeyed:     map[Pair]uint64{{"office", "net"}: 8},
			Unlisted:    1,
		},
	}
}

func TestScrapeTellsEverything(t *testing.T) {
	has(t, scrape(t, busy()),
		`ipsec_connection_up{connection="office"} 1`, `ipsec_connection_up{connection="plant"} 0`,
		`ipsec_connection_state{connection="plant",state="waiting"} 1`, `ipsec_connection_state{connection="plant",state="up"} 0`,
		`ipsec_connection_pending_attempts{connection="plant"} 3`, `ipsec_connection_next_attempt_timestamp_seconds{connection="plant"} 1.79534886e+09`,
		`ipsec_child_up{child="net",connection="office"} 1`, `ipsec_child_up{child="hall",connection="plant"} 0`, `ipsec_child_sas{child="net",connection="office"} 2`,
		`ipsec_child_expire_timestamp_seconds{child="net",connection="office"} 1.79534886e+09`, `ipsec_child_last_received_timestamp_seconds{child="net",connection="office"} 1.795348799e+09`,
		`ipsec_child_mtu_bytes{child="net",connection="office"} 1380`,
		`ike_sas{connection="office",state="established"} 1`, `ike_sas{connection="plant",state="established"} 0`, `ike_sas{connection="",state="connecting"} 1`,
		`ike_sas_quantum_resistant{connection="office"} 1`, `ike_half_open_sas 1`,
		`ipsec_child_received_bytes_total{child="net",connection="office"} 100`, `ipsec_child_sent_packets_total{child="net",connection="office"} 1`,
		`ipsec_child_sent_bytes_total{child="hall",connection="plant"} 0`,
		`ipsec_peer_up{connection="office",peer="gw.example.org"} 1`, `ipsec_peer_up{connection="office",peer="other"} 0`, `ipsec_peers_unlisted_total 1`,
		`ike_attempts_total{connection="office"} 2`, `ike_attempts_total{connection="plant"} 0`, `ike_retransmits_total{connection="office"} 3`,
		`ike_failures_total{code="IKE-TIMEOUT",connection="plant"} 3`, `ipsec_child_rekeys_total{child="net",connection="office"} 8`,
		`ike_handshake_duration_seconds_bucket{connection="office",le="0.25"} 0`, `ike_handshake_duration_seconds_bucket{connection="office",le="0.5"} 1`,
		`ike_handshake_duration_seconds_count{connection="office"} 1`,
		`ike_cookies_demanded_total 4`, `ike_messages_total{direction="sent",exchange="create_child_sa",type="request"} 2`, `ike_dropped_messages_total{reason="cookie"} 4`,
		`ipsec_dropped_packets_total{reason="replay"} 7`, `ipsec_kernel_counters_total{name="in_no_states"} 3`, `ipsec_socket_events_total{event="esp_sent"} 9`,
		`ipsec_other_events_total{event="esp_mss_clamped"} 5`, `ipsec_other_events_total{event="events_withheld"} 6`,
		`ipsec_certificate_expiry_timestamp_seconds{connection="office",subject="CN=gw",use="local"} 1.79534886e+09`,
		`ipsec_pool_addresses{pool="clients"} 1.8446744073709552e+19`, `ipsec_pool_leases{pool="clients",state="offline"} 1`,
		`ipsec_warnings{code="HOST-KEY-LOG"} 1`, `ipsec_process_goroutines 12`)
}

// Names, units and help are as Prometheus asks for.
func TestMetricsAreAsPrometheusAsks(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(scrape(t, busy()))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	for _, f := range families() {
		if !strings.HasPrefix(f.name, "ipsec_") && !strings.HasPrefix(f.name, "ike_") || (f.kind == counter) != strings.HasSuffix(f.name, "_total") {
			t.Errorf("%s is a bad name for a %s", f.name, f.kind)
		}
		for _, l := range f.labels {
			if strings.Contains(l, "spi") {
				t.Errorf("%s has label %s", f.name, l)
			}
		}
	}
}

// Each family has a series in a scrape of a busy daemon, so the table has nothing that never shows.
func TestEachFamilyShows(t *testing.T) {
	text := scrape(t, busy())
	for _, f := range families() {
		if f.name != "ipsec_child_last_sent_timestamp_seconds" && !strings.Contains(text, "\n"+f.name) {
			t.Errorf("%s does not show", f.name)
		}
	}
}

// Whatever peers call themselves, and however many they are, a scrape works and its size has a bound.
func TestPeersAreBounded(t *testing.T) {
	tally := NewTally(100)
	for i := range 5000 {
		tally.Follow(up("clients", fmt.Sprintf("\xff\"{}\n%d", i), 0, 0))
	}
	s := busy()
	s.Counts = tally.Counts(tally.Past())
	text := scrape(t, s)
	if n := strings.Count(text, "ipsec_peer_up{"); n != 100 {
		t.Errorf("%d peers have series", n)
	}
	has(t, text, `ipsec_peers_unlisted_total 4900`)
}

// A scrape of 5 000 IKE SAs is no longer than one of a few.
func TestManySAs(t *testing.T) {
	s := busy()
	for i := range 5000 {
		sa := s.Status.SAs[0]
		sa.Remote.ID = fmt.Sprint("peer", i)
		s.Status.SAs = append(s.Status.SAs, sa)
	}
	text := scrape(t, s)
	has(t, text, `ike_sas{connection="office",state="established"} 5001`)
	if len(text) > 100_000 {
		t.Errorf("it has %d octets", len(text))
	}
}

// A status that cannot be had is no empty scrape.
func TestErrorsAreTold(t *testing.T) {
	w := httptest.NewRecorder()
	Handler(func(context.Context) (*Snapshot, error) { return nil, errors.New("the daemon is stopping") }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "the daemon is stopping") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}

// Scrapers that hang take a few places, and the others hear at once that there is none.
func TestFewScrapesAtATime(t *testing.T) {
	begun, end := make(chan bool), make(chan bool)
	h := Handler(func(context.Context) (*Snapshot, error) {
		begun <- true
		<-end
		return busy(), nil
	})
	for range 4 {
		go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
		<-begun
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("the fifth got %d", w.Code)
	}
	close(end)
}

// The port for scrapes has nothing else, and takes no other method.
func TestListenerServesMetricsAlone(t *testing.T) {
	server := Listener(Handler(func(context.Context) (*Snapshot, error) { return busy(), nil }))
	for _, tt := range []struct {
		method, path string
		want         int
	}{{"GET", "/metrics", 200}, {"POST", "/metrics", 405}, {"GET", "/v1/status", 404}, {"GET", "/", 404}} {
		w := httptest.NewRecorder()
		server.Handler.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, bytes.NewReader(nil)))
		if _, _ = io.Copy(io.Discard, w.Body); w.Code != tt.want {
			t.Errorf("%s %s: %d", tt.method, tt.path, w.Code)
		}
	}
}
