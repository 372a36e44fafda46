package daemon

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A daemon that ends tells its peers.
func TestGoodbye(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	west.stop()
	s := east.status()
	if len(s.SAs) != 0 {
		t.Errorf("the peer has %+v", s.SAs)
	}
	if _, err := os.Lstat(west.socket()); err == nil {
		t.Error("the socket is still there")
	}
	if !says(west.log.String(), "msg=stopped") {
		t.Error("the log does not end with a goodbye")
	}
}

// A road is what two nodes have between them: each takes it for the other.
type road struct {
	*net.UDPConn
	west, east netip.AddrPort
}

// newRoad carries datagrams between the NAT ports of two nodes until it is closed.
func newRoad(t *testing.T, west, east *node) *road {
	t.Helper()
	at := func(n *node) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(n.addr), 15501) }
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at(newNode(t, "road", ""))))
	if err != nil {
		t.Fatal(err)
	}
	r := &road{c, at(west), at(east)}
	t.Cleanup(func() { r.Close() })
	go r.carry()
	return r
}

func (r *road) carry() {
	b := make([]byte, 1<<16)
	for {
		n, from, err := r.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		to := r.west
		if from == r.west {
			to = r.east
		}
		_, _ = r.WriteToUDPAddrPort(b[:n], to)
	}
}

// end is a node as the one at the other end of the road sees it.
func (r *road) end(n *node) *node {
	return &node{name: n.name, network: n.network, addr: r.LocalAddr().(*net.UDPAddr).IP.String()}
}

// A peer that does not answer does not hold up the end, whatever patience there is with it otherwise.
func TestGoodbyeToADeadPeer(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	r := newRoad(t, west, east)
	west.tries = 30
	west.write("", west.site(r.end(east), "dpd_delay = \"0s\"", ""))
	east.write("", east.site(r.end(west), "", ""))
	west.start()
	east.start()
	west.up()
	r.Close()
	west.stop()
	if !says(west.log.String(), "not all peers have answered our goodbye") {
		t.Error("the peer that is gone has answered")
	}
}

// After Run nothing of the daemon is left.
func TestRunLeavesNoGoroutine(t *testing.T) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP) // has package signal start its one goroutine, which stays
	signal.Stop(signals)
	before := runtime.NumGoroutine()
	west, east := pair(t, "", "")
	west.up()
	carries(west, east)
	west.stop()
	east.stop()
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > before { // those that were asked to end may still be on their way
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}

func TestRunRefusesToStart(t *testing.T) {
	tests := []struct {
		name, want string
		prepare    func(n *node)
	}{
		{"without configuration", "culvert.hcl", func(n *node) {}},
		{"with a wrong one", "listne", func(n *node) { n.write("listne = []\n", "") }},
		{"with a key log that cannot be made", "key_log", func(n *node) { n.write("key_log = \"/dev/null/keys\"\n", "") }},
		{"with a socket that cannot be made", "socket", func(n *node) {
			n.write("", "")
			if err := os.Mkdir(n.socket(), 0o700); err != nil {
				n.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := newNode(t, "west", "10.1.0.0/24")
			tt.prepare(n)
			before := runtime.NumGoroutine()
			err := Run(t.Context(), Options{Config: n.config(), Socket: n.socket(), Stderr: io.Discard})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want something about %s", err, tt.want)
			}
			for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
				runtime.Gosched()
			}
			if n := runtime.NumGoroutine(); n > before {
				t.Errorf("%d goroutines are left", n-before)
			}
		})
	}
}

func TestSecondDaemonOnThePortsIsExplained(t *testing.T) {
	first := newNode(t, "west", "10.1.0.0/24")
	first.write("", "")
	first.start()
	second := newNode(t, "west", "10.1.0.0/24")
	second.addr = first.addr
	second.write("", "")
	err := Run(t.Context(), Options{Config: second.config(), Socket: second.socket(), Stderr: io.Discard})
	if err == nil || !says(err.Error(), "another IKE daemon") {
		t.Errorf("got %v", err)
	}
}

// systemd hears that the daemon is ready, that it lives, that it reloads, and that it stops.
func TestSystemdIsTold(t *testing.T) {
	dir, err := os.MkdirTemp("", "cvn")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer notify.Close()
	t.Setenv("NOTIFY_SOCKET", notify.LocalAddr().String())
	t.Setenv("WATCHDOG_USEC", "30000")
	t.Setenv("WATCHDOG_PID", "")
	n := newNode(t, "west", "10.1.0.0/24")
	n.write("", "")
	n.start()
	hear(t, notify, "READY=1")
	hear(t, notify, "WATCHDOG=1")
	n.write("", second)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	hear(t, notify, "RELOADING=1")
	hear(t, notify, "READY=1")
	if got := n.status().Connections; len(got) != 1 {
		t.Errorf("connections are %+v", got)
	}
	n.write("", "nonsense")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	hear(t, notify, "RELOADING=1")
	hear(t, notify, "READY=1")
	if !says(n.log.String(), "the configuration is refused, the running one stays") {
		t.Error("the log does not tell of the refusal")
	}
	n.stop()
	hear(t, notify, "STOPPING=1")
}

// hear reads notifications up to one.
func hear(t *testing.T, conn *net.UnixConn, want string) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 512)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("waiting for %s: %v", want, err)
		}
		if strings.Contains(string(buf[:n]), want) {
			return
		}
	}
}

// A daemon whose supervisor hangs does not feed the watchdog.
func TestWatchdogStarvesWithAHangingSupervisor(t *testing.T) {
	d := &Daemon{engine: &engine{ctx: t.Context()}}
	d.engine.supervisor = &supervisorLoop{engine: d.engine, box: newMailbox[func()]()}
	dir := t.TempDir()
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "n"), Net: "unixgram"})
	if err != nil {
		t.Skip("the test's folder has too long a name for a socket")
	}
	defer notify.Close()
	t.Setenv("NOTIFY_SOCKET", notify.LocalAddr().String())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d.feedWatchdog(ctx)
	if err := notify.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if n, err := notify.Read(make([]byte, 64)); err == nil {
		t.Errorf("it was fed with %d octets", n)
	}
}
