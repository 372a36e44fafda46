package xfrm

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/internal/netnstest"
	"culvert/suite"
)

// The tests TestKernel... talk to the kernel, in network namespaces of their own. Those that need ESP in the kernel pass over
// one without, unless CULVERT_KERNEL is set, as in a laboratory where the kernel has it.

// patience bounds waiting for what has to happen.
const patience = time.Minute

// needESP passes over kernels without ESP.
func needESP(t *testing.T) {
	t.Helper()
	err := Probe([]suite.ESP{gcm()})
	switch {
	case err == nil:
	case os.Getenv("CULVERT_KERNEL") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// A node is a backend on the kernel, with its notices.
type node struct {
	*Backend
	notices chan dataplane.Notice
}

func newNode(t *testing.T, owner string) *node {
	t.Helper()
	b, err := New(Config{Owner: owner, Mark: 4500, NATPort: 4500})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{b, make(chan dataplane.Notice, 100)}
	b.SetNotices(func(notice dataplane.Notice) { n.notices <- notice })
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return n
}

// crashedNode is a node that does not look after what it has made, as if its process had ended.
func crashedNode(t *testing.T, owner string) *node {
	t.Helper()
	n := newNode(t, owner)
	if err := n.stopKeeping(); err != nil {
		t.Fatal(err)
	}
	return n
}

// await returns the next notice of a kind.
func (n *node) await(t *testing.T, kind dataplane.NoticeKind) dataplane.Notice {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case notice := <-n.notices:
			if notice.Kind == kind {
				return notice
			}
		case <-late:
			t.Fatalf("no notice %d", kind)
		}
	}
}

// run runs a program of iproute2, which is another's word about the kernel.
func run(t *testing.T, command ...string) string {
	t.Helper()
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", command, err, out)
	}
	return string(out)
}

// dial sends a packet of UDP from an address to another. Policies may refuse it.
func send(t *testing.T, from, to string) error {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	source, destination := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: source.Addr().As4(), Port: int(source.Port())}); err != nil {
		t.Fatal(err)
	}
	return unix.Sendto(fd, []byte("hello"), 0, &unix.SockaddrInet4{Addr: destination.Addr().As4(), Port: int(destination.Port())})
}

// addressed gives the namespace a link with an address and a way to everywhere.
func addressed(t *testing.T, addresses ...string) {
	t.Helper()
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "cvx0"}, PeerName: "cvx1"}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		at, err := netlink.ParseAddr(a)
		if err != nil {
			t.Fatal(err)
		}
		at.Flags = unix.IFA_F_NODAD
		if err := netlink.AddrAdd(veth, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"cvx0", "cvx1"} {
		l, err := netlink.LinkByName(name)
		if err == nil {
			err = netlink.LinkSetUp(l)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: veth.Index, Dst: network(netip.MustParsePrefix("0.0.0.0/0"))}); err != nil {
		t.Fatal(err)
	}
}

func TestKernelAsksForAnSAOfATrap(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "10.1.0.1/32", "192.0.2.1/24")
	n := newNode(t, "a")
	trap := protect(t, 7, "10.1.0.0/16", "10.2.0.0/16[udp/53]")
	trap.Trap = true
	if err := n.SetPolicy(trap); err != nil {
		t.Fatal(err)
	}
	_ = send(t, "10.1.0.1:1000", "10.2.0.9:53")
	got := n.await(t, dataplane.NoticeAcquire)
	want := netip.MustParseAddr("10.2.0.9")
	if got.Policy != 7 || got.Packet.Destination != want || got.Packet.Protocol != 17 || got.Packet.DestinationPort != 53 || got.Packet.SourcePort != 1000 {
		t.Errorf("got %+v", got)
	}
}

func TestKernelHeedsTheOrderOfPolicies(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "10.1.0.1/32", "192.0.2.1/24")
	n := newNode(t, "a")
	trap := func(id dataplane.PolicyID, priority int, remote string) {
		t.Helper()
		p := protect(t, id, "10.1.0.0/16", remote)
		p.Trap, p.Priority = true, priority
		if err := n.SetPolicy(p); err != nil {
			t.Fatal(err)
		}
	}
	trap(1, 0, "10.2.0.0/16")
	trap(2, 0, "10.2.3.0/24")
	trap(3, 2, "10.2.0.0/18[udp/53]")
	trap(4, -9, "10.4.0.5")
	trap(5, 0, "10.4.0.0/16")
	for _, tt := range []struct {
		to   string
		want dataplane.PolicyID
	}{{"10.2.200.1:99", 1}, {"10.2.3.7:99", 2}, {"10.2.3.7:53", 3}, {"10.4.0.5:98", 5}} {
		_ = send(t, "10.1.0.1:1000", tt.to)
		if got := n.await(t, dataplane.NoticeAcquire); got.Policy != tt.want {
			t.Errorf("%s: policy %d, want %d", tt.to, got.Policy, tt.want)
		}
	}
}

func TestKernelBlocksWhileThereIsNoSA(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "10.1.0.1/32", "192.0.2.1/24")
	n := newNode(t, "a")
	if err := n.SetPolicy(protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")); err != nil {
		t.Fatal(err)
	}
	if err := send(t, "10.1.0.1:1000", "10.2.0.1:99"); !errors.Is(err, unix.EPERM) {
		t.Errorf("blocked packet: %v", err)
	}
	if err := send(t, "10.1.0.1:1001", "10.3.0.1:99"); err != nil {
		t.Errorf("packet without policy: %v", err)
	}
	if err := n.RemovePolicy(1); err != nil {
		t.Fatal(err)
	}
	if err := send(t, "10.1.0.1:1002", "10.2.0.1:99"); err != nil {
		t.Errorf("after the policy: %v", err)
	}
}

func TestKernelExemptsSockets(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "10.1.0.1/32", "192.0.2.1/24")
	n := newNode(t, "a")
	if err := n.SetPolicy(protect(t, 1, "0.0.0.0/0", "0.0.0.0/0")); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	to := &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 7}, Port: 500}
	if err := unix.Sendto(fd, []byte("x"), 0, to); !errors.Is(err, unix.EPERM) {
		t.Errorf("before: %v", err)
	}
	if err := errors.Join(Exempt(fd, false), TakeESP(fd)); err != nil {
		t.Fatal(err)
	}
	if err := unix.Sendto(fd, []byte("x"), 0, to); err != nil {
		t.Errorf("exempted: %v", err)
	}
}

func TestKernelKeepsWhatOthersMade(t *testing.T) {
	netnstest.Enter(t)
	run(t, "ip", "xfrm", "policy", "add", "dir", "out", "src", "10.8.0.0/16", "dst", "10.9.0.0/16", "tmpl", "src", "192.0.2.1", "dst", "192.0.2.2", "proto", "esp", "reqid", "1", "mode", "tunnel")
	other := newNode(t, "other")
	if err := other.SetPolicy(protect(t, 1, "10.5.0.0/16", "10.6.0.0/16")); err != nil {
		t.Fatal(err)
	}
	crashed := crashedNode(t, "a")
	for id, local := range []string{"10.1.0.0/16", "fd01::/64"} {
		remote := map[bool]string{true: "10.2.0.0/16", false: "fd02::/64"}[id == 0]
		if err := crashed.SetPolicy(protect(t, dataplane.PolicyID(id+1), local, remote)); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := nl.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	count := func(want int) {
		t.Helper()
		if list, err := conn.Policies(); err != nil || len(list) != want {
			t.Errorf("%d policies, want %d; %v", len(list), want, err)
		}
	}
	count(1 + 3 + 6)
	successor := newNode(t, "a") // its predecessor did not get to Close
	count(1 + 3 + 6)
	if err := successor.SetPolicy(protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")); err != nil {
		t.Fatal(err)
	}
	if err := successor.Settled(); err != nil {
		t.Fatal(err)
	}
	count(1 + 3 + 3)
}

// What a policy of a daemon that crashed protected does not leave before the successor's policies stand.
func TestKernelHoldsBackUntilSettled(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "192.0.2.1/24")
	crashed := crashedNode(t, "a")
	if err := crashed.SetPolicy(protect(t, 1, "0.0.0.0/0", "192.0.2.7")); err != nil {
		t.Fatal(err)
	}
	successor := newNode(t, "a")
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	to := &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 7}, Port: 9}
	if err := unix.Sendto(fd, []byte("x"), 0, to); err == nil {
		t.Error("a packet left in the clear")
	}
	if err := successor.Settled(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Sendto(fd, []byte("x"), 0, to); err != nil {
		t.Errorf("held back for ever: %v", err)
	}
}

func TestKernelIsSweptForAnotherDataPlane(t *testing.T) {
	netnstest.Enter(t)
	crashed := crashedNode(t, "a")
	if err := crashed.SetPolicy(protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		owner string
		left  int
	}{{"other", 3}, {"a", 0}} {
		if err := Sweep(Config{Owner: tt.owner, Mark: 4500}); err != nil {
			t.Fatal(err)
		}
		if list, err := crashed.kernel.Policies(); err != nil || len(list) != tt.left {
			t.Errorf("%d policies of %q, want %d; %v", len(list), "a", tt.left, err)
		}
	}
}

func TestKernelTakesWhatSelectorsComeApartInto(t *testing.T) {
	netnstest.Enter(t)
	n := newNode(t, "a")
	for i, pair := range [][2]string{
		{"10.1.0.0/16", "10.2.0.1-10.2.0.9"}, {"10.1.0.0/16[tcp/1000-1999]", "10.2.0.0/16[tcp/80]"}, {"10.1.0.0/16[icmp/8(0)]", "10.2.0.0/16[icmp]"},
		{"fd01::/64", "fd02::/64[58]"}, {"0.0.0.0/0", "0.0.0.0/0"}, {"::/0", "::/0[17/500]"},
	} {
		p := protect(t, dataplane.PolicyID(i+1), pair[0], pair[1])
		for _, p.Trap = range []bool{true, false} {
			if err := n.SetPolicy(p); err != nil {
				t.Errorf("%v: %v", pair, err)
			}
		}
	}
}
