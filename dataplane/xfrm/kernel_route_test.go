package xfrm

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/internal/netnstest"
)

// tableOf is the table of an owner, as `ip` takes it.
func tableOf(owner string) string { return strconv.Itoa(firstTable + newOwner(owner).number()) }

// Two daemons in one network namespace leave each other's routes alone.
func TestKernelRoutesHaveAnOwner(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "192.0.2.1/24")
	p := protect(t, 1, "192.0.2.1", "10.2.0.0/16")
	p.Peer = netip.MustParseAddr("192.0.2.2")
	for _, owner := range []string{"a", "b"} {
		if err := crashedNode(t, owner).SetPolicy(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(Config{Owner: "a", Mark: 4500}); err != nil {
		t.Fatal(err)
	}
	if left := run(t, "ip", "rule"); strings.Contains(left, tableOf("a")) || !strings.Contains(left, tableOf("b")) {
		t.Errorf("rules: %s", left)
	}
	if left := run(t, "ip", "route", "show", "table", tableOf("b")); !strings.Contains(left, "10.2.0.0/16") {
		t.Errorf("the other's routes: %q", left)
	}
}

func TestKernelRoutesFromTheAddressThatThePolicyTakes(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "192.0.2.1/24")
	n := newNode(t, "a")
	p := protect(t, 1, "10.1.0.5", "10.2.0.0/16")
	p.VirtualIPs = []netip.Prefix{netip.MustParsePrefix("10.1.0.5/32")}
	p.Peer = netip.MustParseAddr("192.0.2.2")
	if err := n.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "ip", "route", "get", "10.2.0.1"); !strings.Contains(got, "src 10.1.0.5") || !strings.Contains(got, "dev cvx0") {
		t.Errorf("route: %s", got)
	}
	if got := run(t, "ip", "route", "get", "10.2.0.1", "mark", "4500"); strings.Contains(got, "src 10.1.0.5") {
		t.Errorf("route of our own packets: %s", got)
	}
	other := p
	other.ID = 2
	if err := n.SetPolicy(other); err != nil {
		t.Fatal(err)
	}
	if err := n.RemovePolicy(1); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "ip", "route", "get", "10.2.0.1"); !strings.Contains(got, "src 10.1.0.5") {
		t.Errorf("the other policy lost its route: %s", got)
	}
	if err := n.RemovePolicy(2); err != nil {
		t.Fatal(err)
	}
	left := run(t, "ip", "route", "show", "table", tableOf("a")) + run(t, "ip", "address", "show", "dev", "lo")
	if strings.Contains(left, "10.2.0.0") || strings.Contains(left, "10.1.0.5") {
		t.Errorf("left: %s", left)
	}
}

func TestKernelRoutesOfAPredecessorAreRemoved(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "192.0.2.1/24")
	crashed := crashedNode(t, "a")
	p := protect(t, 1, "192.0.2.1", "10.2.0.0/16")
	p.Peer = netip.MustParseAddr("192.0.2.2")
	if err := crashed.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	successor := newNode(t, "a")
	if left := run(t, "ip", "route", "show", "table", tableOf("a")); !strings.Contains(left, "10.2.0.0/16") {
		t.Errorf("gone before the successor's policies stand: %s", left)
	}
	if err := successor.Settled(); err != nil {
		t.Fatal(err)
	}
	if left := run(t, "ip", "rule") + run(t, "ip", "-6", "rule"); strings.Contains(left, "4499") {
		t.Errorf("rules left: %s", left)
	}
	list, err := netlink.RouteListFiltered(unix.AF_INET, &netlink.Route{Table: firstTable + newOwner("a").number()}, netlink.RT_FILTER_TABLE)
	if err != nil || len(list) != 0 {
		t.Errorf("routes left: %v, %v", list, err)
	}
}

// Virtual addresses that a killed daemon has left on loopback go when its successor's policies stand, and nobody else's do.
func TestKernelAddressesOfAPredecessorAreRemoved(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "192.0.2.1/24")
	run(t, "ip", "address", "add", "10.1.0.9/32", "dev", "lo")
	with := func(n *node, addresses ...string) *node {
		p := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
		p.Peer = netip.MustParseAddr("192.0.2.2")
		for _, a := range addresses {
			p.VirtualIPs = append(p.VirtualIPs, netip.MustParsePrefix(a))
		}
		if err := n.SetPolicy(p); err != nil {
			t.Fatal(err)
		}
		return n
	}
	with(newNode(t, "other"), "10.1.0.8/32")
	with(crashedNode(t, "a"), "10.1.0.5/32", "10.1.0.6/32", "fd01::5/128")
	successor := with(newNode(t, "a"), "10.1.0.6/32")
	if there := run(t, "ip", "address", "show", "dev", "lo"); !strings.Contains(there, "10.1.0.5/32") || !strings.Contains(there, "fd01::5/128") {
		t.Errorf("gone before the successor's policies stand: %s", there)
	}
	if err := successor.Settled(); err != nil {
		t.Fatal(err)
	}
	left := run(t, "ip", "address", "show", "dev", "lo")
	for address, want := range map[string]bool{"10.1.0.5": false, "fd01::5": false, "10.1.0.6": true, "10.1.0.8": true, "10.1.0.9": true, "127.0.0.1": true} {
		if strings.Contains(left, address+"/") != want {
			t.Errorf("%s: want %v of %s", address, want, left)
		}
	}
	// As by a process with another data plane, when this one has ended.
	if err := errors.Join(successor.stopKeeping(), Sweep(Config{Owner: "a", Mark: 4500})); err != nil {
		t.Fatal(err)
	}
	if left := run(t, "ip", "address", "show", "dev", "lo"); strings.Contains(left, "10.1.0.6/") || !strings.Contains(left, "10.1.0.8/") {
		t.Errorf("behind a sweep: %s", left)
	}
}

// Packets for a tunnel are bound to what fits its path by routes, and those go whichever bound they had last.
func TestKernelRoutesHaveTheMTUOfThePath(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "192.0.2.1/24")
	n := newNode(t, "a")
	p := protect(t, 1, "192.0.2.1", "10.2.0.0/16")
	p.Peer = netip.MustParseAddr("192.0.2.2")
	other := p
	other.ID = 2
	for _, q := range []dataplane.Policy{p, other} {
		if err := n.SetPolicy(q); err != nil {
			t.Fatal(err)
		}
	}
	if mtu := n.plumber.LinkMTU(p.Peer); mtu != 1500 {
		t.Errorf("the link carries %d", mtu)
	}
	table := func() string { return run(t, "ip", "route", "show", "table", tableOf("a")) }
	if err := n.plumber.Fit(1, 1338); err != nil || !strings.Contains(table(), "mtu 1338") {
		t.Errorf("%v: %s", err, table())
	}
	if err := n.SetPolicy(p); err != nil || !strings.Contains(table(), "mtu 1338") {
		t.Errorf("after the policy is set again, %v: %s", err, table())
	}
	if err := n.plumber.Fit(1, 0); err != nil || strings.Contains(table(), "mtu") {
		t.Errorf("%v: %s", err, table())
	}
	if err := n.plumber.Fit(2, 1300); err != nil {
		t.Fatal(err)
	}
	for _, id := range []dataplane.PolicyID{2, 1} {
		if err := n.RemovePolicy(id); err != nil {
			t.Fatal(err)
		}
	}
	if left := table(); left != "" {
		t.Errorf("left: %s", left)
	}
}
