package tunnel

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"culvert/api"
	"culvert/dataplane/netstack"
	"culvert/explain"
)

func echo(c net.Conn) {
	_, _ = io.Copy(c, c)
	_ = c.Close()
}

// echoes dials, says something and expects it back.
func echoes(t *testing.T, tun *Tunnel, network, to string) {
	t.Helper()
	c, err := tun.DialContext(background(t), network, to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte("under the road")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 14)
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "under the road" {
		t.Errorf("%s %s: %q, %v", network, to, b, err)
	}
}

func TestDialBothFamilies(t *testing.T) {
	g := open(t)
	g.serve("10.2.0.1:7", echo)
	g.serve("[fd02::1]:7", echo)
	tun := g.connect()
	for _, to := range []string{"10.2.0.1:7", "[fd02::1]:7", "10.2.0.1:echo"} {
		echoes(t, tun, "tcp", to)
	}
	want := []netip.Addr{netip.MustParseAddr("10.3.0.1"), netip.MustParseAddr("fd03::1")}
	if got := tun.Addrs(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("addresses are %v, want %v", got, want)
	}
}

func TestDatagramsBothWays(t *testing.T) {
	g := open(t)
	tun := g.connect()
	for _, to := range []string{"10.2.0.1:7", "[fd02::1]:7"} {
		server, err := g.plane.ListenUDP(netip.MustParseAddrPort(to))
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		go func() {
			b := make([]byte, 100)
			for {
				n, from, err := server.ReadFrom(b)
				if err != nil {
					return
				}
				_, _ = server.WriteTo(b[:n], from)
			}
		}()
		echoes(t, tun, "udp", to)
	}
	ours, err := tun.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	_ = ours.SetDeadline(time.Now().Add(patience))
	for _, to := range []string{"10.2.0.1:7", "[fd02::1]:7"} {
		if _, err := ours.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to))); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		if n, from, err := ours.ReadFrom(b); err != nil || string(b[:n]) != "hello" || from.String() != to {
			t.Errorf("%s: %q from %v, %v", to, b[:n], from, err)
		}
	}
}

func TestListenIsReachedFromBehindTheGateway(t *testing.T) {
	g := open(t)
	tun := g.connect()
	l, err := tun.Listen("tcp", ":22")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go echo(c)
		}
	}()
	for _, a := range tun.Addrs() {
		c, err := g.plane.DialTCP(background(t), netip.AddrPortFrom(a, 22))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte("hi"))
		b := make([]byte, 2)
		if _, err := io.ReadFull(c, b); err != nil || string(b) != "hi" {
			t.Errorf("%v: %q, %v", a, b, err)
		}
		_ = c.Close()
	}
}

// A stream keeps every octet in its place while children and IKE SA get new keys.
func TestRekeyUnderLoadLosesNothing(t *testing.T) {
	const size = 16 << 20
	stream := func() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{7}), size) }
	g := open(t)
	g.serve("10.2.0.1:80", func(c net.Conn) { _, _ = io.Copy(c, stream()); _ = c.Close() })
	tun := g.connect()
	c, err := tun.DialContext(background(t), "tcp", "10.2.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var rekeyed sync.WaitGroup
	rekeyed.Go(func() {
		for _, layer := range []api.Layer{api.LayerChild, api.LayerIKE, api.LayerChild} {
			if err := tun.daemon.Rekey(background(t), api.Target{Connection: "office"}, layer); err != nil {
				t.Error(err)
			}
		}
	})
	got, want := sha256.New(), sha256.New()
	n, err := io.Copy(got, c)
	_, _ = io.Copy(want, stream())
	if err != nil || n != size || string(got.Sum(nil)) != string(want.Sum(nil)) {
		t.Errorf("%d octets of %d, %v, or others than were sent", n, size, err)
	}
	rekeyed.Wait()
}

func TestErrorsTellTheCause(t *testing.T) {
	g := open(t)
	tun := g.connect()
	_, err := tun.DialContext(background(t), "tcp", "10.2.0.1:9")
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a closed port: %v", err)
	}
	var lost *netstack.UnreachableError
	if _, err = tun.DialContext(background(t), "tcp", "192.0.2.1:80"); !errors.As(err, &lost) || !strings.Contains(err.Error(), "10.2.0.0/24") {
		t.Errorf("an address elsewhere: %v", err)
	}
	if _, err = tun.DialContext(background(t), "icmp", "10.2.0.1:80"); err == nil {
		t.Error("an unknown network was dialed")
	}
	if _, err = tun.Listen("tcp", "example.org:80"); err == nil {
		t.Error("a name was listened on")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = tun.DialContext(canceled, "tcp", "10.2.0.99:80"); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// The end of the context ends an attempt that nobody answers.
func TestDialEndsWithItsContext(t *testing.T) {
	g := open(t)
	tun := g.connect()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := tun.DialContext(ctx, "tcp", "10.2.0.99:80"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestOpenTellsWhatWentWrong(t *testing.T) {
	g := open(t)
	tests := []struct {
		name string
		c    Config
		want explain.Code
	}{
		{"a wrong secret", Config{Text: strings.Replace(g.client(), "correct horse", "wrong horse", 1)}, explain.IKEAuthPeerRejected},
		{"other algorithms", Config{Text: strings.Replace(g.client(), "virtual_ips", "proposals = [\"aes128-sha1-modp1024\"]\n virtual_ips", 1)}, explain.IKENoProposal},
		{"no such connection", Config{Text: g.client(), Connection: "home"}, explain.ManageNotFound},
		{"transport mode", Config{Text: strings.Replace(g.client(), "child \"net\" {", "child \"net\" {\n mode = \"transport\"", 1)}, explain.ManageBadRequest},
		{"no address of ours", Config{Text: strings.NewReplacer("virtual_ips = [\"0.0.0.0\", \"::\"]", "", "child \"net\" {", "child \"net\" {\n local = [\"10.9.0.0/24\"]").Replace(g.client())}, explain.ManageBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tun, err := Open(background(t), tt.c)
			if err == nil {
				_ = tun.Close()
				t.Fatal("it is up")
			}
			if p := problemOf(t, err); p.Code != tt.want {
				t.Errorf("got %v, want %s", p, tt.want)
			}
		})
	}
	if _, err := Open(background(t), Config{Text: "connexion {}"}); err == nil {
		t.Error("a wrong configuration was taken")
	}
	if _, err := Open(background(t), Config{File: "/nowhere/office.hcl"}); err == nil {
		t.Error("a missing configuration was taken")
	}
}

// Tunnels of one process do not see each other.
func TestSeveralTunnels(t *testing.T) {
	one, two := open(t), open(t)
	one.serve("10.2.0.1:7", echo)
	a, b := one.connect(), two.connect()
	echoes(t, a, "tcp", "10.2.0.1:7")
	if _, err := b.DialContext(background(t), "tcp", "10.2.0.1:7"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the other tunnel leads to %v", err)
	}
	_ = b.Close()
	echoes(t, a, "tcp", "10.2.0.1:7")
}

// After Close nothing works, and nothing is left.
func TestCloseLeavesNothing(t *testing.T) {
	g := open(t)
	g.serve("10.2.0.1:7", echo)
	before := runtime.NumGoroutine()
	tun := g.connect()
	c, err := tun.DialContext(background(t), "tcp", "10.2.0.1:7")
	if err != nil {
		t.Fatal(err)
	}
	l, err := tun.Listen("tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan error, 1)
	go func() { _, err := l.Accept(); accepted <- err }()
	if err := errors.Join(tun.Close(), tun.Close()); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a connection has outlived its tunnel")
	}
	if err := <-accepted; err == nil {
		t.Error("a listener has outlived its tunnel")
	}
	if _, err := tun.Dial("tcp", "10.2.0.1:7"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dialing gives %v", err)
	}
	if s, err := g.daemon.Status(t.Context()); err != nil || len(s.SAs) != 0 {
		t.Errorf("the gateway has %+v, %v", s.SAs, err)
	}
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			b := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, b[:runtime.Stack(b, true)])
		}
	}
}

// The MTU of the path is searched without privileges, too.
func TestPathIsProbed(t *testing.T) {
	tun := open(t).connect()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s, err := tun.Status(background(t))
		if err != nil {
			t.Fatal(err)
		}
		m := s.SAs[0].Children[0].MTU
		if m != nil && m.Source == "probe" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the path is known as %+v", m)
		}
	}
}
