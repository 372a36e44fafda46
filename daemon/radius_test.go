package daemon

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"culvert/config"
	"culvert/explain"
	"culvert/radius"
)

const radiusText = `radius "corp" {
  nas_identifier = "gw"
  accounting = true
  timeout = "100ms"
  tries = 1
  server "a" {
    address = "127.0.0.1"
    port = PORT
    accounting_port = PORT
    secret = "swordfish"
  }
  dae {
    listen = "127.0.0.1"
    port = DAE
    clients = "127.0.0.1"
    secret = "swordfish"
  }
}
connection "road" {
  local {
    id = "gw.example.org"
  }
  remote {
    eap { radius = "corp" }
  }
}
secret "road" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
`

// radiusConfig has a group whose server is at a port.
func radiusConfig(t *testing.T, server, dae string, change ...string) *config.Config {
	t.Helper()
	return loaded(t, strings.NewReplacer(append([]string{"PORT", server, "DAE", dae}, change...)...).Replace(radiusText))
}

// groupsOf are groups that work until the test ends.
func groupsOf(t *testing.T) *radiusGroups {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	g := &radiusGroups{ctx: ctx, log: slog.New(slog.DiscardHandler), wg: new(sync.WaitGroup), groups: map[string]*radiusGroup{}, rulers: &sessions{}}
	t.Cleanup(func() {
		cancel()
		g.wg.Wait()
		g.close()
	})
	return g
}

// quietServer takes packets and says nothing.
func quietServer(t *testing.T) (net.PacketConn, string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_, port, _ := net.SplitHostPort(conn.LocalAddr().String())
	return conn, port
}

func freeUDP(t *testing.T) string {
	conn, port := quietServer(t)
	conn.Close()
	return port
}

func TestServersHearThatTheNodeIsThere(t *testing.T) {
	conn, port := quietServer(t)
	g := groupsOf(t)
	cfg := radiusConfig(t, port, freeUDP(t))
	if err := g.configure(cfg.RADIUS, accountsOf(cfg)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, _, err := conn.ReadFrom(b)
	p, err2 := radius.Parse(b[:n])
	if err != nil || err2 != nil || p.Code != radius.AccountingRequest {
		t.Fatalf("%v, %v: %+v", err, err2, p)
	}
	if status, _, _ := p.Attributes.Number(radius.AcctStatusType); radius.Status(status) != radius.AccountingOn {
		t.Errorf("status %d", status)
	}
	waits := func() bool { return len(g.warnings()) == 2 }
	for deadline := time.Now().Add(patience); !waits() && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if w := g.warnings(); len(w) != 2 || w[0].Code != explain.RadiusNoAnswer || w[1].Code != explain.RadiusAccounting {
		t.Errorf("warnings %+v", w)
	}
}

func TestReloadKeepsGroupsThatHaveNotChanged(t *testing.T) {
	_, port := quietServer(t)
	dae := freeUDP(t)
	g := groupsOf(t)
	configure := func(change ...string) *radiusGroup {
		t.Helper()
		cfg := radiusConfig(t, port, dae, change...)
		if err := g.configure(cfg.RADIUS, accountsOf(cfg)); err != nil {
			t.Fatal(err)
		}
		return g.groups["corp"]
	}
	first := configure()
	if configure() != first {
		t.Error("the same configuration makes another group")
	}
	second := configure("tries = 1", "tries = 2") // with the port for requests that the first one has
	if second == first {
		t.Error("a change makes no other group")
	}
	if g.accounting("road") != second || g.accounting("other") != nil {
		t.Error("accounting is not that of the connection's group")
	}
	if err := g.configure(nil, nil); err != nil || g.accounting("road") != nil {
		t.Errorf("nothing is configured: %v", err)
	}
}

// Accounting-On and -Off end all sessions of the node at a server: a reload says neither while sessions go on, and the last word when
// nobody accounts for them any more.
func TestReloadEndsAccountingOnlyWithTheGroup(t *testing.T) {
	_, port := quietServer(t)
	dae := freeUDP(t)
	g := groupsOf(t)
	configure := func(change ...string) (waiting int) {
		t.Helper()
		cfg := radiusConfig(t, port, dae, change...)
		if err := g.configure(cfg.RADIUS, accountsOf(cfg)); err != nil {
			t.Fatal(err)
		}
		waiting, _, _ = g.groups["corp"].accountant.State()
		return waiting
	}
	if n := configure(); n != 1 {
		t.Errorf("%d records at the start", n)
	}
	if n := configure("tries = 1", "tries = 2"); n != 0 {
		t.Errorf("%d records after a change", n)
	}
	last := g.groups["corp"]
	if err := g.configure(nil, nil); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := last.accountant.State(); n != 1 {
		t.Errorf("%d records at the end", n)
	}
}

// What goes to servers goes over sockets, each with a goroutine that reads: none outlives the daemon.
func TestGroupsLeaveNoSocketBehind(t *testing.T) {
	conn, port := quietServer(t)
	g := groupsOf(t)
	cfg := radiusConfig(t, port, freeUDP(t))
	if err := g.configure(cfg.RADIUS, nil); err != nil {
		t.Fatal(err)
	}
	_, from, err := conn.ReadFrom(make([]byte, 4096))
	if err != nil {
		t.Fatal(err)
	}
	g.close()
	g.wg.Wait()
	free := func() bool {
		again, err := net.ListenPacket("udp", from.String())
		if err != nil {
			return false
		}
		return again.Close() == nil
	}
	for deadline := time.Now().Add(patience); !free(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the socket %v is still open", from)
		}
	}
}

func TestRequestsForSessionsAreHeard(t *testing.T) {
	_, port := quietServer(t)
	dae := freeUDP(t)
	g := groupsOf(t)
	told := &buffer{}
	g.log = slog.New(slog.NewTextHandler(told, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg := radiusConfig(t, port, dae)
	if err := g.configure(cfg.RADIUS, nil); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("udp", "127.0.0.1:"+dae)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write(make([]byte, 20))
	for deadline := time.Now().Add(patience); !says(told.String(), string(explain.RadiusRefused)) && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if !says(told.String(), "level=DEBUG") || !says(told.String(), string(explain.RadiusRefused)) {
		t.Errorf("log: %s", told.String())
	}
}

func TestAddressThatIsNotOursIsRefused(t *testing.T) {
	g := groupsOf(t)
	cfg := radiusConfig(t, "1812", "3799", `listen = "127.0.0.1"`, `listen = "192.0.2.1"`)
	if err := g.configure(cfg.RADIUS, nil); err == nil || !says(err.Error(), `radius "corp"`) || !says(err.Error(), "dae.listen") {
		t.Errorf("got %v", err)
	}
}

func TestServersOfTheConfiguration(t *testing.T) {
	cfg := radiusConfig(t, "1812", "3799")
	s := serverOf(cfg.RADIUS[0], cfg.RADIUS[0].Servers[0])
	if s.Auth != "127.0.0.1:1812" || s.Accounting != "127.0.0.1:1812" || string(s.Secret) != "swordfish" || s.Timeout != 100*time.Millisecond || s.Tries != 1 || s.TLS != nil {
		t.Errorf("got %+v", s)
	}
	n := nasOf(cfg.RADIUS[0])
	if n.Identifier != "gw" || n.Address != (netip.Addr{}) {
		t.Errorf("NAS %+v", n)
	}
	cfg.RADIUS[0].NASIdentifier = ""
	if nasOf(cfg.RADIUS[0]).Identifier == "" {
		t.Error("without a name we have none, although the host has one")
	}
}

func TestTLSTrustsNobodyElse(t *testing.T) {
	s := &config.RADIUSServer{Name: "a", Transport: config.TransportTLS, Port: 2083, ServerName: "radius.example.org", Key: &config.KeyFile{}}
	c := tlsOf(s)
	if c.ServerName != "radius.example.org" || c.MinVersion != tls.VersionTLS12 || c.RootCAs == nil || len(c.Certificates) != 1 || c.InsecureSkipVerify {
		t.Errorf("got %+v", c)
	}
}
