package user

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"culvert/dataplane"
	"culvert/netio"
	"culvert/spd"
)

func TestCloseLeavesNothingBehind(t *testing.T) {
	a, b := twoNodes(t)
	before, goroutines, files := traces(t, a), runtime.NumGoroutine(), openFiles(t)
	a.start()
	u := tunnel{id: 1, transforms: aesGCM()}
	policies := []dataplane.Policy{u.policyOf(a, b), u.policyOf(a, b), u.policyOf(a, b)}
	policies[1].ID, policies[1].VirtualIPs = 2, []netip.Prefix{netip.MustParsePrefix("10.99.0.7/32"), netip.MustParsePrefix("fd99::7/128")}
	policies[1].Local = []spd.Selector{spd.Host(ip("10.99.0.7")), spd.Host(ip("fd99::7"))}
	policies[2].ID, policies[2].Action, policies[2].Priority = 3, spd.Bypass, 1
	for i := range policies[2].Remote {
		policies[2].Remote[i].Protocol, policies[2].Remote[i].StartPort, policies[2].Remote[i].EndPort = 17, 53, 53
	}
	for _, p := range policies {
		if err := a.backend.SetPolicy(p); err != nil {
			t.Fatal(err)
		}
	}
	during := traces(t, a)
	for _, want := range []string{"link cvu0", "address 10.99.0.7/32", "address fd99::7/128", "route 10.2.0.0/16", "route fd02::/64", "nftables culvert", "ip rule 4500", "ip rule 5100"} {
		if !strings.Contains(during, want) {
			t.Errorf("no %q among\n%s", want, during)
		}
	}
	if err := a.backend.RemovePolicy(2); err != nil {
		t.Fatal(err)
	}
	if got := traces(t, a); strings.Contains(got, ".99.0.7") || strings.Contains(got, "fd99") {
		t.Errorf("virtual addresses stay without their policy:\n%s", got)
	}
	a.stop()
	if after := traces(t, a); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if w := a.backend.Warnings(); len(w) != 0 {
		t.Errorf("warnings %v", w)
	}
	waitFor(t, "end of all goroutines and files", func() bool { return runtime.NumGoroutine() <= goroutines && openFiles(t) <= files })
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestSuccessorOfACrashCleansUp(t *testing.T) {
	a, b := twoNodes(t)
	before := traces(t, a)
	a.start()
	u := tunnel{id: 1, transforms: aesGCM()}
	if err := a.backend.SetPolicy(u.policyOf(a, b)); err != nil {
		t.Fatal(err)
	}
	// A crash closes the device and nothing else. What was protected must not leave in the clear then.
	clearRoutes(t, a, b)
	crashed := a.backend
	crashed.closed.Store(true)
	crashed.device.Shut()
	for _, w := range crashed.workers {
		<-w.tx.done
	}
	if err := crashed.device.Close(); err != nil {
		t.Fatal(err)
	}
	crashed.device = &fakeDevice{}
	if err := a.ping(a.inner4, b.inner4, silence); err == nil {
		t.Error("clear text passes after the crash")
	}
	a.listener.Close()
	a.start()
	if err := a.ping(a.inner4, b.inner4, silence); err == nil {
		t.Error("clear text passes before the successor's policies stand")
	}
	if err := a.backend.Settled(); err != nil {
		t.Error(err)
	}
	if err := a.ping(a.inner4, b.inner4, patience); err != nil {
		t.Errorf("the successor has no policy, and yet: %v", err)
	}
	a.stop()
	after := traces(t, a)
	for line := range strings.Lines(after) {
		if !strings.Contains(before, line) && !strings.HasPrefix(line, "route 10.2.0.1/32 254") && !strings.HasPrefix(line, "route fd02::1/128 254") {
			t.Errorf("left: %s", line)
		}
	}
	crashed.plumber.Close()
}

func TestTrapBringsTheFirstPacketAcross(t *testing.T) {
	a, b := started(t)
	u := tunnel{id: 1, transforms: aesGCM(), trap: true}
	u.setPolicies(a, b)
	server := socket(t, b, b.inner4)
	client := socket(t, a, a.inner4)
	if _, err := client.WriteToUDPAddrPort([]byte("first"), server.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
		t.Fatal(err)
	}
	n := a.awaitNotice(dataplane.NoticeAcquire)
	if n.Policy != 1 || n.Packet.Source != a.inner4 || n.Packet.Destination != b.inner4 {
		t.Errorf("notice %+v", n)
	}
	u.connect(a, b)
	buffer := make([]byte, 100)
	server.SetReadDeadline(deadline())
	k, err := server.Read(buffer)
	if err != nil || string(buffer[:k]) != "first" {
		t.Errorf("got %q, %v", buffer[:k], err)
	}
}

func TestVirtualAddressIsTheSourceOfNewConnections(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		a, b := started(t)
		virtual := pick(v6, ip("10.99.0.7"), ip("fd99::7"))
		u := tunnel{id: 1, transforms: aesGCM()}
		client, gateway := u.policyOf(a, b), u.policyOf(b, a)
		client.VirtualIPs = []netip.Prefix{netip.PrefixFrom(virtual, virtual.BitLen())}
		client.Local, client.Remote = []spd.Selector{spd.Host(virtual)}, everything()
		gateway.Local, gateway.Remote = everything(), []spd.Selector{spd.Host(virtual)}
		for n, p := range map[*node]dataplane.Policy{a: client, b: gateway} {
			if err := n.backend.SetPolicy(p); err != nil {
				t.Fatal(err)
			}
		}
		u.change = func(sa *dataplane.SA) { sa.Local, sa.Remote = everything(), everything() }
		u.connect(a, b)
		if err := transfer(a, b, netip.Addr{}, b.inner(v6), 1<<20); err != nil {
			t.Errorf("IPv6 %v: %v", v6, err)
		}
		if got := sourceTo(a, b.inner(v6)); got != virtual {
			t.Errorf("IPv6 %v: connections leave from %v, want %v", v6, got, virtual)
		}
		if err := a.ping(a.outer(v6), b.outer(v6), patience); err != nil {
			t.Errorf("IPv6 %v: the host's own address, which no policy covers: %v", v6, err)
		}
		for _, n := range []*node{a, b} {
			if d := dropsOf(n); len(d) != 0 {
				t.Errorf("IPv6 %v: %s dropped %v", v6, n.link, d)
			}
		}
	}
}

// sourceTo is the address that a socket gets towards another, invalid when it cannot get there.
func sourceTo(n *node, to netip.Addr) (from netip.Addr) {
	_ = n.try(func() error {
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, 9)))
		if err != nil {
			return err
		}
		defer c.Close()
		from = c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
		return nil
	})
	return from
}

func TestAddressThatAppearsLaterBecomesTheSource(t *testing.T) {
	a, b := twoNodes(t)
	remove := func(add bool) {
		a.do(func() error {
			lo, err := netlink.LinkByName("lo")
			if err != nil {
				return err
			}
			address := &netlink.Addr{IPNet: netlink.NewIPNet(a.inner4.AsSlice())}
			if add {
				return netlink.AddrAdd(lo, address)
			}
			return netlink.AddrDel(lo, address)
		})
	}
	remove(false)
	a.start()
	clearRoutes(t, a, b)
	u := tunnel{id: 1, transforms: aesGCM()}
	if err := a.backend.SetPolicy(u.policyOf(a, b)); err != nil {
		t.Fatal(err)
	}
	if got := sourceTo(a, b.inner4); got != a.outer4 {
		t.Errorf("from %v without an inner address", got)
	}
	remove(true)
	waitFor(t, "new source", func() bool { return sourceTo(a, b.inner4) == a.inner4 })
	remove(false)
	waitFor(t, "old source", func() bool { return sourceTo(a, b.inner4) == a.outer4 })
}

func TestPeerThatMovesIsNoticed(t *testing.T) {
	a, b := started(t)
	second := ip("192.0.2.22")
	b.do(func() error {
		link, err := netlink.LinkByName(b.link)
		if err != nil {
			return err
		}
		return netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: second.AsSlice(), Mask: net.CIDRMask(24, 32)}})
	})
	u := tunnel{id: 1, transforms: aesGCM()}
	u.setPolicies(a, b)
	c := u.connect(a, b)
	if err := a.ping(a.inner4, b.inner4, patience); err != nil {
		t.Fatal(err)
	}
	moved := u.pathOf(b, a)
	moved.Local = netip.AddrPortFrom(second, netio.PortNAT)
	if err := b.backend.Update(c.b, c.a, moved); err != nil {
		t.Fatal(err)
	}
	if err := b.ping(b.inner4, a.inner4, patience); err != nil {
		t.Fatal(err)
	}
	n := a.awaitNotice(dataplane.NoticeNewAddress)
	if n.SPI != c.a || n.Path.Remote != moved.Local {
		t.Errorf("notice %+v, want from %v", n, moved.Local)
	}
	if err := a.backend.Update(c.a, c.b, n.Path); err != nil {
		t.Fatal(err)
	}
	if err := a.ping(a.inner4, b.inner4, patience); err != nil {
		t.Error(err)
	}
}

func TestNewFailsCleanly(t *testing.T) {
	a, _ := twoNodes(t)
	before := traces(t, a)
	a.do(func() error {
		if _, err := New(Config{Device: "a name that is too long"}, &fakeNetwork{}); err == nil {
			return fmt.Errorf("no error for a bad name")
		}
		if _, err := New(Config{Device: "cvu-small", MTU: 1}, &fakeNetwork{}); err == nil {
			return fmt.Errorf("no error for a bad MTU")
		}
		return nil
	})
	if after := traces(t, a); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}
