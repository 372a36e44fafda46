package user

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/ipv4"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/netio"
	"culvert/suite"
	"culvert/wire"
)

// started returns two gateways.
func started(t testing.TB) (a, b *node) {
	t.Helper()
	a, b = twoNodes(t)
	a.start()
	b.start()
	return a, b
}

const bulk = 4 << 20

func TestTunnelCarriesEveryFamilyInEvery(t *testing.T) {
	for _, transport := range []dataplane.Transport{dataplane.TransportUDP, dataplane.TransportRaw} {
		for _, outer6 := range []bool{false, true} {
			a, b := started(t)
			u := tunnel{id: 1, outer6: outer6, transforms: aesGCM(), transport: transport}
			u.setPolicies(a, b)
			u.connect(a, b)
			for _, inner6 := range []bool{false, true} {
				t.Run(fmt.Sprintf("transport %d outer6 %v inner6 %v", transport, outer6, inner6), func(t *testing.T) {
					carries(t, a, b, a.inner(inner6), b.inner(inner6))
				})
			}
			if c := a.listener.Counts(); c[netio.SentESP] < 2*bulk/1400 {
				t.Errorf("only %d ESP packets were sent", c[netio.SentESP])
			}
		}
	}
}

// carries checks ping and TCP both ways.
func carries(t *testing.T, a, b *node, from, to netip.Addr) {
	t.Helper()
	if err := a.ping(from, to, patience); err != nil {
		t.Errorf("ping: %v", err)
	}
	if err := transfer(a, b, from, to, bulk); err != nil {
		t.Errorf("TCP: %v", err)
	}
	if err := transfer(b, a, to, from, bulk); err != nil {
		t.Errorf("TCP back: %v", err)
	}
}

func TestTransportModeReachesThePeerItself(t *testing.T) {
	for _, transport := range []dataplane.Transport{dataplane.TransportUDP, dataplane.TransportRaw} {
		for _, v6 := range []bool{false, true} {
			t.Run(fmt.Sprintf("transport %d IPv6 %v", transport, v6), func(t *testing.T) {
				a, b := started(t)
				u := tunnel{id: 1, mode: esp.Transport, outer6: v6, transforms: aesGCM(), transport: transport}
				u.setPolicies(a, b)
				if err := a.ping(a.outer(v6), b.outer(v6), silence); err == nil {
					t.Error("clear text passes without SAs")
				}
				u.connect(a, b)
				carries(t, a, b, a.outer(v6), b.outer(v6))
			})
		}
	}
}

// silence is how long nothing has to come through.
const silence = 150 * time.Millisecond

func TestEveryKindOfTransformCarries(t *testing.T) {
	encr := func(id wire.TransformID, bits uint16) wire.Transform {
		return wire.Transform{Type: wire.TransformENCR, ID: id, KeyLength: bits}
	}
	hmac := wire.Transform{Type: wire.TransformINTEG, ID: wire.IntegHMACSHA256_128}
	a, b := started(t)
	for i, transforms := range []suite.ESP{
		{ENCR: encr(wire.EncrAESCBC, 128), INTEG: hmac}, {ENCR: encr(wire.EncrAESCTR, 256), INTEG: hmac}, nullCipher(),
		{ENCR: encr(wire.EncrChaCha20Poly1305, 0)}, {ENCR: encr(wire.EncrAESGCM16, 256), ESN: true}, {ENCR: encr(wire.EncrAESCCM8, 128), ESN: true},
	} {
		u := tunnel{id: dataplane.PolicyID(i + 1), transforms: transforms}
		u.setPolicies(a, b)
		c := u.connect(a, b)
		if err := transfer(a, b, a.inner4, b.inner4, 1<<20); err != nil {
			t.Errorf("%v: %v", transforms, err)
		}
		u.disconnect(a, b, c)
		for _, n := range []*node{a, b} {
			if err := n.backend.RemovePolicy(u.id); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestRekeyUnderTrafficLosesNothing keeps numbered datagrams in flight while SAs are replaced. Each is answered; a missing
// or overtaken answer fails.
func TestRekeyUnderTrafficLosesNothing(t *testing.T) {
	a, b := started(t)
	u := tunnel{id: 1, transforms: aesGCM()}
	u.setPolicies(a, b)
	old := u.connect(a, b)
	answered, stop, done := new(atomic.Uint64), make(chan struct{}), make(chan error, 1)
	server, client := echo(t, b), socket(t, a, a.inner4)
	go func() { done <- numbered(client, server, answered, stop) }()
	for range 10 {
		settled(t, answered)
		next := u.connect(a, b)
		settled(t, answered)
		u.disconnect(a, b, old)
		old = next
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if answered.Load() < 20*inFlight {
		t.Errorf("only %d answers", answered.Load())
	}
	for _, n := range []*node{a, b} {
		for reason, dropped := range dropsOf(n) {
			t.Errorf("%s dropped %d for %v", n.link, dropped, reason)
		}
	}
}

// inFlight is how many datagrams are on their way.
const inFlight = 32

// settled waits until everything that was in flight has been answered.
func settled(t *testing.T, answered *atomic.Uint64) {
	t.Helper()
	until, deadline := answered.Load()+3*inFlight, time.Now().Add(patience)
	for answered.Load() < until {
		if time.Now().After(deadline) {
			t.Fatalf("%d answers, and no more come", answered.Load())
		}
		time.Sleep(time.Millisecond)
	}
}

// dropsOf returns what a node has dropped, but for packets that stood while the machine did not keep up: they are given up as they
// should be (RFC 8289), and TCP sends them again.
func dropsOf(n *node) map[esp.Drop]uint64 {
	out := make(map[esp.Drop]uint64)
	d := n.backend.Drops()
	for r, c := range d {
		if c > 0 && esp.Drop(r) != esp.ErrCoDel {
			out[esp.Drop(r)] = c
		}
	}
	return out
}

// socket is a UDP socket of a node. What it sends over IPv4 may be marked where it would be dropped for standing (RFC 3168).
func socket(t testing.TB, n *node, a netip.Addr) (c *net.UDPConn) {
	t.Helper()
	const ecnCapable = 2 // ECT(0)
	n.do(func() (err error) {
		if c, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0))); err != nil || a.Is6() {
			return err
		}
		return ipv4.NewPacketConn(c).SetTOS(ecnCapable)
	})
	t.Cleanup(func() { c.Close() })
	return c
}

// echo answers datagrams to a node's inner address.
func echo(t testing.TB, n *node) netip.AddrPort {
	t.Helper()
	c := socket(t, n, n.inner4)
	go func() {
		b := make([]byte, 1<<16)
		for {
			k, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = c.WriteToUDPAddrPort(b[:k], from)
		}
	}()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// numbered sends datagrams until it is told to stop and checks that all answers come, in order.
func numbered(c *net.UDPConn, to netip.AddrPort, answered *atomic.Uint64, stop chan struct{}) error {
	b := make([]byte, 2000)
	send := func(n uint64) error {
		_, err := c.WriteToUDPAddrPort([]byte(fmt.Sprintf("%d", n)), to)
		return err
	}
	for n := range uint64(inFlight) {
		if err := send(n); err != nil {
			return err
		}
	}
	for next := uint64(0); ; next++ {
		c.SetReadDeadline(time.Now().Add(patience / 4))
		k, err := c.Read(b)
		if err != nil {
			return fmt.Errorf("answer %d: %w", next, err)
		}
		if got := string(b[:k]); got != fmt.Sprintf("%d", next) {
			return fmt.Errorf("answer %s, want %d", got, next)
		}
		answered.Store(next + 1)
		select {
		case <-stop:
			return nil
		default:
			if err := send(next + inFlight); err != nil {
				return err
			}
		}
	}
}
