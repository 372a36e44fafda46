package route

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"culvert/dataplane"
	"culvert/spd"
)

// selectors parses.
func selectors(t testing.TB, list ...string) (out []spd.Selector) {
	t.Helper()
	for _, s := range list {
		sel, err := spd.ParseSelector(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, sel)
	}
	return out
}

func policy(t testing.TB, id dataplane.PolicyID, action spd.Action, priority int, local, remote string) dataplane.Policy {
	return dataplane.Policy{ID: id, Name: "test", Action: action, Priority: priority, Local: selectors(t, local), Remote: selectors(t, remote)}
}

func newTestPlumber(local ...string) (*Plumber, *fakeKernel) {
	k := newFakeKernel()
	for _, a := range local {
		k.local = append(k.local, netip.MustParsePrefix(a))
	}
	return newPlumber(Config{Mark: 99}, k), k
}

func set(t testing.TB, p *Plumber, policies ...dataplane.Policy) {
	t.Helper()
	for _, policy := range policies {
		if err := p.Set(policy); err != nil {
			t.Fatal(err)
		}
	}
}

// inEveryWay is policies of every kind, for a host with the addresses 192.0.2.1/24, 10.1.0.1/16 and fd01::1/64.
func inEveryWay(t testing.TB) []dataplane.Policy {
	return []dataplane.Policy{
		policy(t, 1, spd.Protect, 0, "10.1.0.0/16", "10.2.0.0/16"),
		policy(t, 2, spd.Protect, 0, "10.1.0.0/16", "10.3.0.1-10.3.0.6"),
		policy(t, 3, spd.Bypass, 0, "10.1.7.0/24", "10.2.0.0/16"),
		policy(t, 4, spd.Protect, 1, "10.1.7.7", "10.2.0.0/16"),
		policy(t, 5, spd.Protect, 0, "10.5.0.0/16[tcp]", "10.2.0.0/16[tcp/80-90]"),
		policy(t, 6, spd.Discard, 0, "10.1.0.0/16", "203.0.113.9"),
		policy(t, 7, spd.Protect, 0, "fd01::/64", "fd02::/64"),
		policy(t, 8, spd.Bypass, 5, "fd01::/64[udp]", "fd02::/64[udp/53]"),
		policy(t, 9, spd.Protect, 0, "10.6.0.0/16[icmp/8]", "10.2.0.0/16[icmp/8]"),
	}
}

// A direction is where such a host has to send a packet.
type direction struct {
	from, to            string
	protocol            uint8
	source, destination uint16
	want                string // "device", "bypass" or "main"
}

func directions() []direction {
	const tcp, udp, icmp = 6, 17, 1
	return []direction{
		{"10.1.0.9", "10.2.0.9", udp, 1, 1, "device"},
		{"10.1.0.9", "10.3.0.6", udp, 1, 1, "device"},
		{"10.1.0.9", "10.3.0.7", udp, 1, 1, "main"},
		{"192.0.2.1", "10.2.0.9", udp, 1, 1, "main"},
		{"0.0.0.0", "10.2.0.9", udp, 1, 1, "device"}, // gets 10.1.0.1
		{"10.1.7.1", "10.2.0.9", udp, 1, 1, "bypass"},
		{"10.1.7.7", "10.2.0.9", udp, 1, 1, "device"},
		{"10.5.0.1", "10.2.0.9", tcp, 1, 80, "device"},
		{"10.5.0.1", "10.2.0.9", tcp, 1, 91, "main"},
		{"10.5.0.1", "10.2.0.9", udp, 1, 80, "main"},
		{"10.1.0.9", "203.0.113.9", udp, 1, 1, "device"},
		{"fd01::5", "fd02::5", tcp, 1, 1, "device"},
		{"::", "fd02::5", tcp, 1, 1, "device"},
		{"fd01::5", "fd02::5", udp, 1, 53, "bypass"},
		{"fd09::5", "fd02::5", udp, 1, 53, "main"},
		{"10.6.0.1", "10.2.0.9", icmp, 0, 0, "device"},
		{"10.6.0.1", "10.2.0.9", udp, 1, 1, "main"},
	}
}

func TestPoliciesDirectTraffic(t *testing.T) {
	p, k := newTestPlumber("192.0.2.1/24", "10.1.0.1/16", "fd01::1/64")
	set(t, p, inEveryWay(t)...)
	for _, d := range directions() {
		if got := k.find(d.from, d.to, d.protocol, d.source, d.destination); got != d.want {
			t.Errorf("%+v: %s", d, got)
		}
	}
	for r := range k.routes {
		if r.source.IsValid() && r.remote == netip.MustParsePrefix("10.2.0.0/16") && r.source != netip.MustParseAddr("10.1.0.1") {
			t.Errorf("route %+v", r)
		}
	}
	if err := p.Close(); err != nil || !k.closed {
		t.Errorf("Close: %v, closed %v", err, k.closed)
	}
	k.guards = nil
	if !k.empty() {
		t.Errorf("left: %+v", k)
	}
}

func TestRulesStandInTheOrderOfTheSPD(t *testing.T) {
	p, k := newTestPlumber()
	set(t, p,
		policy(t, 1, spd.Protect, 0, "10.0.0.0/8", "0.0.0.0/0"),
		policy(t, 2, spd.Bypass, 0, "10.0.0.0/8", "10.0.0.0/8"),
		policy(t, 3, spd.Protect, 0, "10.0.0.0/8", "10.9.0.0/16"),
		policy(t, 4, spd.Bypass, -1, "10.0.0.0/8", "10.9.9.0/24"),
		policy(t, 5, spd.Protect, 0, "10.0.0.0/8[tcp]", "0.0.0.0/0[tcp]"),
	)
	tests := []struct{ to, want string }{
		{"192.0.2.1", "device"}, {"10.1.1.1", "bypass"}, {"10.9.1.1", "device"}, {"10.9.9.1", "device"},
	}
	for _, tt := range tests {
		if got := k.find("10.0.0.1", tt.to, 17, 1, 1); got != tt.want {
			t.Errorf("to %s: %s, want %s", tt.to, got, tt.want)
		}
	}
	first, last := rule{preference: firstPreference, mark: 99, jumpTo: lastPreference}, rule{preference: lastPreference}
	if !k.rules[first] || !k.rules[last] {
		t.Errorf("no frame around the rules: %+v", k.rules)
	}
	for r := range k.rules {
		if r.v6 {
			t.Errorf("a rule for IPv6, which no policy asked for: %+v", r)
		}
	}
}

func TestSharedRoutesStayUntilTheLastPolicyGoes(t *testing.T) {
	p, k := newTestPlumber("10.1.0.1/16")
	one := policy(t, 1, spd.Protect, 0, "10.1.0.0/16", "10.2.0.0/16")
	two := one
	two.ID, two.VirtualIPs = 2, []netip.Prefix{netip.MustParsePrefix("10.77.0.1/24")}
	three := policy(t, 3, spd.Bypass, 0, "10.1.0.0/16", "10.2.3.0/24")
	four := three
	four.ID = 4
	set(t, p, one, two, three, four)
	if !k.addresses[netip.MustParsePrefix("10.77.0.1/32")] {
		t.Errorf("addresses %v", k.addresses)
	}
	for _, step := range []struct {
		remove        dataplane.PolicyID
		net, exempted string
	}{{1, "device", "bypass"}, {3, "device", "bypass"}, {4, "device", "device"}, {2, "main", "main"}, {2, "main", "main"}} {
		if err := p.Remove(step.remove); err != nil {
			t.Fatal(err)
		}
		net, exempted := k.find("10.1.0.5", "10.2.0.1", 17, 1, 1), k.find("10.1.0.5", "10.2.3.1", 17, 1, 1)
		if net != step.net || exempted != step.exempted {
			t.Errorf("after %d: %s and %s, want %s and %s", step.remove, net, exempted, step.net, step.exempted)
		}
	}
	if !k.empty() {
		t.Errorf("left: %+v", k)
	}
}

func TestReplacedPolicyLeavesNothingOfTheOld(t *testing.T) {
	p, k := newTestPlumber()
	set(t, p, policy(t, 1, spd.Protect, 0, "10.1.0.0/16", "10.2.0.0/16"), policy(t, 1, spd.Protect, 0, "10.1.0.0/16", "10.3.0.0/16"))
	if a, b := k.find("10.1.0.1", "10.2.0.1", 0, 0, 0), k.find("10.1.0.1", "10.3.0.1", 0, 0, 0); a != "main" || b != "device" {
		t.Errorf("old %s, new %s", a, b)
	}
	if len(k.routes) != 1 {
		t.Errorf("routes %v", k.routes)
	}
}

// TestFailureIsUndone lets the kernel fail at every step in turn.
func TestFailureIsUndone(t *testing.T) {
	for n := range 40 {
		p, k := newTestPlumber("10.1.0.1/16")
		set(t, p, policy(t, 1, spd.Protect, 0, "10.1.0.0/16", "10.2.0.0/16"))
		rules, routes := maps.Clone(k.rules), maps.Clone(k.routes)
		k.failAfter = n
		err := p.Set(dataplane.Policy{
			ID: 2, Action: spd.Protect, Local: selectors(t, "10.1.0.0/16", "10.77.0.1"), Remote: selectors(t, "10.2.0.0/16", "10.4.0.0/16[tcp/80]"),
			VirtualIPs: []netip.Prefix{netip.MustParsePrefix("10.77.0.1/32")},
		})
		k.failAfter = -1
		if err == nil {
			if n < 6 {
				t.Errorf("no error although step %d failed", n)
			}
			return
		}
		if !errors.Is(err, errKernel) {
			t.Fatalf("step %d: %v", n, err)
		}
		addressesChanged(p)
		if !maps.Equal(rules, k.rules) || !maps.Equal(routes, k.routes) || len(k.addresses) != 0 {
			t.Errorf("step %d: left rules %+v, routes %+v, addresses %v", n, k.rules, k.routes, k.addresses)
		}
	}
	t.Error("it never succeeds")
}

func TestSourcesFollowTheHost(t *testing.T) {
	p, k := newTestPlumber("192.0.2.1/24")
	addressesChanged(p) // nothing to do yet
	set(t, p, policy(t, 1, spd.Protect, 0, "10.1.0.0/16", "10.2.0.0/16"), policy(t, 2, spd.Protect, 0, "fd01::/64", "fd02::/64"))
	sources := func() (list []string) {
		for r := range k.routes {
			list = append(list, r.source.String())
		}
		slices.Sort(list)
		return list
	}
	unbound := func() bool { return k.find("0.0.0.0", "10.2.0.1", 0, 0, 0) == "device" }
	if got := sources(); !slices.Equal(got, []string{"invalid IP", "invalid IP"}) || unbound() {
		t.Errorf("sources %v, unbound packets taken %v", got, unbound())
	}
	k.local = append(k.local, netip.MustParsePrefix("10.1.0.3/16"), netip.MustParsePrefix("fd01::3/64"))
	addressesChanged(p)
	if got := sources(); !slices.Equal(got, []string{"10.1.0.3", "fd01::3"}) || !unbound() {
		t.Errorf("sources %v, unbound packets taken %v", got, unbound())
	}
	k.local = k.local[:1]
	addressesChanged(p)
	if got := sources(); !slices.Equal(got, []string{"invalid IP", "invalid IP"}) || unbound() {
		t.Errorf("sources %v, unbound packets taken %v", got, unbound())
	}
	k.failAfter = 0
	addressesChanged(p)
	if w := p.Warnings(); len(w) != 1 || !errors.Is(w[0], errKernel) {
		t.Errorf("warnings %v", w)
	}
}

func TestTooManyRoutesAreRefused(t *testing.T) {
	p, k := newTestPlumber()
	bad := policy(t, 1, spd.Protect, 0, "10.0.0.1-10.255.255.254", "10.0.0.1-10.255.255.254")
	for range 3 {
		bad.Local = append(bad.Local, selectors(t, "172.16.0.1-172.31.255.254", "192.168.0.1-192.168.255.254")...)
		bad.Remote = append(bad.Remote, selectors(t, "11.0.0.1-11.255.255.254", "12.0.0.1-12.255.255.254")...)
	}
	if err := p.Set(bad); !errors.Is(err, ErrTooMany) {
		t.Errorf("got %v, want ErrTooMany", err)
	}
	if !k.empty() {
		t.Error("something was installed")
	}
}

func TestTablesRunOut(t *testing.T) {
	p, k := newTestPlumber()
	p.nextTable = lastTable
	set(t, p, policy(t, 1, spd.Protect, 0, "10.1.0.0/16", "10.2.0.0/16"))
	another := policy(t, 2, spd.Protect, 0, "10.3.0.0/16", "10.2.0.0/16")
	if err := p.Set(another); !errors.Is(err, errNoTable) {
		t.Errorf("got %v, want errNoTable", err)
	}
	if len(k.routes) != 1 {
		t.Errorf("routes %v", k.routes)
	}
	if err := p.Remove(1); err != nil {
		t.Fatal(err)
	}
	set(t, p, another)
}

// A view that comes or goes among others of its rank changes its own rules only, and what is left is what it was.
func TestViewsOfOneRankComeAndGo(t *testing.T) {
	p, k := newTestPlumber("10.1.0.1/16")
	set(t, p, policy(t, 1, spd.Protect, 0, "10.1.0.1", "10.2.0.1"), policy(t, 2, spd.Protect, 0, "10.3.0.0/16", "10.4.0.0/16"))
	before := maps.Clone(k.rules)
	k.failAfter = 2 // a route and a rule
	set(t, p, policy(t, 3, spd.Protect, 0, "10.1.0.2", "10.2.0.2"))
	if to := k.find("10.1.0.2", "10.2.0.2", 0, 0, 0); to != "device" || len(k.rules) != len(before)+1 {
		t.Errorf("to %s with rules %+v", to, k.rules)
	}
	if err := p.Remove(3); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(k.rules, before) {
		t.Errorf("rules %+v, want %+v", k.rules, before)
	}
}

func TestManyPoliciesShareOneRule(t *testing.T) {
	p, k := newTestPlumber("10.0.0.1/8")
	for n := range 2000 {
		a := netip.AddrFrom4([4]byte{10, 99, byte(n >> 8), byte(n)})
		set(t, p, policy(t, dataplane.PolicyID(n+1), spd.Protect, 0, "0.0.0.0/0", a.String()))
	}
	if len(k.rules) != 3 || len(k.routes) != 2000 {
		t.Errorf("%d rules, %d routes, want 3 and 2000", len(k.rules), len(k.routes))
	}
}

func TestStrictFilterIsWarnedAboutOnce(t *testing.T) {
	p, _ := newTestPlumber("192.0.2.1/24")
	p.strict = true
	host := policy(t, 1, spd.Protect, 0, "192.0.2.1", "192.0.2.2")
	host.Peer = netip.MustParseAddr("192.0.2.2")
	nets := policy(t, 2, spd.Protect, 0, "10.1.0.0/16", "0.0.0.0/0")
	nets.Peer = host.Peer
	set(t, p, nets)
	if w := p.Warnings(); len(w) != 0 {
		t.Errorf("warnings %v about a policy that spares the peer", w)
	}
	set(t, p, host, host)
	var w Warning
	if list := p.Warnings(); len(list) != 1 || !errors.As(list[0], &w) || w.Code != WarnStrictFilter || w.Unwrap() == nil || w.Error() == "" {
		t.Errorf("warnings %v", list)
	}
	if n, err := p.Unprotected(); n != 42 || err != nil {
		t.Errorf("Unprotected: %d, %v", n, err)
	}
}
