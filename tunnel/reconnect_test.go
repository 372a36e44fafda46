package tunnel

import (
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"culvert/api"
)

// While the gateway is away dialing fails at once and says why; when it is back the tunnel is, with the connections of an
// address that is still ours.
func TestReconnects(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	g.start(`"10.3.0.0/24", "fd03::/120"`)
	t.Cleanup(g.stop)
	var ups atomic.Int32
	tun := g.connect(func(c *Config) {
		c.Events = func(e api.Event) {
			if e.Kind == api.EventChildUp {
				ups.Add(1)
			}
		}
	})
	l, err := tun.Listen("tcp", ":22")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	g.stop() // says goodbye
	await(t, "the tunnel to be down", func() bool { return !tun.Up() })
	var down *DownError
	_, err = tun.DialContext(background(t), "tcp", "intranet:80")
	if !errors.As(err, &down) || down.Connection != "office" || !errors.Is(err, syscall.ENETDOWN) || !strings.Contains(err.Error(), "tunnel office is down") {
		t.Errorf("got %v", err)
	}
	g.start(`"10.3.0.0/24", "fd03::/120"`)
	g.serve("10.2.0.1:7", echo)
	await(t, "the tunnel to be up", func() bool { return tun.Up() && ups.Load() > 1 })
	echoes(t, tun, "tcp", "10.2.0.1:7")
}

// Connections end when the gateway gives us another address: nobody would find them any more.
func TestAnotherAddressEndsConnections(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	g.start(`"10.3.0.0/24"`)
	t.Cleanup(g.stop)
	g.serve("10.2.0.1:7", echo)
	tun := g.connect()
	old := tun.Addrs()[0]
	c, err := tun.DialContext(background(t), "tcp", "10.2.0.1:7")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { _, err := io.ReadFull(c, make([]byte, 1)); ended <- err }()
	g.stop()
	g.start(`"10.4.0.0/24"`)
	g.serve("10.2.0.1:7", echo)
	await(t, "another address", func() bool { a := tun.Addrs(); return tun.Up() && len(a) == 1 && a[0] != old })
	select {
	case err := <-ended:
		if err == nil {
			t.Error("something was read")
		}
	case <-time.After(patience):
		t.Error("the connection hangs")
	}
	echoes(t, tun, "tcp", "10.2.0.1:7")
}
