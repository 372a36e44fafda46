package route

import (
	"errors"
	"testing"

	"culvert/dataplane"
	"culvert/spd"
)

func TestGuardHasPoliciesWithProtocolsOrPorts(t *testing.T) {
	p, k := newTestPlumber()
	set(t, p, policy(t, 1, spd.Protect, 0, "10.1.0.0/16", "10.2.0.0/16"))
	if len(k.guards) != 0 {
		t.Errorf("guard %+v for a policy that routing can express", k.guards)
	}
	set(t, p,
		policy(t, 2, spd.Protect, 1, "10.1.0.0/16[tcp]", "10.2.0.0/16[tcp/80]"),
		policy(t, 3, spd.Bypass, 5, "10.1.0.0/16[udp]", "10.2.0.0/16[udp/53]"),
		policy(t, 4, spd.Bypass, 1, "10.1.0.0/16[tcp]", "10.2.0.0/16[tcp]"),
		policy(t, 5, spd.Discard, 0, "10.1.0.0/16[/7]", "10.2.0.0/16"),
		policy(t, 6, spd.Protect, 1, "10.1.0.0/16[tcp]", "10.2.0.0/16[tcp/80]"), // as 2
	)
	var order []string
	for _, g := range k.guards {
		order = append(order, map[bool]string{true: "pass ", false: "drop "}[g.pass]+g.local.String()+" "+g.remote.String())
	}
	want := []string{
		"pass 10.1.0.0/16[udp] 10.2.0.0/16[udp/53]",
		"drop 10.1.0.0/16[tcp] 10.2.0.0/16[tcp/80]",
		"pass 10.1.0.0/16[tcp] 10.2.0.0/16[tcp]",
		"drop 10.1.0.0/16[/7] 10.2.0.0/16",
	}
	if len(order) != len(want) {
		t.Fatalf("got %q", order)
	}
	for i := range want {
		if order[i] != want[i] {
			t.Errorf("rule %d: %s, want %s", i, order[i], want[i])
		}
	}
	for _, id := range []dataplane.PolicyID{2, 3, 4, 5, 6} {
		if err := p.Remove(id); err != nil {
			t.Fatal(err)
		}
	}
	if len(k.guards) != 0 {
		t.Errorf("left: %+v", k.guards)
	}
}

func TestGuardThatFailsIsAWarning(t *testing.T) {
	p, k := newTestPlumber("192.0.2.1/24")
	limited := policy(t, 1, spd.Protect, 0, "10.1.0.0/16[tcp]", "10.2.0.0/16[tcp/80]")
	set(t, p, limited)
	k.failAfter = 0
	if err := p.Set(limited); err != nil {
		t.Errorf("got %v", err)
	}
	var w Warning
	if list := p.Warnings(); len(list) != 1 || !errors.As(list[0], &w) || w.Code != WarnNoGuard {
		t.Errorf("warnings %v", list)
	}
}

func TestConflictingSelectorsNeedNothing(t *testing.T) {
	for _, pair := range [][2]string{{"10.1.0.0/16[tcp]", "10.2.0.0/16[udp]"}, {"10.1.0.0/16", "fd02::/64"}} {
		n, err := needsOf(policy(t, 1, spd.Protect, 0, pair[0], pair[1]))
		if err != nil || len(n.paths) != 0 || len(n.guards) != 0 {
			t.Errorf("%v: %+v, %v", pair, n, err)
		}
	}
}

func TestPortsOfSelectors(t *testing.T) {
	tests := []struct {
		selector string
		want     ports
	}{
		{"10.0.0.0/8", ports{}}, {"10.0.0.0/8[tcp/80]", ports{80, 80}}, {"10.0.0.0/8[tcp/0-100]", ports{1, 100}},
		{"10.0.0.0/8[tcp/0]", ports{}}, {"10.0.0.0/8[tcp/opaque]", ports{}}, {"10.0.0.0/8[tcp/1-65534]", ports{1, 65534}},
		{"10.0.0.0/8[tcp/1-65535]", ports{}}, {"10.0.0.0/8[tcp/65535]", ports{}},
	}
	for _, tt := range tests {
		if got := portsOf(selectors(t, tt.selector)[0]); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.selector, got, tt.want)
		}
	}
}
