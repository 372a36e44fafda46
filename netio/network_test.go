package netio

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// A host is a network namespace that vanishes with the test.
type host struct {
	t  testing.TB
	ns netns.NsHandle
}

func newHost(t testing.TB) *host {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	h := &host{t: t}
	made := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the thread ends here, and nobody else uses it
		var err error
		h.ns, err = netns.New()
		made <- err
	}()
	if err := <-made; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.ns.Close() })
	return h
}

// do runs f on a thread of the host.
func (h *host) do(f func() error) {
	h.t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(h.ns); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	if err := <-done; err != nil {
		h.t.Fatal(err)
	}
}

// A plug is one end of a cable.
type plug struct {
	host      *host
	name      string
	addresses []string
	mtu       int
}

// cable connects two plugs.
func cable(a, b plug) {
	a.host.t.Helper()
	a.host.do(func() error {
		v := netlink.NewVeth(netlink.NewLinkAttrs())
		v.Name, v.PeerName, v.PeerNamespace = a.name, b.name, netlink.NsFd(b.host.ns)
		v.Index = 77 // unlike that of the other end, or the kernel lets a second pass until packets flow
		return netlink.LinkAdd(v)
	})
	for _, p := range []plug{a, b} {
		p.host.do(p.configure)
	}
}

func (p plug) configure() error {
	link, err := netlink.LinkByName(p.name)
	if err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+p.name+"/addr_gen_mode", []byte("1"), 0); err != nil {
		return err
	}
	if p.mtu > 0 {
		if err := netlink.LinkSetMTU(link, p.mtu); err != nil {
			return err
		}
	}
	for _, s := range p.addresses {
		a, err := netlink.ParseAddr(s)
		if err != nil {
			return err
		}
		if a.IP.To4() == nil {
			a.Flags = unix.IFA_F_NODAD
		}
		if err := netlink.AddrAdd(link, a); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return netlink.LinkSetUp(link)
}

// pairOfHosts is two hosts with a cable.
func pairOfHosts(t testing.TB) (a, b *host) {
	t.Helper()
	a, b = newHost(t), newHost(t)
	cable(plug{host: a, name: "cvu-a", addresses: []string{"192.0.2.1/24", "2001:db8::1/64", "fe80::1/64"}},
		plug{host: b, name: "cvu-b", addresses: []string{"192.0.2.2/24", "2001:db8::2/64", "fe80::2/64"}})
	return a, b
}

// listen opens a Listener on the assigned ports.
func (h *host) listen(c Config) *end {
	h.t.Helper()
	e := &end{t: h.t, ike: make(chan arrival, 1000), esp: make(chan arrival, 1000)}
	h.do(func() (err error) {
		e.Listener, err = Listen(c)
		return err
	})
	h.t.Cleanup(func() { e.Close() })
	return e
}

func between(local, remote string, port uint16) dataplane.Path {
	return dataplane.Path{
		Local: netip.AddrPortFrom(netip.MustParseAddr(local), port), Remote: netip.AddrPortFrom(netip.MustParseAddr(remote), port),
	}
}

func TestRawESPCarriesBursts(t *testing.T) {
	a, b := pairOfHosts(t)
	config := DefaultConfig()
	config.Mark = 7
	one, two := a.listen(config), b.listen(config).start()
	for _, p := range []dataplane.Path{between("192.0.2.1", "192.0.2.2", 500), between("2001:db8::1", "2001:db8::2", 500), between("fe80::1%77", "fe80::2%77", 500)} {
		p.Transport = dataplane.TransportRaw
		one.SendESP([]dataplane.Burst{{Path: p, Data: espPackets(1, 60)}}) // the neighbour has to be found before many can follow
		await(t, two.esp)
		sent := append(espPackets(100, 1000), espPackets(1, 60)...)
		one.SendESP([]dataplane.Burst{{Path: p, Data: sent, Segment: 1000, TOS: 0xb9, DF: true}})
		// A sender that the scheduler moves to another processor may overtake itself on a virtual cable.
		expected := make(map[string]bool)
		for ; len(sent) > 0; sent = sent[min(1000, len(sent)):] {
			expected[string(sent[:min(1000, len(sent))])] = true
		}
		for len(expected) > 0 {
			got := await(t, two.esp)
			if !expected[string(got.data)] || got.tos != 0xb9 {
				t.Fatalf("%v: got %d octets, TOS %#x", p.Remote, len(got.data), got.tos)
			}
			delete(expected, string(got.data))
			if got.path.Transport != dataplane.TransportRaw || got.path.Local.Addr().WithZone("") != p.Remote.Addr().WithZone("") {
				t.Fatalf("came along %+v", got.path)
			}
		}
	}
}

// narrowRoute is two hosts with a router between them, and a narrow cable behind it.
func narrowRoute(t *testing.T, mtu int) (a, b *host) {
	t.Helper()
	var r *host
	a, r, b = newHost(t), newHost(t), newHost(t)
	cable(plug{host: a, name: "cvu-a", addresses: []string{"192.0.2.1/24", "2001:db8:1::1/64", "fe80::1/64"}},
		plug{host: r, name: "cvu-ra", addresses: []string{"192.0.2.254/24", "2001:db8:1::fe/64", "fe80::fe/64"}})
	cable(plug{host: b, name: "cvu-b", addresses: []string{"198.51.100.1/24", "2001:db8:2::1/64", "fe80::1/64"}, mtu: mtu},
		plug{host: r, name: "cvu-rb", addresses: []string{"198.51.100.254/24", "2001:db8:2::fe/64", "fe80::fe/64"}, mtu: mtu})
	r.do(func() error {
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/all/forwarding", []byte("1"), 0); err != nil {
			return err
		}
		return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
	})
	for h, gateways := range map[*host][]string{a: {"192.0.2.254", "2001:db8:1::fe"}, b: {"198.51.100.254", "2001:db8:2::fe"}} {
		h.do(func() error {
			for _, g := range gateways {
				if err := netlink.RouteAdd(&netlink.Route{Gw: netip.MustParseAddr(g).AsSlice()}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return a, b
}

func TestRouterTellsTheMTU(t *testing.T) {
	a, b := narrowRoute(t, 1300)
	one, two := a.listen(DefaultConfig()), b.listen(DefaultConfig()).start()
	mtus := make(chan dataplane.TooBig, 1000)
	one.Start(Handlers{MTU: func(m dataplane.TooBig) { m.Quote = bytes.Clone(m.Quote); mtus <- m }})
	for _, to := range []dataplane.Path{between("192.0.2.1", "198.51.100.1", 4500), between("2001:db8:1::1", "2001:db8:2::1", 4500)} {
		for _, transport := range []dataplane.Transport{dataplane.TransportUDP, dataplane.TransportRaw} {
			to.Transport = transport
			packets := espPackets(3, 1400)
			one.SendESP([]dataplane.Burst{{Path: to, Data: packets, Segment: 1400, DF: true}})
			got := await(t, mtus)
			for got.Remote != to.Remote.Addr() {
				got = await(t, mtus)
			}
			if got.MTU != 1300 || got.Own || len(got.Quote) < 8 || !bytes.Equal(got.Quote[:4], packets[:4]) {
				t.Errorf("told %v of %d octets, own %v, about %x", got.Remote, got.MTU, got.Own, got.Quote[:min(len(got.Quote), 16)])
			}
			one.SendESP([]dataplane.Burst{{Path: to, Data: espPackets(3, 1400), Segment: 1400}})
			for range 3 {
				if got := await(t, two.esp); len(got.data) != 1400 {
					t.Errorf("%d octets without DF, want 1400", len(got.data))
				}
			}
			if err := one.SendIKE(to, ikeMessage(3000)); err != nil {
				t.Error(err)
			}
			if got := await(t, two.ike); len(got.data) != 3000 {
				t.Errorf("IKE message of %d octets", len(got.data))
			}
		}
	}
	one.awaitCount(TooBigNotice, 4)
	if c := one.Counts(); c[SendTooBig] != 0 {
		t.Errorf("our host refused %d packets because of what routers said", c[SendTooBig])
	}
}

func TestVanishedInterfaceIsSurvived(t *testing.T) {
	a, b := pairOfHosts(t)
	one := a.listen(DefaultConfig()).start()
	b.listen(DefaultConfig())
	p := between("192.0.2.1", "192.0.2.2", 4500)
	send := func() { one.SendESP([]dataplane.Burst{{Path: p, Data: espPackets(2, 100), Segment: 100}}) }
	send()
	a.do(func() error {
		link, err := netlink.LinkByName("cvu-a")
		if err != nil {
			return err
		}
		return netlink.LinkDel(link)
	})
	send()
	if err := one.SendIKE(p, ikeMessage(100)); err == nil {
		t.Error("sent without an interface")
	}
	c := one.Counts()
	if c[SendNoAddress]+c[SendUnreachable] != 3 || c[SentESP] != 2 {
		t.Errorf("counts %v", c)
	}
	cable(plug{host: a, name: "cvu-a", addresses: []string{"192.0.2.1/24"}}, plug{host: b, name: "cvu-b", addresses: []string{"192.0.2.2/24"}})
	again := b.listen(Config{Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.2")}, IKEPort: 600, NATPort: 4600}).start()
	p.Remote = netip.AddrPortFrom(p.Remote.Addr(), 4600)
	send()
	if got := await(t, again.esp); len(got.data) != 100 {
		t.Errorf("%d octets after the interface came back", len(got.data))
	}
}

func TestPacketFilterIsSurvived(t *testing.T) {
	a, _ := pairOfHosts(t)
	one := a.listen(DefaultConfig()).start()
	a.do(func() error {
		return netlink.RouteAdd(&netlink.Route{Dst: netlink.NewIPNet(netip.MustParseAddr("203.0.113.1").AsSlice()), Type: unix.RTN_PROHIBIT})
	})
	p := between("192.0.2.1", "203.0.113.1", 4500)
	if err := one.SendIKE(p, ikeMessage(100)); err == nil {
		t.Error("sent although prohibited")
	}
	one.SendESP([]dataplane.Burst{{Path: p, Data: espPackets(2, 100), Segment: 100}})
	if c := one.Counts(); c[SendForbidden] != 3 {
		t.Errorf("counts %v", c)
	}
}

func TestAddressMayAppearLater(t *testing.T) {
	a, b := pairOfHosts(t)
	later := netip.MustParseAddr("192.0.2.77")
	one := a.listen(Config{Addresses: []netip.Addr{later}, IKEPort: 500, NATPort: 4500}).start()
	a.do(func() error {
		link, err := netlink.LinkByName("cvu-a")
		if err != nil {
			return err
		}
		address, err := netlink.ParseAddr("192.0.2.77/24")
		if err != nil {
			return err
		}
		return netlink.AddrAdd(link, address)
	})
	two := b.listen(DefaultConfig())
	if err := two.SendIKE(between("192.0.2.2", "192.0.2.77", 500), ikeMessage(50)); err != nil {
		t.Fatal(err)
	}
	if got := await(t, one.ike); got.path.Local.Addr() != later {
		t.Errorf("came along %+v", got.path)
	}
}

func TestHostWithoutIPv6(t *testing.T) {
	a := newHost(t)
	a.do(func() error {
		_ = os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0)
		l, err := Listen(DefaultConfig())
		if err != nil {
			return err
		}
		return l.Close()
	})
}
