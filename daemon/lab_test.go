package daemon

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"culvert/api"
)

// patience is how long a test waits for what ought to happen at once; only a hung daemon ever uses it up.
const patience = time.Minute

// nodes counts the daemons of the process: each has a loopback address of its own, so that ports do not collide.
var nodes atomic.Uint32

// A node is a daemon in this process, on the data plane in memory, used through its socket.
type node struct {
	*testing.T
	name, addr, network string
	dir                 string
	tries               int // of a request
	client              *api.Client
	packets             Packets
	arrived             chan []byte // through the tunnel
	log                 buffer
	ended               chan error
	cancel              context.CancelFunc
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

func newNode(t *testing.T, name, network string) *node {
	t.Helper()
	// The paths of Unix sockets are limited to 107 octets, which a test's own folder may exceed.
	dir, err := os.MkdirTemp("", "cvd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	n := &node{T: t, name: name, network: network, dir: dir, tries: 3, arrived: make(chan []byte, 64), ended: make(chan error, 1)}
	pid := os.Getpid()
	n.addr = fmt.Sprintf("127.%d.%d.%d", 1+pid>>8&0x7f, pid&0xff, 1+nodes.Add(1)%254)
	n.client = api.NewClient(n.socket())
	n.packets.Deliver = func(p []byte) { n.arrived <- p }
	return n
}

func (n *node) socket() string { return filepath.Join(n.dir, "socket") }
func (n *node) config() string { return filepath.Join(n.dir, "culvert.hcl") }

// write makes the configuration. It begins with a daemon block; more goes into that.
func (n *node) write(more, rest string) {
	n.Helper()
	text := fmt.Sprintf(`
daemon {
  listen    = [%q]
  port      = 15500
  nat_port  = 15501
  state_dir = %q
  log_level = "debug"
  retransmit {
    timeout = "200ms"
    tries   = %d
    max     = "1s"
  }
  dataplane {
    backend = "fake"
  }
  %s
}
%s`, n.addr, n.dir, n.tries, more, rest)
	if err := os.WriteFile(n.config(), []byte(text), 0o600); err != nil {
		n.Fatal(err)
	}
}

// psk is the secret of every pair.
const psk = "correct horse battery staple, and then some"

// site is a connection with a peer: options for it, and for its child.
func (n *node) site(peer *node, options, child string) string {
	return fmt.Sprintf(`
connection "site" {
  local {
    address = %q
    id      = "%s.example.org"
    port    = 15501
  }
  remote {
    address = %q
    id      = "%s.example.org"
    port    = 15501
  }
  force_encapsulation = true
  %s
  child "net" {
    local  = [%q]
    remote = [%q]
    %s
  }
}
secret "site" {
  psk = %q
}
`, n.addr, n.name, peer.addr, peer.name, options, n.network, peer.network, child, psk)
}

// start runs the daemon until the test ends.
func (n *node) start() *node { return n.startWith(func(*Options) {}) }

// startWith starts the daemon with other options.
func (n *node) startWith(change func(*Options)) *node {
	n.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan struct{})
	n.cancel = cancel
	o := Options{Config: n.config(), Socket: n.socket(), Version: "test", Stderr: &n.log, Packets: &n.packets, Ready: func() { close(ready) }}
	change(&o)
	go func() { n.ended <- Run(ctx, o) }()
	select {
	case <-ready:
	case err := <-n.ended:
		n.Fatalf("%s did not start: %v", n.name, err)
	}
	n.Cleanup(func() {
		n.stop()
		if n.Failed() {
			n.Logf("%s:\n%s", n.name, n.log.String())
		}
	})
	return n
}

// stop ends the daemon and waits for it.
func (n *node) stop() {
	n.Helper()
	if n.cancel == nil {
		return
	}
	n.cancel()
	n.cancel = nil
	select {
	case err := <-n.ended:
		if err != nil {
			n.Errorf("%s ended with %v", n.name, err)
		}
	case <-time.After(patience):
		n.Fatalf("%s does not end", n.name)
	}
	n.client.Close()
}

func (n *node) status() api.Status {
	n.Helper()
	s, err := n.client.Status(n.Context())
	if err != nil {
		n.Fatal(err)
	}
	return s
}

// await waits until a condition of the status holds.
func (n *node) await(what string, condition func(api.Status) bool) api.Status {
	n.Helper()
	return awaited(n.T, n.name+", "+what, n.status, condition)
}

// awaited looks until what it sees is as it should be, and returns that.
func awaited[T any](t *testing.T, what string, look func() T, right func(T) bool) T {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		seen := look()
		if right(seen) {
			return seen
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s: %+v", what, seen)
		}
	}
}

// command is one about the connection "site".
func command(t api.Target) api.Command {
	if t.Connection == "" {
		t.Connection = "site"
	}
	return api.Command{Target: t, TimeoutSeconds: patience.Seconds()}
}

func (n *node) up() {
	n.Helper()
	if err := n.client.Up(n.Context(), command(api.Target{}), func(api.Event) {}); err != nil {
		n.Fatalf("up: %v", err)
	}
}

// events returns what happened at the node so far.
func (n *node) events() []api.Event {
	n.Helper()
	var list []api.Event
	err := n.client.Events(n.Context(), api.Follow{Backlog: eventsKept, Once: true}, func(e api.Event) error {
		list = append(list, e)
		return nil
	}, func(uint64) {})
	if err != nil {
		n.Fatal(err)
	}
	return list
}

// pair starts two daemons that know each other.
func pair(t *testing.T, options, child string) (west, east *node) {
	t.Helper()
	west, east = newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.site(east, options, child))
	east.write("", east.site(west, "", ""))
	return west.start(), east.start()
}

// packet is an IPv4 packet of an unassigned protocol from west's network to east's.
func packet(payload string) []byte {
	p := make([]byte, 20, 20+len(payload))
	p[0], p[8], p[9] = 0x45, 64, 253
	p[3] = byte(20 + len(payload))
	copy(p[12:], []byte{10, 1, 0, 1, 10, 2, 0, 1})
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(p[i])<<8 | uint32(p[i+1])
	}
	sum = sum&0xffff + sum>>16
	p[10], p[11] = byte(^sum>>8), byte(^sum)
	return append(p, payload...)
}

// carries sends a packet from west to east.
func carries(west, east *node) {
	west.Helper()
	want := packet("under the road")
	if err := west.packets.Inject(want); err != nil {
		west.Fatalf("inject: %v", err)
	}
	select {
	case got := <-east.arrived:
		if !bytes.Equal(got, want) {
			west.Errorf("arrived %x, sent %x", got, want)
		}
	case <-time.After(patience):
		west.Fatal("the packet did not arrive")
	}
}

// says tells whether a text has all the words.
func says(text string, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
