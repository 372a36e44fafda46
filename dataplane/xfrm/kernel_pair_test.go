package xfrm

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/internal/netnstest"
)

// A pair is two namespaces joined by a cable, each with a backend that has an SA to the other. The test's thread is in the
// first when it is not said otherwise.
type pair struct {
	near, far     *node
	nearNS, farNS int
	in            uint32 // of near, and so the peer's outbound SPI
	out           uint32
}

// joined makes a pair: 10.1.0.1 behind 192.0.2.1, and 10.2.0.1 behind 192.0.2.2.
func joined(t *testing.T, change func(*dataplane.SA)) *pair {
	t.Helper()
	netnstest.Enter(t)
	needESP(t)
	p := new(pair)
	p.nearNS = currentNS(t)
	netnstest.Enter(t)
	p.farNS = currentNS(t)
	p.link(t)
	p.at(t, p.farNS, func() { p.far = newNode(t, "a") })
	p.at(t, p.nearNS, func() { p.near = newNode(t, "a") })
	var err error
	if p.in, err = p.near.AllocateSPI(0); err != nil {
		t.Fatal(err)
	}
	if p.out, err = p.far.AllocateSPI(0); err != nil {
		t.Fatal(err)
	}
	p.install(t, p.near, p.nearNS, p.in, p.out, false, change)
	p.install(t, p.far, p.farNS, p.out, p.in, true, change)
	return p
}

func (p *pair) install(t *testing.T, n *node, ns int, in, out uint32, mirrored bool, change func(*dataplane.SA)) {
	t.Helper()
	local, remote := "10.1.0.0/16", "10.2.0.0/16"
	way := path("192.0.2.1:4500", "192.0.2.2:4500")
	if mirrored {
		local, remote = remote, local
		way = path("192.0.2.2:4500", "192.0.2.1:4500")
	}
	way.Transport = dataplane.TransportRaw
	policy := protect(t, 1, local, remote)
	policy.Peer = way.Remote.Addr()
	p.at(t, ns, func() {
		if err := n.SetPolicy(policy); err != nil {
			t.Fatal(err)
		}
		for _, d := range []dataplane.Direction{dataplane.Inbound, dataplane.Outbound} {
			spi := map[dataplane.Direction]uint32{dataplane.Inbound: in, dataplane.Outbound: out}[d]
			sa := testSA(t, d, spi, 1)
			sa.Path, sa.Local, sa.Remote = way, policy.Local, policy.Remote
			if change != nil {
				change(&sa)
			}
			if err := n.Install(sa); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// currentNS opens the thread's namespace.
func currentNS(t *testing.T) int {
	t.Helper()
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// at does something in a namespace, and returns to the first one.
func (p *pair) at(t *testing.T, ns int, f func()) {
	t.Helper()
	if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setns(p.nearNS, unix.CLONE_NEWNET); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// link joins the namespaces. The thread is in the far one, and goes to the near one.
func (p *pair) link(t *testing.T) {
	t.Helper()
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "cvx0"}, PeerName: "cvx0", PeerNamespace: netlink.NsFd(p.nearNS)}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Fatal(err)
	}
	for ns, addresses := range map[int][]string{p.nearNS: {"10.1.0.1/32", "192.0.2.1/24"}, p.farNS: {"10.2.0.1/32", "192.0.2.2/24"}} {
		p.at(t, ns, func() {
			run(t, "ip", "link", "set", "cvx0", "up")
			for _, a := range addresses {
				run(t, "ip", "address", "add", a, "dev", "cvx0")
			}
		})
	}
}

// sends sends datagrams from near to far, which echoes nothing, and returns how many far got.
func (p *pair) sends(t *testing.T, count int) (received int) {
	t.Helper()
	return p.sendsBetween(t, "10.1.0.1", "10.2.0.1", count)
}

// sendsBetween is sends between other addresses.
func (p *pair) sendsBetween(t *testing.T, from, to string, count int) (received int) {
	t.Helper()
	var fd int
	p.at(t, p.farNS, func() { fd = listen(t, to+":99") })
	defer unix.Close(fd)
	for range count {
		if err := send(t, from+":1000", to+":99"); err != nil {
			t.Logf("send: %v", err)
		}
	}
	for range count {
		if _, _, err := unix.Recvfrom(fd, make([]byte, 100), 0); err != nil {
			break
		}
		received++
	}
	return received
}

// listen opens a socket that waits a second for each datagram.
func listen(t *testing.T, at string) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	a := netip.MustParseAddrPort(at)
	wait := unix.NsecToTimeval(1e9)
	err = errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}
