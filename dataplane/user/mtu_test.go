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

// narrow gives the links of nodes an MTU.
func narrow(t *testing.T, mtu int, nodes ...*node) {
	t.Helper()
	for _, n := range nodes {
		n.do(func() error {
			link, err := netlink.LinkByName(n.link)
			if err != nil {
				return err
			}
			return netlink.LinkSetMTU(link, mtu)
		})
	}
}

func TestNarrowPathIsLearned(t *testing.T) {
	for _, transport := range []dataplane.Transport{dataplane.TransportUDP, dataplane.TransportRaw} {
		for _, outer6 := range []bool{false, true} {
			t.Run(fmt.Sprintf("transport %d outer6 %v", transport, outer6), func(t *testing.T) {
				a, b := started(t)
				u := tunnel{id: 1, outer6: outer6, transforms: aesGCM(), transport: transport}
				u.setPolicies(a, b)
				u.connect(a, b)
				narrow(t, 1300, a)
				for _, inner6 := range []bool{false, true} {
					if err := transfer(a, b, a.inner(inner6), b.inner(inner6), 1<<20); err != nil {
						t.Errorf("inner6 %v: %v", inner6, err)
					}
				}
				if mtu, source := a.backend.remotes.known(b.outer(outer6), time.Now()); mtu != 1300 || source != esp.FromICMP {
					t.Errorf("the path is taken for one of %d octets, from %v", mtu, source)
				}
			})
		}
	}
}

// TestFragmentableCrossesANarrowPath sends datagrams that may be fragmented and do not fit.
func TestFragmentableCrossesANarrowPath(t *testing.T) {
	a, b := started(t)
	narrow(t, 1380, a, b)
	u := tunnel{id: 1, transforms: aesGCM()}
	u.setPolicies(a, b)
	u.connect(a, b)
	for _, n := range []*node{a, b} { // or the first answer, which must not be fragmented, is refused
		awaitDeviceMTU(t, n, 1380-20-8-8-8-2-16)
	}
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

// awaitDeviceMTU waits until the device has an MTU.
func awaitDeviceMTU(t *testing.T, n *node, want int) {
	t.Helper()
	for got, end := 0, deadline(); got != want; time.Sleep(time.Millisecond) {
		n.do(func() error {
			link, err := netlink.LinkByName(n.backend.Device())
			if err == nil {
				got = link.Attrs().MTU
			}
			return err
		})
		if time.Now().After(end) {
			t.Fatalf("the device of %s has an MTU of %d, want %d", n.outer4, got, want)
		}
	}
}
