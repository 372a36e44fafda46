package user

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// clearRoutes lets the nodes reach each other's inner addresses without a tunnel.
func clearRoutes(t *testing.T, a, b *node) {
	t.Helper()
	for _, at := range [][2]*node{{a, b}, {b, a}} {
		at[0].do(func() error {
			for _, v6 := range []bool{false, true} {
				to := at[1].inner(v6)
				if err := netlink.RouteAdd(&netlink.Route{
					Dst: netlink.NewIPNet(to.AsSlice()), Gw: at[1].outer(v6).AsSlice(),
				}); err != nil {
					return fmt.Errorf("route to %v: %w", to, err)
				}
			}
			return nil
		})
	}
}

func TestPolicyWithoutSABlocksClearText(t *testing.T) {
	a, b := started(t)
	clearRoutes(t, a, b)
	for _, v6 := range []bool{false, true} {
		if err := a.ping(a.inner(v6), b.inner(v6), patience); err != nil {
			t.Fatalf("without policies, IPv6 %v: %v", v6, err)
		}
	}
	const octets = 500 // more than before, whose last answers may still be under way
	tap := listenOnWire(t, b, octets)
	u := tunnel{id: 1, transforms: aesGCM()}
	if err := a.backend.SetPolicy(u.policyOf(a, b)); err != nil {
		t.Fatal(err)
	}
	for _, v6 := range []bool{false, true} {
		for _, from := range []netip.Addr{a.inner(v6), {}} {
			before := a.backend.Drops()[esp.ErrNoSA]
			if err := a.try(func() error { return ping(from2(from, v6), b.inner(v6), silence, octets) }); err == nil {
				t.Errorf("IPv6 %v from %v: clear text passes", v6, from)
			}
			waitFor(t, "packets dropped for want of an SA", func() bool { return a.backend.Drops()[esp.ErrNoSA] > before })
		}
	}
	if n := tap(a.inner4, a.inner6); n != 0 {
		t.Errorf("%d packets of the inside on the wire", n)
	}
	if err := a.backend.RemovePolicy(1); err != nil {
		t.Fatal(err)
	}
	if err := a.try(func() error { return ping(a.inner4, b.inner4, patience, octets) }); err != nil {
		t.Errorf("without the policy again: %v", err)
	}
	if tap(a.inner4) == 0 {
		t.Error("the tap does not see packets of the inside")
	}
}

// from2 is an address to send from, unspecified when a is not valid.
func from2(a netip.Addr, v6 bool) netip.Addr {
	if a.IsValid() {
		return a
	}
	return pick(v6, netip.IPv4Unspecified(), netip.IPv6Unspecified())
}

func TestUnprotectedArrivalsAreRefused(t *testing.T) {
	a, b := started(t)
	clearRoutes(t, a, b)
	u := tunnel{id: 1, transforms: aesGCM()}
	if err := b.backend.SetPolicy(u.policyOf(b, a)); err != nil {
		t.Fatal(err)
	}
	server := echo(t, b)
	client := socket(t, a, a.inner4)
	for range 5 {
		if _, err := client.WriteToUDPAddrPort([]byte("clear"), server); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "refused packets", func() bool { return b.backend.Drops()[esp.ErrUnprotected] >= 5 })
	if got := b.backend.Drops()[esp.ErrNoSA]; got != 0 {
		t.Errorf("the server answered %d times", got)
	}
	if err := a.ping(a.outer4, b.outer4, patience); err != nil {
		t.Errorf("what no policy covers is refused too: %v", err)
	}
	if err := a.ping(a.outer6, b.outer6, patience); err != nil {
		t.Errorf("what no policy covers is refused too, IPv6: %v", err)
	}
}

func TestPoliciesWithPortsTakeTheirTrafficAlone(t *testing.T) {
	a, b := started(t)
	clearRoutes(t, a, b)
	const protected, other = 4711, 4712
	u := tunnel{id: 1, transforms: aesGCM()}
	for _, at := range [][2]*node{{a, b}, {b, a}} {
		p := u.policyOf(at[0], at[1])
		for _, side := range []struct {
			list []spd.Selector
			of   *node
		}{{p.Local, at[0]}, {p.Remote, at[1]}} {
			for i := range side.list {
				side.list[i].Protocol = unix.IPPROTO_TCP
				if side.of == b {
					side.list[i].StartPort, side.list[i].EndPort = protected, protected
				}
			}
		}
		if err := at[0].backend.SetPolicy(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := connectTo(t, a, b, protected, silence); err == nil {
		t.Error("clear text passes to the protected port")
	}
	if err := connectTo(t, a, b, other, patience); err != nil {
		t.Errorf("another port: %v", err)
	}
	if err := a.ping(a.inner4, b.inner4, patience); err != nil {
		t.Errorf("another protocol: %v", err)
	}
	u.change = func(sa *dataplane.SA) { sa.Local, sa.Remote = everything(), everything() }
	u.connect(a, b)
	if err := connectTo(t, a, b, protected, patience); err != nil {
		t.Errorf("the protected port: %v", err)
	}
}

func everything() []spd.Selector {
	return []spd.Selector{spd.Prefix(netip.MustParsePrefix("0.0.0.0/0")), spd.Prefix(netip.MustParsePrefix("::/0"))}
}

// connectTo connects to a port of b's inner address.
func connectTo(t *testing.T, a, b *node, port uint16, within time.Duration) error {
	t.Helper()
	var l *net.TCPListener
	at := netip.AddrPortFrom(b.inner4, port)
	b.do(func() (err error) {
		l, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
		return err
	})
	defer l.Close()
	return a.try(func() error {
		d := net.Dialer{Timeout: within, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(a.inner4, 0))}
		c, err := d.Dial("tcp", at.String())
		if err == nil {
			c.Close()
		}
		return err
	})
}

func TestBypassPassesInsideAProtectedNet(t *testing.T) {
	a, b := started(t)
	clearRoutes(t, a, b)
	u := tunnel{id: 1, transforms: aesGCM()}
	u.setPolicies(a, b)
	if err := a.ping(a.inner4, b.inner4, silence); err == nil {
		t.Fatal("clear text passes")
	}
	for _, at := range [][2]*node{{a, b}, {b, a}} {
		p := u.policyOf(at[0], at[1])
		p.ID, p.Action = 2, spd.Bypass
		p.Local, p.Remote = []spd.Selector{spd.Host(at[0].inner4)}, []spd.Selector{spd.Host(at[1].inner4)}
		if err := at[0].backend.SetPolicy(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.ping(a.inner4, b.inner4, patience); err != nil {
		t.Errorf("bypassed: %v", err)
	}
	if err := a.ping(a.inner6, b.inner6, silence); err == nil {
		t.Error("what is not bypassed passes")
	}
}

// waitFor waits until something has happened.
func waitFor(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s", what)
		}
	}
}

// listenOnWire returns a function that counts the packets of at least that many octets seen so far on the node's cable, in the
// clear, with one of the addresses.
func listenOnWire(t *testing.T, n *node, octets int) func(addresses ...netip.Addr) int {
	t.Helper()
	var fd int
	n.do(func() (err error) {
		link, err := netlink.LinkByName(n.link)
		if err != nil {
			return err
		}
		all := uint16(unix.ETH_P_ALL)<<8 | uint16(unix.ETH_P_ALL)>>8
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, int(all)); err != nil {
			return os.NewSyscallError("socket", err)
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Attrs().Index})
	})
	t.Cleanup(func() { unix.Close(fd) })
	return func(addresses ...netip.Addr) (count int) {
		b := make([]byte, 1<<16)
		for {
			k, _, err := unix.Recvfrom(fd, b, 0)
			if err != nil {
				return count
			}
			flow, _, err := spd.ParseFlow(b[:k])
			if err == nil && k >= octets && (slices.Contains(addresses, flow.Source) || slices.Contains(addresses, flow.Destination)) {
				count++
			}
		}
	}
}

// traces lists everything in a namespace that a backend may leave.
func traces(t *testing.T, n *node) string {
	t.Helper()
	var s strings.Builder
	n.do(func() error {
		links, err := netlink.LinkList()
		if err != nil {
			return err
		}
		for _, l := range links {
			fmt.Fprintln(&s, "link", l.Attrs().Name)
		}
		addresses, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
		if err != nil {
			return err
		}
		for _, a := range addresses {
			fmt.Fprintln(&s, "address", a.IPNet)
		}
		for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
			rules, err := netlink.RuleList(family)
			if err != nil {
				return err
			}
			for _, r := range rules {
				fmt.Fprintln(&s, "rule", r)
			}
			routes, err := netlink.RouteListFiltered(family, &netlink.Route{}, netlink.RT_FILTER_TABLE)
			if err != nil {
				return err
			}
			for _, r := range routes {
				if r.Table == unix.RT_TABLE_LOCAL {
					continue // the kernel's own, which come and go with addresses when it finds the time
				}
				fmt.Fprintln(&s, "route", r.Dst, r.Table, r.LinkIndex)
			}
		}
		tables, err := new(nftables.Conn).ListTables()
		for _, table := range tables {
			fmt.Fprintln(&s, "nftables", table.Name)
		}
		return err
	})
	return s.String()
}

// Other programs remove rules and routes under a tunnel: traffic goes through it again without a change of policies, and what left in the
// clear meanwhile is not taken by the peer.
func TestTunnelOutlivesWhatOthersRemove(t *testing.T) {
	a, b := started(t)
	clearRoutes(t, a, b)
	u := tunnel{id: 1, transforms: aesGCM()}
	u.setPolicies(a, b)
	c := u.connect(a, b)
	sent := func() uint64 {
		counters, err := a.backend.Query(dataplane.Outbound, c.b, u.id)
		if err != nil {
			t.Fatal(err)
		}
		return counters.Packets
	}
	for _, removal := range []string{
		"-4 rule flush protocol 50", "-6 rule flush protocol 50", "-4 route flush table all proto 50", "-6 route flush table all proto 50", "rule del pref 5100",
	} {
		a.do(func() error { return exec.Command("ip", strings.Fields(removal)...).Run() })
		before := sent()
		for _, v6 := range []bool{false, true} {
			waitFor(t, "traffic after ip "+removal, func() bool { return a.ping(a.inner(v6), b.inner(v6), patience) == nil })
		}
		if n := sent() - before; n < 2 {
			t.Errorf("after ip %s: %d packets in the tunnel", removal, n)
		}
	}
}
