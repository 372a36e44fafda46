package tunnel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/daemon"
	"culvert/dataplane"
	"culvert/dataplane/netstack"
)

// patience is how long a test waits for what ought to happen at once; only what hangs ever uses it up.
const patience = time.Minute

// gateways counts the gateways of the process: each has a loopback address of its own, so that ports do not collide.
var gateways atomic.Uint32

const natPort = 15501

// A gateway is a daemon in this process with a pool, and hosts behind it that are its own stack: 10.2.0.1 and fd02::1.
type gateway struct {
	testing.TB
	addr   string
	config string
	daemon *daemon.Daemon
	plane  *netstack.Backend
	log    buffer
}

// buffer is a log that several goroutines write.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newGateway makes a gateway that is not started.
func newGateway(t testing.TB) *gateway {
	t.Helper()
	pid := os.Getpid()
	return &gateway{
		TB: t, addr: fmt.Sprintf("127.%d.%d.%d", 1+pid>>8&0x7f, pid&0xff, 1+gateways.Add(1)%254),
		config: filepath.Join(t.TempDir(), "gateway.hcl"),
	}
}

// open starts a gateway that leases addresses to clients.
func open(t *testing.T) *gateway {
	t.Helper()
	g := newGateway(t)
	g.start(`"10.3.0.0/24", "fd03::/120"`)
	t.Cleanup(g.stop)
	return g
}

// start runs the gateway with a pool.
func (g *gateway) start(pool string) {
	g.Helper()
	text := fmt.Sprintf(`
daemon {
  listen    = [%q]
  port      = 15500
  nat_port  = %d
  state_dir = %q
  log_level = "debug"
}
connection "clients" {
  local {
    id = "gw.example.org"
  }
  remote {
    id = "carol@example.org"
  }
  pools = ["inside"]
  child "net" {
    local  = ["10.2.0.0/24", "fd02::/64"]
    remote = ["dynamic"]
  }
}
pool "inside" {
  addresses = [%s]
  dns       = ["10.2.0.1"]
}
secret "carol" {
  ids = ["gw.example.org", "carol@example.org"]
  psk = "correct horse battery staple, and then some"
}
`, g.addr, natPort, filepath.Dir(g.config), pool)
	if err := os.WriteFile(g.config, []byte(text), 0o600); err != nil {
		g.Fatal(err)
	}
	model, found := config.System(time.Now()).Load(g.config)
	if model == nil {
		g.Fatal(found.Err())
	}
	plane := func(n dataplane.Network) (dataplane.Backend, string, error) {
		b, err := netstack.New(netstack.Config{Addresses: []netip.Addr{netip.MustParseAddr("10.2.0.1"), netip.MustParseAddr("fd02::1")}}, n)
		g.plane = b
		return b, "a stack", err
	}
	d, err := daemon.Start(model, daemon.Options{Config: g.config, Stderr: &g.log, Plane: plane})
	if err != nil {
		g.Fatal(err)
	}
	g.daemon = d
}

func (g *gateway) stop() {
	if g.daemon != nil {
		g.daemon.Close()
		g.daemon = nil
	}
}

// client is the configuration of carol, the road warrior.
func (g *gateway) client() string {
	return fmt.Sprintf(`
daemon {
  log_level = "debug"
  retransmit {
    timeout = "200ms"
    tries   = 2
  }
}
connection "office" {
  local {
    id = "carol@example.org"
  }
  remote {
    address = %q
    port    = %d
    id      = "gw.example.org"
  }
  virtual_ips = ["0.0.0.0", "::"]
  retry_delay = "1s"
  child "net" {
    remote = ["10.2.0.0/24", "fd02::/64"]
  }
}
secret "office" {
  ids = ["gw.example.org", "carol@example.org"]
  psk = "correct horse battery staple, and then some"
}
`, g.addr, natPort)
}

// connect opens carol's tunnel until the test ends.
func (g *gateway) connect(more ...func(*Config)) *Tunnel {
	g.Helper()
	c := Config{Text: g.client(), Connection: "office"}
	for _, f := range more {
		f(&c)
	}
	tun, err := Open(g.Context(), c)
	if err != nil {
		g.Fatalf("%v\ngateway:\n%s", err, g.log.String())
	}
	g.Cleanup(func() { _ = tun.Close() })
	return tun
}

// serve accepts connections behind the gateway until the test ends.
func (g *gateway) serve(at string, handle func(net.Conn)) {
	g.Helper()
	l, err := g.plane.ListenTCP(netip.MustParseAddrPort(at))
	if err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go handle(c)
		}
	}()
}

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// problemOf is the problem behind an error.
func problemOf(t *testing.T, err error) *api.Problem {
	t.Helper()
	var p *api.Problem
	if !errors.As(err, &p) {
		t.Fatalf("%v (%T) is no problem with a code", err, err)
	}
	return p
}

// background is a context that ends with the test, or before long.
func background(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}
