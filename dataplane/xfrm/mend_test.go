package xfrm

import (
	"maps"
	"net/netip"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/removal"
	"culvert/dataplane/xfrm/nl"
	"culvert/internal/netnstest"
)

// happen has a backend hear of events, and do what they ask for.
func (b *bench) happen(events ...removal.Event) (told []dataplane.Restored) {
	b.SetRestored(func(r dataplane.Restored) { told = append(told, r) })
	for _, e := range events {
		if b.lookout.note(e, firstTable) {
			b.mend()
		}
	}
	return told
}

// A state cannot be put back: its sequence numbers are gone.
func TestSAsThatOthersRemoveHaveEnded(t *testing.T) {
	b, in, out := settled(t)
	delete(b.kernel.states, out.state.StateID)
	told := b.happen(removal.Event{Kind: removal.State}, removal.Event{Kind: removal.State})
	if n := b.notice(t); n.Kind != dataplane.NoticeHardLimit || n.SPI != out.state.SPI || n.Direction != dataplane.Outbound {
		t.Errorf("notice %+v", n)
	}
	if len(told) != 1 || told[0] != (dataplane.Restored{States: 1}) {
		t.Errorf("told %+v", told)
	}
	if b.kernel.states[out.state.StateID] != nil || b.kernel.states[in.state.StateID] == nil {
		t.Errorf("states %v", b.kernel.states)
	}
}

func TestPoliciesThatOthersRemoveComeBack(t *testing.T) {
	b, _, _ := settled(t)
	before := maps.Clone(b.kernel.policies)
	clear(b.kernel.policies)
	told := b.happen(removal.Event{Kind: removal.Policy})
	if len(told) != 1 || told[0] != (dataplane.Restored{Policies: len(before)}) || len(before) == 0 {
		t.Errorf("told %+v of %d policies", told, len(before))
	}
	for id, p := range before {
		if now := b.kernel.policies[id]; now == nil || now.Priority != p.Priority || !slices.Equal(now.Templates, p.Templates) {
			t.Errorf("%+v is %+v", p, now)
		}
	}
	if err := b.RemovePolicy(2); err != nil {
		t.Error(err)
	}
	if told := b.happen(removal.Event{Kind: removal.Lost}); len(told) != 0 {
		t.Errorf("nothing was missing, and yet %+v", told)
	}
}

func TestNewsOfOtherTablesMeansNothing(t *testing.T) {
	var l lookout
	for _, e := range []removal.Event{
		{Kind: removal.Rule, Table: 254}, {Kind: removal.Route, Table: 254}, {Kind: removal.Displaced, Table: 254}, {Kind: removal.Arrival},
	} {
		if l.note(e, firstTable) {
			t.Errorf("%+v is a reason to look", e)
		}
	}
	for i := range 10 * mostSuspects {
		to := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24)
		l.note(removal.Event{Kind: removal.Route, Table: firstTable, Remote: to}, firstTable)
	}
	if f := l.take(); !f.everyRoute || len(f.routes) > mostSuspects {
		t.Errorf("%d routes, %v", len(f.routes), f.everyRoute)
	}
}

func TestKernelHasBackWhatOthersRemove(t *testing.T) {
	netnstest.Enter(t)
	addressed(t, "192.0.2.1/24")
	before := standing(t)
	n := newNode(t, "a")
	p := protect(t, 7, "10.1.0.5", "10.2.0.0/16")
	p.VirtualIPs, p.Peer = []netip.Prefix{netip.MustParsePrefix("10.1.0.5/32")}, netip.MustParseAddr("192.0.2.2")
	if err := n.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	want := standing(t)
	for _, removal := range []string{
		"ip xfrm policy flush", "ip xfrm policy delete dir out src 10.1.0.5/32 dst 10.2.0.0/16", "ip rule del pref 4499", "ip route flush table " + tableOf("a"),
		"ip route replace blackhole 10.2.0.0/16 table " + tableOf("a"),
		"ip address del 10.1.0.5/32 dev lo", "ip link set cvx0 down", "ip link set cvx0 up",
	} {
		run(t, strings.Fields(removal)...)
		if strings.HasSuffix(removal, "down") {
			continue
		}
		for late := time.Now().Add(patience); standing(t) != want; runtime.Gosched() {
			if time.Now().After(late) {
				t.Fatalf("after %s:\n%s\nwant\n%s", removal, standing(t), want)
			}
		}
	}
	if err := n.RemovePolicy(7); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if got := standing(t); strings.Contains(got, "10.2.0.0") || strings.Contains(got, "10.1.0.5") || strings.Contains(got, "4499:") {
		t.Errorf("left: %s, before: %s", got, before)
	}
}

// An interface that others delete or set down comes back, with its addresses and routes.
func TestKernelHasBackInterfacesThatOthersRemove(t *testing.T) {
	needESP(t)
	netnstest.Enter(t)
	addressed(t, "192.0.2.1/24")
	n := newNode(t, "a")
	p := protect(t, 7, "10.1.0.5", "10.2.0.0/16")
	p.VirtualIPs, p.Peer = []netip.Prefix{netip.MustParsePrefix("10.1.0.5/32")}, netip.MustParseAddr("192.0.2.2")
	p.Kernel.Interface, p.Kernel.IfIDOut.Number = "cvm0", 42
	if err := n.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	is := func() bool {
		links, _ := exec.Command("ip", "-d", "-o", "link", "show", "dev", "cvm0", "up").Output()
		addresses, _ := exec.Command("ip", "-o", "address", "show", "dev", "cvm0").Output()
		way, _ := exec.Command("ip", "route", "get", "10.2.0.1").Output()
		return strings.Contains(string(links), "if_id 0x2a") && strings.Contains(string(addresses), "10.1.0.5/32") && strings.Contains(string(way), "dev cvm0 table "+tableOf("a")+" src 10.1.0.5")
	}
	for _, removal := range []string{"ip link delete cvm0", "ip link set cvm0 down"} {
		if !is() {
			t.Fatal("the interface is not as it should be at first")
		}
		run(t, strings.Fields(removal)...)
		for late := time.Now().Add(patience); !is(); runtime.Gosched() {
			if time.Now().After(late) {
				t.Fatalf("after %s:\n%s%s", removal, run(t, "ip", "-d", "address"), run(t, "ip", "route", "show", "table", "all"))
			}
		}
	}
	if err := n.RemovePolicy(7); err != nil {
		t.Fatal(err)
	}
	if left := run(t, "ip", "-o", "link"); strings.Contains(left, "cvm0") {
		t.Errorf("left: %s", left)
	}
}

// standing is what ip says of policies, rules, routes and addresses, without what changes by itself.
func standing(t *testing.T) string {
	t.Helper()
	policies := run(t, "ip", "xfrm", "policy", "list", "nosock")
	text := run(t, "ip", "rule") + run(t, "ip", "route", "show", "table", "all", "proto", "50") + run(t, "ip", "-o", "-4", "address", "show", "dev", "lo")
	lines := slices.Sorted(strings.Lines(policies + text))
	return strings.Join(lines, "")
}

func TestKernelTellsOfSAsThatOthersRemove(t *testing.T) {
	needESP(t)
	netnstest.Enter(t)
	n := newNode(t, "a")
	n.installed(t, func(*dataplane.SA) {})
	run(t, "ip", "xfrm", "state", "flush")
	if got := n.await(t, dataplane.NoticeHardLimit); got.SPI == 0 {
		t.Errorf("notice %+v", got)
	}
	if list, err := n.kernel.States(); err != nil || slices.ContainsFunc(list, func(s *nl.State) bool { return s.SPI != 0 }) {
		t.Errorf("states %v, %v", list, err)
	}
}
