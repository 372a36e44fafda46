package netstack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

var (
	_ dataplane.Backend       = (*Backend)(nil)
	_ dataplane.PacketHandler = (*Backend)(nil)
	_ dataplane.MTUHandler    = (*Backend)(nil)
)

func TestStreamsOfBothFamilies(t *testing.T) {
	west, east := pair(t)
	data, _ := io.ReadAll(io.LimitReader(rand.NewChaCha8([32]byte{3}), 8<<20))
	for _, a := range eastAddrs {
		at := netip.AddrPortFrom(a, 80)
		got := sink(t, east, at)
		c := send(t, west, at, data)
		if !bytes.Equal(<-got, data) {
			t.Errorf("%v: other octets arrived", a)
		}
		if from := c.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap(); from.Is4() != a.Is4() {
			t.Errorf("to %v from %v", a, from)
		}
	}
	for name, n := range west.Counts() {
		// Packets that stand while the machine does not keep up are TCP's to send again (RFC 8289).
		if n > 0 && strings.HasPrefix(name, "esp_dropped") && !strings.HasSuffix(name, "_codel") {
			t.Errorf("%s %d", name, n)
		}
	}
}

func TestDatagramsOfBothFamilies(t *testing.T) {
	west, east := pair(t)
	any, err := east.ListenUDP(netip.AddrPortFrom(netip.Addr{}, 53))
	must(t, err)
	for _, a := range eastAddrs {
		c, err := west.DialUDP(netip.AddrPortFrom(a, 53))
		must(t, err)
		long := bytes.Repeat([]byte("long "), 1000) // in fragments
		for _, text := range [][]byte{[]byte("short"), long} {
			_, err = c.Write(text)
			must(t, err)
			b := make([]byte, 6000)
			_ = any.SetReadDeadline(time.Now().Add(patience))
			if n, _, err := any.ReadFrom(b); err != nil || !bytes.Equal(b[:n], text) {
				t.Errorf("%v: %d octets of %d, %v", a, n, len(text), err)
			}
		}
	}
}

func TestUnreachable(t *testing.T) {
	west, _ := pair(t)
	for _, to := range []string{"10.3.0.1:80", "[fd03::1]:80", "127.0.0.1:80"} {
		_, err := west.DialTCP(soon(t), netip.MustParseAddrPort(to))
		var e *UnreachableError
		if !errors.As(err, &e) || !errors.Is(err, syscall.ENETUNREACH) || !strings.Contains(err.Error(), "leads to 10.2.0.0/16, fd02::/64 only") {
			t.Errorf("%s: %v", to, err)
		}
		if _, err := west.DialUDP(netip.MustParseAddrPort(to)); !errors.As(err, &e) {
			t.Errorf("UDP %s: %v", to, err)
		}
	}
	if _, err := west.DialTCP(soon(t), netip.AddrPortFrom(eastAddrs[0], 1)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a closed port: %v", err)
	}
}

// Selectors with ports lead to these ports alone.
func TestPoliciesWithPorts(t *testing.T) {
	var none *Backend
	b := lonely(t, &none, westAddrs...)
	p := policy(1)
	p.Remote = p.Remote[:1]
	p.Remote[0].Protocol, p.Remote[0].StartPort, p.Remote[0].EndPort = 6, 80, 80
	must(t, b.SetPolicy(p))
	for _, tt := range []struct {
		protocol uint8
		port     uint16
		leads    bool
	}{{6, 80, true}, {6, 81, false}, {17, 80, false}} {
		_, err := b.plumber.source(tt.protocol, netip.AddrPortFrom(eastAddrs[0], tt.port))
		if (err == nil) != tt.leads {
			t.Errorf("protocol %d port %d: %v", tt.protocol, tt.port, err)
		}
	}
	must(t, b.SetPolicy(dataplane.Policy{ID: 2, Action: spd.Bypass, Local: p.Local, Remote: selectors("0.0.0.0/0")}))
	if _, err := b.plumber.source(6, netip.AddrPortFrom(eastAddrs[0], 81)); err == nil {
		t.Error("a bypass leads somewhere")
	}
}

func TestWhatNeedsPrivilegesIsRefused(t *testing.T) {
	var none *Backend
	b := lonely(t, &none)
	p := policy(1)
	p.Mode = esp.Transport
	if err := b.SetPolicy(p); !errors.Is(err, ErrMode) {
		t.Errorf("policy: %v", err)
	}
	transport, raw := sa(dataplane.Outbound, 300, p), sa(dataplane.Outbound, 300, p)
	transport.Mode, raw.Path.Transport = esp.Transport, dataplane.TransportRaw
	if err := b.Install(transport); !errors.Is(err, ErrMode) {
		t.Errorf("transport mode: %v", err)
	}
	if err := b.Install(raw); !errors.Is(err, ErrRaw) {
		t.Errorf("raw ESP: %v", err)
	}
	if b.Up() {
		t.Error("it is up")
	}
}

func TestUpFollowsOutboundSAs(t *testing.T) {
	var none *Backend
	b := lonely(t, &none)
	must(t, b.SetPolicy(policy(1)))
	for _, spi := range []uint32{300, 301} { // new keys
		must(t, b.Install(sa(dataplane.Outbound, spi, policy(1))))
	}
	for _, spi := range []uint32{300, 300, 301} { // removing what is not there is not an error
		if !b.Up() {
			t.Errorf("it is down before %d went", spi)
		}
		_, err := b.Remove(dataplane.Outbound, spi, 1)
		must(t, err)
	}
	if b.Up() {
		t.Error("it is up")
	}
}

func TestCloseEndsConnectionsOnBothSides(t *testing.T) {
	west, east := pair(t)
	l, err := east.ListenTCP(netip.AddrPortFrom(eastAddrs[0], 80))
	must(t, err)
	c, err := west.DialTCP(soon(t), netip.AddrPortFrom(eastAddrs[0], 80))
	must(t, err)
	theirs, err := l.Accept()
	must(t, err)
	must(t, west.Close())
	_ = theirs.SetReadDeadline(time.Now().Add(patience))
	var timeout net.Error
	if _, err := theirs.Read(make([]byte, 1)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("the other end: %v", err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("our end can be read")
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	west, _ := pair(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := west.DialTCP(ctx, netip.MustParseAddrPort("10.2.0.99:80")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// The stack's MTU becomes that of the SA, so that it makes no packets that would have to be cut.
func TestMTUFollowsTheSA(t *testing.T) {
	west, _ := pair(t)
	layout := esp.LayoutOf(sa(dataplane.Outbound, 300, policy(1)).Transforms)
	want := layout.EffectiveMTU(largestLink, esp.Encapsulation{UDP: true})
	for end := time.Now().Add(patience); int(west.link.endpoint.MTU()) != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the MTU is %d, want %d", west.link.endpoint.MTU(), want)
		}
	}
	var none *Backend
	fixed, err := New(Config{MTU: 1300}, cable{&none})
	must(t, err)
	defer fixed.Close()
	if got := fixed.link.endpoint.MTU(); got != 1300 {
		t.Errorf("a fixed MTU is %d", got)
	}
}
