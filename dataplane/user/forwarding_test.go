package user

import (
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// hostBehind makes a host in the inner net of a gateway, which forwards for it.
func hostBehind(t testing.TB, gateway *node) *node {
	t.Helper()
	h := &node{t: t, link: "cvu-h", outer4: ip("10.1.5.2"), outer6: ip("fd01::5:2"), local6: ip("fe80::2")}
	h.inner4, h.inner6 = ip("10.1.6.1"), ip("fd01::6:1")
	h.ns = newNamespace(t)
	gateway.do(func() error {
		cable := netlink.NewVeth(netlink.NewLinkAttrs())
		cable.Name, cable.PeerName, cable.PeerNamespace = "cvu-lan", h.link, netlink.NsFd(h.ns)
		cable.Index = 88
		if err := netlink.LinkAdd(cable); err != nil {
			return err
		}
		for _, file := range []string{"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"} {
			if err := os.WriteFile(file, []byte("1"), 0); err != nil {
				return err
			}
		}
		lan := &node{link: "cvu-lan", outer4: ip("10.1.5.1"), outer6: ip("fd01::5:1"), local6: ip("fe80::1"), inner4: ip("10.1.7.1"), inner6: ip("fd01::7:1")}
		return lan.configure()
	})
	h.do(h.configure)
	h.do(func() error {
		for _, g := range []string{"10.1.5.1", "fd01::5:1"} {
			if err := netlink.RouteAdd(&netlink.Route{Gw: ip(g).AsSlice()}); err != nil {
				return err
			}
		}
		return nil
	})
	return h
}

func TestTrafficOfTheInnerNetIsForwarded(t *testing.T) {
	a, b := started(t)
	h := hostBehind(t, a)
	u := tunnel{id: 1, transforms: aesGCM()}
	u.setPolicies(a, b)
	if err := h.ping(h.outer4, b.inner4, silence); err == nil {
		t.Error("passes without SAs")
	}
	u.connect(a, b)
	carries(t, h, b, h.outer4, b.inner4)
	carries(t, h, b, h.outer6, b.inner6)
	for _, n := range []*node{a, b} {
		d := dropsOf(n)
		delete(d, esp.ErrNoSA)
		if len(d) != 0 {
			t.Errorf("%s dropped %v", n.link, d)
		}
	}
}

// TestFragmentsOfProtectedTrafficDoNotLeak sends datagrams in fragments, in which routing does not see the port that the
// policy protects.
func TestFragmentsOfProtectedTrafficDoNotLeak(t *testing.T) {
	a, b := started(t)
	h := hostBehind(t, a)
	clearRoutes(t, a, b)
	const protected = 4711
	p := tunnel{id: 1, transforms: aesGCM()}.policyOf(a, b)
	for i := range p.Local {
		p.Local[i].Protocol, p.Remote[i].Protocol = unix.IPPROTO_UDP, unix.IPPROTO_UDP
		p.Remote[i].StartPort, p.Remote[i].EndPort = protected, protected
	}
	tap := listenOnWire(t, b, 0)
	send := func(v6 bool) {
		c := socket(t, h, h.outer(v6))
		if _, err := c.WriteToUDPAddrPort(make([]byte, 3000), netip.AddrPortFrom(b.inner(v6), protected)); err != nil {
			t.Fatal(err)
		}
	}
	for _, v6 := range []bool{false, true} {
		seen := 0
		waitFor(t, "fragments on the wire without a policy", func() bool { send(v6); seen += tap(h.outer(v6)); return seen >= 3 })
	}
	if err := a.backend.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	time.Sleep(silence)
	tap(h.outer4, h.outer6) // what was on its way
	for _, v6 := range []bool{false, true} {
		before := a.backend.Drops()
		send(v6)
		waitFor(t, "fragments dropped", func() bool {
			return a.backend.Drops()[esp.ErrUnprotected] >= before[esp.ErrUnprotected]+3
		})
	}
	if n := tap(h.outer4, h.outer6); n != 0 {
		t.Errorf("%d fragments on the wire", n)
	}
}

func TestGuardKnowsPorts(t *testing.T) {
	a, b := started(t)
	clearRoutes(t, a, b)
	const protected, free = 4711, 4712
	u := tunnel{id: 1, transforms: aesGCM()}
	limit := func(p dataplane.Policy, port uint16) dataplane.Policy {
		for i := range p.Local {
			p.Local[i].Protocol, p.Remote[i].Protocol = unix.IPPROTO_UDP, unix.IPPROTO_UDP
			p.Local[i].StartPort, p.Local[i].EndPort = port, port
		}
		return p
	}
	deliver := func(port uint16, within time.Duration) bool {
		var server *net.UDPConn
		b.do(func() (err error) {
			server, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(b.inner4, port)))
			return err
		})
		defer server.Close()
		client := socket(t, a, a.inner4)
		if _, err := client.WriteToUDPAddrPort([]byte("clear"), netip.AddrPortFrom(b.inner4, port)); err != nil {
			t.Fatal(err)
		}
		server.SetReadDeadline(time.Now().Add(within))
		_, err := server.Read(make([]byte, 10))
		return err == nil
	}
	if !deliver(protected, patience) {
		t.Error("nothing arrives without a policy")
	}
	if err := b.backend.SetPolicy(limit(u.policyOf(b, a), protected)); err != nil {
		t.Fatal(err)
	}
	if deliver(protected, silence) || !deliver(free, patience) {
		t.Error("the guard does not follow the ports of a policy")
	}
	// A bypass of one port in a net that is protected whole.
	if err := b.backend.SetPolicy(u.policyOf(b, a)); err != nil {
		t.Fatal(err)
	}
	bypass := limit(u.policyOf(b, a), free)
	bypass.ID, bypass.Action = 2, spd.Bypass
	if err := b.backend.SetPolicy(bypass); err != nil {
		t.Fatal(err)
	}
	if deliver(protected, silence) || !deliver(free, patience) {
		t.Error("the guard does not follow the ports of a bypass")
	}
}
