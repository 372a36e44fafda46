package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what ought to happen at once; only what hangs ever uses it up.
const patience = time.Minute

// A street is a network whose names lead to loopback addresses: "intranet" to 127.0.0.1, others nowhere.
type street struct {
	mu     sync.Mutex
	dialed []string
	hang   bool // connections are never made
}

func (s *street) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	s.dialed = append(s.dialed, address)
	hang := s.hang
	s.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := s.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, network, net.JoinHostPort(addrs[0].String(), port))
}

func (s *street) Listen(network, address string) (net.Listener, error) {
	return net.Listen(network, address)
}

func (s *street) ListenPacket(network, _ string) (net.PacketConn, error) {
	return net.ListenPacket(network, "127.0.0.1:0")
}

func (s *street) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	switch host {
	case "intranet":
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	case "unreachable":
		return nil, syscall.ENETUNREACH
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (s *street) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.dialed...)
}

// serving runs a proxy on a loopback port until the test ends, and returns where it listens.
func serving(t *testing.T, run func(context.Context, net.Listener) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("it ended with %v", err)
			}
		case <-time.After(patience):
			b := make([]byte, 1<<20)
			t.Errorf("it does not end:\n%s", b[:runtime.Stack(b, true)])
		}
	})
	return l.Addr().String()
}

// shouting is a server that answers what it gets, once it has all of it, in capitals.
func shouting(t *testing.T) string {
	return serving(t, func(ctx context.Context, l net.Listener) error {
		defer context.AfterFunc(ctx, func() { _ = l.Close() })()
		for {
			c, err := l.Accept()
			if err != nil {
				return nil
			}
			go func() {
				defer c.Close()
				b, _ := io.ReadAll(c)
				_, _ = c.Write(bytes.ToUpper(b))
			}()
		}
	})
}

func dialTo(t *testing.T, at string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

// talk sends a text, ends our half, and returns all of the answer.
func talk(t *testing.T, c *net.TCPConn, text string) string {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func portOf(at string) string {
	_, port, _ := net.SplitHostPort(at)
	return port
}

// Both halves of a connection end by themselves: the server answers only when it has heard the end.
func TestForwardCarriesHalves(t *testing.T) {
	s := &Server{Network: &street{}}
	to := "intranet:" + portOf(shouting(t))
	at := serving(t, func(ctx context.Context, l net.Listener) error { return s.Forward(ctx, l, to) })
	if got := talk(t, dialTo(t, at), "under the road"); got != "UNDER THE ROAD" {
		t.Errorf("got %q", got)
	}
}

func TestReverseReachesThisSide(t *testing.T) {
	s := &Server{Network: &street{}}
	to := shouting(t)
	at := serving(t, func(ctx context.Context, l net.Listener) error { return s.Reverse(ctx, l, to) })
	if got := talk(t, dialTo(t, at), "knock"); got != "KNOCK" {
		t.Errorf("got %q", got)
	}
}

func TestFailuresAreTold(t *testing.T) {
	told := make(chan string, 1)
	s := &Server{Network: &street{}, Failed: func(target string, err error) { told <- target + ": " + err.Error() }}
	at := serving(t, func(ctx context.Context, l net.Listener) error { return s.Forward(ctx, l, "nowhere:1") })
	if got := talk(t, dialTo(t, at), ""); got != "" {
		t.Errorf("got %q", got)
	}
	if got := <-told; !strings.HasPrefix(got, "nowhere:1: ") || !strings.Contains(got, "no such host") {
		t.Errorf("told %q", got)
	}
}

// A listener has so many connections and no more; the next one waits until one ends.
func TestConnectionsAreBounded(t *testing.T) {
	s := &Server{Network: &street{}, Limits: Limits{Connections: 1}}
	to := "intranet:" + portOf(shouting(t))
	at := serving(t, func(ctx context.Context, l net.Listener) error { return s.Forward(ctx, l, to) })
	first, second := dialTo(t, at), dialTo(t, at)
	if _, err := io.WriteString(second, "second"); err != nil {
		t.Fatal(err)
	}
	_ = second.CloseWrite()
	_ = second.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := second.Read(make([]byte, 1)); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Fatalf("the second connection got %v while the first was there", err)
	}
	if got := talk(t, first, "first"); got != "FIRST" {
		t.Errorf("got %q", got)
	}
	_ = second.SetReadDeadline(time.Now().Add(patience))
	if b, err := io.ReadAll(second); err != nil || string(b) != "SECOND" {
		t.Errorf("got %q, %v", b, err)
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func TestParseMapping(t *testing.T) {
	tests := []struct{ text, listen, target string }{
		{"8080:intranet:80", "127.0.0.1:8080", "intranet:80"},
		{"0.0.0.0:8080:intranet:80", "0.0.0.0:8080", "intranet:80"},
		{"[::1]:8080:[fd02::1]:80", "[::1]:8080", "[fd02::1]:80"},
		{"22:127.0.0.1:22", "127.0.0.1:22", "127.0.0.1:22"},
		{":22:localhost:2222", ":22", "localhost:2222"},
	}
	for _, tt := range tests {
		m, err := ParseMapping(tt.text, "127.0.0.1")
		if err != nil || m != (Mapping{tt.listen, tt.target}) {
			t.Errorf("%s: %+v, %v", tt.text, m, err)
		}
	}
	for _, text := range []string{"", "80", "80:intranet", "x:intranet:80", "80:intranet:x", "0:intranet:80", "80::80", "80:intranet:65536", "a:b:c:d:e", "[::1:80:h:80", "[::1]x:80:h:80"} {
		if m, err := ParseMapping(text, ""); err == nil {
			t.Errorf("%q is %+v", text, m)
		}
	}
}
