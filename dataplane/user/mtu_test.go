package user

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/esp"
)

func deadline() time.Time { return time.Now().Add(patience) }

// narrow makes the path from a to b carry mtu octets, by the route that a has.
func narrow(t *testing.T, a, b *node, mtu int) {
	t.Helper()
	a.do(func() error {
		link, err := netlink.LinkByName(a.link)
		if err != nil {
			return err
		}
		for _, v6 := range []bool{false, true} {
			if err := netlink.RouteAdd(&netlink.Route{
				LinkIndex: link.Attrs().Index, Dst: netlink.NewIPNet(b.outer(v6).AsSlice()), MTU: mtu, Scope: unix.RT_SCOPE_LINK,
			}); err != nil {
				return fmt.Errorf("route to %v: %w", b.outer(v6), err)
			}
		}
		return nil
	})
}

func TestNarrowPathIsLearned(t *testing.T) {
	for _, transport := range []dataplane.Transport{dataplane.TransportUDP, dataplane.TransportRaw} {
		for _, outer6 := range []bool{false, true} {
			t.Run(fmt.Sprintf("transport %d outer6 %v", transport, outer6), func(t *testing.T) {
				a, b := started(t)
				narrow(t, a, b, 1300)
				u := tunnel{id: 1, outer6: outer6, transforms: aesGCM(), transport: transport}
				u.setPolicies(a, b)
				u.connect(a, b)
				for _, inner6 := range []bool{false, true} {
					if err := transfer(a, b, a.inner(inner6), b.inner(inner6), 1<<20); err != nil {
						t.Errorf("inner6 %v: %v", inner6, err)
					}
				}
				if got := a.backend.Drops()[esp.ErrTooBig]; got == 0 {
					t.Error("no sender was told")
				}
			})
		}
	}
}

// TestFragmentableCrossesANarrowPath sends datagrams that may be fragmented and do not fit.
func TestFragmentableCrossesANarrowPath(t *testing.T) {
	a, b := started(t)
	narrow(t, a, b, 1300)
	u := tunnel{id: 1, transforms: aesGCM()}
	u.setPolicies(a, b)
	u.connect(a, b)
	server, client := echo(t, b), socket(t, a, a.inner4)
	raw, err := client.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1340, 5000} {
		if err := exchange(client, server, n); err != nil {
			t.Errorf("%d octets: %v", n, err)
		}
	}
}

// exchange sends n octets and waits for them to come back.
func exchange(c *net.UDPConn, to netip.AddrPort, n int) error {
	if _, err := c.WriteToUDPAddrPort(make([]byte, n), to); err != nil {
		return err
	}
	c.SetReadDeadline(deadline())
	b := make([]byte, 1<<16)
	k, err := c.Read(b)
	if err == nil && k != n {
		return fmt.Errorf("%d octets came back", k)
	}
	return err
}
