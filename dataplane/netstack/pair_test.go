package netstack

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// patience is how long a test waits for what ought to happen at once; only what hangs ever uses it up.
const patience = time.Minute

// A cable takes the packets of one backend to the other.
type cable struct{ to **Backend }

func (c cable) Sender(int) dataplane.Sender { return c }

func (c cable) SendESP(bursts []dataplane.Burst) { (*c.to).HandleESP(0, bursts) }

var (
	westAddrs = []netip.Addr{netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("fd01::1")}
	eastAddrs = []netip.Addr{netip.MustParseAddr("10.2.0.1"), netip.MustParseAddr("fd02::1")}
)

func selectors(texts ...string) (list []spd.Selector) {
	for _, t := range texts {
		list = append(list, spd.Prefix(netip.MustParsePrefix(t)))
	}
	return list
}

// policy is that of west; east has it the other way round.
func policy(id dataplane.PolicyID, virtual ...netip.Addr) dataplane.Policy {
	p := dataplane.Policy{ID: id, Name: "test/net", Action: spd.Protect, Local: selectors("10.1.0.0/16", "fd01::/64"), Remote: selectors("10.2.0.0/16", "fd02::/64")}
	for _, a := range virtual {
		p.VirtualIPs = append(p.VirtualIPs, netip.PrefixFrom(a, a.BitLen()))
	}
	return p
}

func reversed(p dataplane.Policy) dataplane.Policy {
	p.Local, p.Remote = p.Remote, p.Local
	return p
}

func sa(d dataplane.Direction, spi uint32, p dataplane.Policy) dataplane.SA {
	return dataplane.SA{
		Direction: d, SPI: spi, Policy: p.ID, Local: p.Local, Remote: p.Remote, ReplayWindow: 1024,
		Path:       dataplane.Path{Local: netip.MustParseAddrPort("192.0.2.1:4500"), Remote: netip.MustParseAddrPort("127.0.0.1:4500")},
		Transforms: suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 128}},
		EncrKey:    bytes.Repeat([]byte{7}, 20),
	}
}

// pair joins two stacks by a tunnel.
func pair(t *testing.T) (west, east *Backend) {
	t.Helper()
	west, east = lonely(t, &east, westAddrs...), lonely(t, &west, eastAddrs...)
	for _, way := range []struct {
		from, to *Backend
		policy   dataplane.Policy
	}{{west, east, policy(1)}, {east, west, reversed(policy(1))}} {
		must(t, way.from.SetPolicy(way.policy))
	}
	join(t, west, east, policy(1))
	join(t, east, west, reversed(policy(1)))
	return west, east
}

// join installs the SA of one direction.
func join(t *testing.T, from, to *Backend, p dataplane.Policy) {
	t.Helper()
	spi, err := to.AllocateSPI(0)
	must(t, err)
	must(t, to.Install(sa(dataplane.Inbound, spi, reversed(p))))
	must(t, from.Install(sa(dataplane.Outbound, spi, p)))
}

// lonely is a backend whose packets go to another, if there is one.
func lonely(t *testing.T, other **Backend, addrs ...netip.Addr) *Backend {
	t.Helper()
	b, err := New(Config{Addresses: addrs}, cable{other})
	must(t, err)
	b.SetNotices(func(dataplane.Notice) {})
	t.Cleanup(func() { must(t, b.Close()) })
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// sink accepts connections and reports what each has sent.
func sink(t *testing.T, b *Backend, at netip.AddrPort) <-chan []byte {
	t.Helper()
	l, err := b.ListenTCP(at)
	must(t, err)
	got := make(chan []byte, 8)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			data, _ := io.ReadAll(c)
			got <- data
			_ = c.Close()
		}
	}()
	return got
}

func send(t *testing.T, b *Backend, to netip.AddrPort, data []byte) net.Conn {
	t.Helper()
	c, err := b.DialTCP(soon(t), to)
	must(t, err)
	_ = c.SetDeadline(time.Now().Add(patience))
	_, err = c.Write(data)
	must(t, err)
	must(t, c.Close())
	return c
}
