package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"culvert/secret"
)

// site is a web server in the network. It tells of the request that it got.
func site(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s host %s, %d octets, %q %q", r.Method, r.URL, r.Host, len(body), r.Header.Get("Proxy-Authorization"), r.Header.Get("X-Forwarded-For"))
	}))
	t.Cleanup(s.Close)
	return "intranet:" + portOf(s.Listener.Addr().String())
}

// through is a client of a proxy.
func through(t *testing.T, at, user string) *http.Client {
	t.Helper()
	u, err := url.Parse("http://" + user + at)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(u)}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

func get(t *testing.T, c *http.Client, at string) (int, string) {
	t.Helper()
	r, err := c.Post(at, "text/plain", strings.NewReader("12345"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// Requests arrive as they were written, but for what is meant for the proxy.
func TestHTTPPassesRequestsOn(t *testing.T) {
	to := site(t)
	s := &Server{Network: &street{}, Account: &Account{User: "carol", Password: secret.Bytes("pw")}}
	c := through(t, serving(t, s.HTTP), "carol:pw@")
	status, text := get(t, c, "http://"+to+"/path?q=a;b&c=1")
	if want := "POST /path?q=a;b&c=1 host " + to + `, 5 octets, "" ""`; status != 200 || text != want {
		t.Errorf("%d %s, want %s", status, text, want)
	}
}

func TestHTTPAsksForThePassword(t *testing.T) {
	network := &street{}
	s := &Server{Network: network, Account: &Account{User: "carol", Password: secret.Bytes("pw")}}
	at := serving(t, s.HTTP)
	for _, user := range []string{"", "carol:wrong@", "dave:pw@", "carol@"} {
		if status, _ := get(t, through(t, at, user), "http://intranet:1/"); status != http.StatusProxyAuthRequired {
			t.Errorf("%q: %d", user, status)
		}
	}
	if len(network.asked()) > 0 {
		t.Errorf("%v was dialed", network.asked())
	}
}

func TestHTTPTellsWhy(t *testing.T) {
	c := through(t, serving(t, (&Server{Network: &street{}}).HTTP), "")
	for host, want := range map[string]int{"nowhere": http.StatusBadGateway, "unreachable": http.StatusServiceUnavailable} {
		if status, text := get(t, c, "http://"+host+"/"); status != want || !strings.HasPrefix(text, "culvert: ") {
			t.Errorf("%s: %d %s", host, status, text)
		}
	}
}

// A web page can have a browser ask the proxy for a page; it is none.
func TestHTTPIsNoWebServer(t *testing.T) {
	at := serving(t, (&Server{Network: &street{}}).HTTP)
	r, err := http.Get("http://" + at + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusBadRequest {
		t.Errorf("got %s", r.Status)
	}
}

func TestHTTPConnect(t *testing.T) {
	at := serving(t, (&Server{Network: &street{}}).HTTP)
	c := dialTo(t, at)
	to := "intranet:" + portOf(shouting(t))
	// What follows the request at once is not lost.
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\nearly ", to, to)
	r := bufio.NewReader(c)
	answer, err := http.ReadResponse(r, nil)
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("%+v, %v", answer, err)
	}
	if _, err := io.WriteString(c, "and late"); err != nil {
		t.Fatal(err)
	}
	_ = c.CloseWrite()
	if b, err := io.ReadAll(r); err != nil || string(b) != "EARLY AND LATE" {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestHTTPConnectRefused(t *testing.T) {
	c := dialTo(t, serving(t, (&Server{Network: &street{}}).HTTP))
	fmt.Fprintf(c, "CONNECT nowhere:443 HTTP/1.1\r\nHost: nowhere:443\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || answer.StatusCode != http.StatusBadGateway {
		t.Errorf("%+v, %v", answer, err)
	}
}

// A client that never ends its request is let go.
func TestHTTPClientThatHangs(t *testing.T) {
	s := &Server{Network: &street{}, Limits: Limits{Request: 50 * time.Millisecond}}
	c := dialTo(t, serving(t, s.HTTP))
	if _, err := io.WriteString(c, "GET http://intranet/ HTT"); err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(c); isTimeout(err) {
		t.Error("it is still connected")
	}
}

// The end of the proxy ends connections that nobody else would end.
func TestEndClosesConnections(t *testing.T) {
	var c net.Conn
	t.Run("proxy", func(t *testing.T) {
		at := serving(t, (&Server{Network: &street{}}).HTTP)
		conn, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		c = conn
		to := "intranet:" + portOf(shouting(t))
		fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", to, to)
		if _, err := c.Read(make([]byte, 12)); err != nil {
			t.Fatal(err)
		}
	})
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, c); isTimeout(err) {
		t.Error("it is still connected")
	}
}
