package daemon

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"culvert/api"
)

// scrape asks a daemon for its metrics, over its socket, or over TCP if there is an address.
func (n *node) scrape(address string) string {
	n.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if address == "" {
			network, addr = "unix", n.socket()
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}}
	r, err := client.Get("http://" + address + "/metrics")
	if address == "" {
		r, err = client.Get("http://culvert/metrics")
	}
	if err != nil {
		n.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		n.Fatalf("%v, %s: %s", err, r.Status, text)
	}
	return string(text)
}

// series reads the value of a series, -1 if there is none.
func series(t *testing.T, text, name string) float64 {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Metrics go on through a change of keys and the end of a tunnel, and tell which connection is down.
func TestMetricsOfATunnel(t *testing.T) {
	const packets = `ipsec_child_sent_packets_total{child="net",connection="site"}`
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	address := west.addr + ":19500"
	west.write("", west.site(east, "", "")+"metrics {\n listen = [\""+address+"\"]\n}\n")
	east.write("", east.site(west, "", ""))
	west.start()
	east.start()
	if text := west.scrape(""); series(t, text, `ipsec_connection_up{connection="site"}`) != 0 || series(t, text, packets) != 0 {
		t.Errorf("before anything is up:\n%s", text)
	}
	west.up()
	for i := range 3 {
		carries(west, east)
		west.await("the packet to be counted", func(s api.Status) bool { return s.Counters["esp_out_packets"] == uint64(i+1) })
		if got := series(t, west.scrape(address), packets); got != float64(i+1) {
			t.Errorf("%v packets after %d", got, i+1)
		}
		if err := west.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site"}, Layer: api.LayerChild}); err != nil {
			t.Fatal(err)
		}
		if got := series(t, west.scrape(address), packets); got != float64(i+1) {
			t.Errorf("%v packets after %d and new keys", got, i+1)
		}
	}
	if err := west.client.Down(t.Context(), command(api.Target{})); err != nil {
		t.Fatal(err)
	}
	text := west.scrape(address)
	for name, want := range map[string]float64{
		packets: 3, `ipsec_connection_up{connection="site"}`: 0, `ipsec_child_up{child="net",connection="site"}`: 0,
		`ike_established_total{connection="site"}`: 1, `ike_attempts_total{connection="site"}`: 1, `ipsec_child_rekeys_total{child="net",connection="site"}`: 3,
		`ipsec_peer_up{connection="site",peer="east.example.org"}`: 0, `ike_handshake_duration_seconds_count{connection="site"}`: 1,
		`ike_messages_total{direction="sent",exchange="sa_init",type="request"}`: 1,
	} {
		if got := series(t, text, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if sent := series(t, text, `ipsec_peer_sent_bytes_total{connection="site",peer="east.example.org"}`); sent <= 0 {
		t.Errorf("the peer got %v octets", sent)
	}
	if strings.Contains(text, "spi") {
		t.Errorf("an SPI shows:\n%s", text)
	}
}

// A port that is taken is told at the start.
func TestMetricsPortThatIsTaken(t *testing.T) {
	west := newNode(t, "west", "10.1.0.0/24")
	l, err := net.Listen("tcp", west.addr+":19500")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	west.write("", second+"metrics {\n listen = [\""+l.Addr().String()+"\"]\n}\n")
	if err := Run(t.Context(), Options{Config: west.config(), Socket: west.socket(), Version: "test", Stderr: &west.log, Packets: &west.packets}); err == nil || !says(err.Error(), "metrics.listen", "in use") {
		t.Errorf("got %v", err)
	}
}

// Totals go on through a reload, and when a connection is deleted and comes again.
func TestTotalsOutliveReloadsAndTheEndOfAConnection(t *testing.T) {
	const packets, attempts = `ipsec_child_sent_packets_total{child="net",connection="site"}`, `ike_attempts_total{connection="site"}`
	west, east := pair(t, "", "")
	west.up()
	carries(west, east)
	west.await("the packet to be counted", func(s api.Status) bool { return s.Counters["esp_out_packets"] == 1 })
	whole, err := os.ReadFile(west.config())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ what, text string }{
		{"a reload", strings.Replace(string(whole), `child "net" {`, "tries = 7\nchild \"net\" {", 1)}, {"the end of the connection", "\n"}, {"its return", string(whole)},
	} {
		if err := os.WriteFile(west.config(), []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := west.client.Reload(t.Context()); err != nil {
			t.Fatal(step.what, err)
		}
		if step.what == "the end of the connection" {
			west.await("the IKE SA to end", func(s api.Status) bool { return len(s.SAs) == 0 })
		}
		if text := west.scrape(""); series(t, text, packets) != 1 || series(t, text, attempts) < 1 {
			t.Errorf("after %s: %v packets, %v attempts", step.what, series(t, text, packets), series(t, text, attempts))
		}
	}
	west.up()
	carries(west, east)
	west.await("the second packet to be counted", func(api.Status) bool { return series(t, west.scrape(""), packets) == 2 })
}
