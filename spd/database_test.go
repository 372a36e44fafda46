package spd

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func policy(t testing.TB, id uint32, priority int, action Action, local, remote string) Policy {
	t.Helper()
	return Policy{ID: id, Priority: priority, Action: action, Selectors: Selectors{Local: sels(t, local), Remote: sels(t, remote)}}
}

func databaseOf(t testing.TB, policies ...Policy) *Database[string] {
	t.Helper()
	var d *Database[string]
	var err error
	for _, p := range policies {
		if d, err = d.With(p, fmt.Sprint("policy ", p.ID)); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func flow(source, destination string, protocol uint8, from, to uint16) Flow {
	return Flow{netip.MustParseAddr(source), netip.MustParseAddr(destination), protocol, from, to, false}
}

func idOf(e *Entry[string]) uint32 {
	if e == nil {
		return 0
	}
	return e.ID
}

func TestOutboundFindsTheFirstPolicy(t *testing.T) {
	d := databaseOf(t,
		policy(t, 1, 0, Protect, "10.0.0.0/16", "10.1.0.0/16"),
		policy(t, 2, 0, Bypass, "10.0.0.0/16[udp]", "10.1.0.0/16[udp/53]"),
		policy(t, 3, 5, Discard, "0.0.0.0/0", "10.1.9.0/24"),
		policy(t, 4, 0, Protect, "0.0.0.0/0", "0.0.0.0/0"),
		policy(t, 5, 0, Protect, "10.0.0.0/16", "10.1.0.0/16"),
		policy(t, 6, 0, Protect, "10.0.0.0/16", "10.1.4.4"),
		policy(t, 7, 0, Protect, "2001:db8::/32", "::/0"),
		policy(t, 8, -1, Bypass, "10.0.0.0/16", "10.1.4.5"),
		policy(t, 9, 0, Protect, "10.0.0.7[icmp/8]", "10.1.0.0/16[icmp/opaque]"),
		policy(t, 10, 0, Protect, "10.0.0.0/16", "10.1.7.0/24"),
		policy(t, 12, 0, Protect, "10.0.0.0/16[udp/1-99]", "10.1.7.0/24[udp]"),
		policy(t, 11, 0, Protect, "10.0.0.0/16[udp/22]", "10.1.7.0/24[udp]"),
	)
	tests := []struct {
		name string
		flow Flow
		want uint32
	}{
		{"the older of equals", flow("10.0.0.1", "10.1.0.1", 6, 1, 2), 1},
		{"the narrower ports", flow("10.0.0.1", "10.1.0.1", 17, 1, 53), 2},
		{"priority over specificity", flow("10.0.0.1", "10.1.9.1", 17, 1, 53), 3},
		{"the last resort", flow("10.5.0.1", "8.8.8.8", 17, 1, 53), 4},
		{"the longer prefix", flow("10.0.0.1", "10.1.4.4", 6, 1, 2), 6},
		{"low priority loses", flow("10.0.0.1", "10.1.4.5", 6, 1, 2), 1},
		{"the longer of two prefixes", flow("10.0.0.1", "10.1.7.4", 6, 1, 2), 10},
		{"the narrower of our ports", flow("10.0.0.1", "10.1.7.4", 17, 22, 2), 11},
		{"IPv6", flow("2001:db8::1", "2001:db8::2", 6, 1, 2), 7},
		{"none", flow("2001:db9::1", "2001:db8::2", 6, 1, 2), 0},
		{"ICMP that may be sent", flow("10.0.0.7", "10.1.0.1", 1, 0x0800, 0x0800), 9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := d.Outbound(tt.flow)
			if idOf(got) != tt.want {
				t.Fatalf("got policy %d, want %d", idOf(got), tt.want)
			}
			if got != nil && got.Value != fmt.Sprint("policy ", tt.want) {
				t.Errorf("with the value %q", got.Value)
			}
			if tt.flow.Protocol != 1 && idOf(d.Inbound(tt.flow.Reverse())) != tt.want {
				t.Errorf("inbound: got %d, want %d", idOf(d.Inbound(tt.flow.Reverse())), tt.want)
			}
		})
	}
}

func TestDatabaseIsImmutable(t *testing.T) {
	f := flow("10.0.0.1", "10.1.0.1", 6, 1, 2)
	one := databaseOf(t, policy(t, 1, 0, Protect, "10.0.0.0/16", "10.1.0.0/16"))
	two, err := one.With(policy(t, 2, 1, Bypass, "10.0.0.0/16", "10.1.0.0/16"), "two")
	if err != nil {
		t.Fatal(err)
	}
	three := two.Without(2).Without(1)
	if a, b, c := idOf(one.Outbound(f)), idOf(two.Outbound(f)), three.Outbound(f); a != 1 || b != 2 || c != nil {
		t.Errorf("found %d, %d, %v", a, b, c)
	}
	if one.Len() != 1 || two.Len() != 2 || three.Len() != 0 {
		t.Errorf("lengths %d, %d, %d", one.Len(), two.Len(), three.Len())
	}
	if !three.v4.empty() || !three.v6.empty() || three.byID != nil {
		t.Error("an empty database keeps nodes")
	}
	if three.Without(7) != three {
		t.Error("removing what is not there makes a copy")
	}
}

func TestEmptyDatabase(t *testing.T) {
	var none *Database[string]
	if none.Outbound(flow("10.0.0.1", "10.0.0.2", 6, 0, 0)) != nil || none.Len() != 0 || none.Get(1) != nil || none.Outbound(Flow{}) != nil || none.Inbound(Flow{}) != nil || none.Without(1).Len() != 0 {
		t.Error("nil is not empty")
	}
	zero := databaseOf(t, policy(t, 1, 0, Protect, "0.0.0.0/0", "0.0.0.0/0"), policy(t, 2, 0, Protect, "::/0", "::/0"))
	if zero.Outbound(Flow{}) != nil || zero.Outbound(flow("10.0.0.1", "::1", 6, 0, 0)) != nil {
		t.Error("a flow without addresses has a policy")
	}
}

func TestReplacedPolicyKeepsItsAge(t *testing.T) {
	f := flow("10.0.0.1", "10.1.0.1", 6, 1, 2)
	d := databaseOf(t, policy(t, 1, 0, Protect, "10.0.0.0/16", "10.1.0.0/16"), policy(t, 2, 0, Protect, "10.0.0.0/16", "10.1.0.0/16"))
	d, err := d.With(policy(t, 1, 0, Bypass, "10.0.0.0/16", "10.1.0.0/16"), "new")
	if err != nil {
		t.Fatal(err)
	}
	if e := d.Outbound(f); idOf(e) != 1 || e.Value != "new" || e.Action != Bypass || d.Len() != 2 {
		t.Errorf("found %+v", e)
	}
}

func TestWithRefusesPoliciesThatMatchNothing(t *testing.T) {
	d := databaseOf(t, policy(t, 1, 0, Protect, "10.0.0.0/16", "10.1.0.0/16"))
	bad := policy(t, 2, 0, Protect, "10.0.0.0/16", "10.1.0.0/16")
	bad.Remote[0].StartPort, bad.Remote[0].EndPort = 5, 4
	tests := map[string]Policy{
		"mixed families": policy(t, 2, 0, Protect, "10.0.0.0/16", "::/0"),
		"no selectors":   {ID: 2},
		"malformed":      bad,
		"replacing":      {ID: 1},
	}
	for name, p := range tests {
		got, err := d.With(p, "")
		if !errors.Is(err, ErrSelectors) || got != d {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestPolicyOfManySelectors(t *testing.T) {
	p := Policy{ID: 1}
	for n := range 255 {
		p.Local = append(p.Local, Host(netip.AddrFrom4([4]byte{10, 0, byte(n), 1})), Host(netip.AddrFrom16([16]byte{0x20, 15: byte(n)})))
		p.Remote = append(p.Remote, Host(netip.AddrFrom4([4]byte{10, 1, byte(n), 1})), Host(netip.AddrFrom16([16]byte{0x21, 15: byte(n)})))
	}
	p.Local[7].Protocol, p.Remote[9].Protocol = 6, 6
	p.Local[8].StartPort, p.Local[8].EndPort = OpaqueStart, OpaqueEnd
	p.Remote[11].StartPort, p.Remote[11].EndPort = 50, 60
	d := databaseOf(t, p)
	if n := len(d.Get(1).rules); n != 2 {
		t.Errorf("the policy is found in %d places, want one for each family", n)
	}
	for f, want := range map[Flow]uint32{
		flow("10.0.254.1", "10.1.3.1", 6, 0, 0): 1,
		flow("10.0.254.1", "10.1.3.2", 6, 0, 0): 0,
		flow("2000::9", "2100::1", 6, 0, 0):     1,
		flow("2000::9", "2100::1:0", 6, 0, 0):   0,
		flow("2000::9", "2100::1", 17, 70, 70):  1,
		flow("2000::3", "2100::1", 17, 70, 70):  0, // Local[7] is of TCP
		flow("2000::9", "2100::5", 17, 70, 55):  1,
		flow("2000::9", "2100::5", 17, 70, 70):  0,
	} {
		if got := idOf(d.Outbound(f)); got != want {
			t.Errorf("%v: got %d, want %d", f, got, want)
		}
		if got := idOf(d.Inbound(f.Reverse())); got != want {
			t.Errorf("%v inbound: got %d, want %d", f, got, want)
		}
	}
}

// TestManyLocalPrefixesOfOneRemote is of gateways that send everything from many networks to one peer.
func TestManyLocalPrefixesOfOneRemote(t *testing.T) {
	const n = 200
	d := &Database[string]{}
	for i := range n {
		var err error
		if d, err = d.With(policy(t, uint32(i+1), 0, Protect, fmt.Sprintf("10.1.%d.0/24", i), "0.0.0.0/0"), ""); err != nil {
			t.Fatal(err)
		}
	}
	s, ok := d.v4.get(uint128{}, 0)
	if !ok || s.many == nil || len(s.few) != 0 {
		t.Error("many rules are searched one by one")
	}
	for i := range n {
		f := flow(fmt.Sprintf("10.1.%d.7", i), "8.8.8.8", 6, 1, 2)
		if got := idOf(d.Outbound(f)); got != uint32(i+1) {
			t.Errorf("network %d: policy %d", i, got)
		}
		d = d.Without(uint32(i + 1))
		if got := d.Outbound(f); got != nil {
			t.Errorf("network %d: policy %d after its removal", i, got.ID)
		}
	}
	if !d.v4.empty() {
		t.Error("the emptied database keeps nodes")
	}
}

// first is the order of the database, spelt out: it looks at every policy.
func first(policies []Policy, f Flow) uint32 {
	var best Policy
	bestSpecific := -1
	for _, p := range policies {
		for _, l := range p.Local {
			for _, r := range p.Remote {
				if !l.ContainsSource(f) || !r.ContainsDestination(f) {
					continue
				}
				s := Specificity(l, r)
				if best.ID == 0 || p.Priority > best.Priority || p.Priority == best.Priority && s > bestSpecific {
					best, bestSpecific = p, s
				}
			}
		}
	}
	return best.ID
}

func TestLookupAgreesWithASearchOfTheList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []Policy
		d := &Database[string]{}
		for id := range uint32(rapid.IntRange(1, 30).Draw(t, "policies")) {
			p := Policy{ID: id + 1, Priority: rapid.IntRange(0, 2).Draw(t, "priority")}
			p.Local = rapid.SliceOfN(rapid.Custom(genSelector), 1, 3).Draw(t, "local")
			p.Remote = rapid.SliceOfN(rapid.Custom(genSelector), 1, 3).Draw(t, "remote")
			if next, err := d.With(p, ""); err == nil {
				d, list = next, append(list, p)
			}
		}
		for len(list) > 0 {
			for range 10 {
				f := genFlow(t)
				if got, want := idOf(d.Outbound(f)), first(list, f); got != want {
					t.Fatalf("%v: got %d, want %d", f, got, want)
				}
			}
			at := rapid.IntRange(0, len(list)-1).Draw(t, "gone")
			d = d.Without(list[at].ID)
			list = slices.Delete(list, at, at+1)
		}
		if !d.v4.empty() || !d.v6.empty() || d.Len() != 0 {
			t.Fatal("the emptied database keeps nodes")
		}
	})
}

func TestCacheAnswersAsTheDatabase(t *testing.T) {
	f, g := flow("10.0.0.1", "10.1.0.1", 6, 1, 2), flow("10.0.0.1", "10.2.0.1", 6, 1, 2)
	one := databaseOf(t, policy(t, 1, 0, Protect, "10.0.0.0/16", "10.1.0.0/16"))
	two := databaseOf(t, policy(t, 2, 0, Protect, "10.0.0.0/16", "10.1.0.0/16"))
	c := NewCache[string](1)
	for range 2 {
		if a, b := idOf(c.Outbound(one, f)), idOf(c.Outbound(one, f)); a != 1 || b != 1 {
			t.Errorf("found %d, then %d", a, b)
		}
		if got := c.Outbound(one, g); got != nil {
			t.Errorf("found %v for a flow without policy", got)
		}
		if got := idOf(c.Outbound(two, f)); got != 2 {
			t.Errorf("another database: found %d", got)
		}
	}
	if got := c.Outbound(one, Flow{}); got != nil {
		t.Errorf("no flow: found %v", got)
	}
}

func TestActionNames(t *testing.T) {
	if got := fmt.Sprint(Discard, Bypass, Protect); got != "discard bypass protect" {
		t.Errorf("got %q", got)
	}
}
