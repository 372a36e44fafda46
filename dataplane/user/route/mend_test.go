package route

import (
	"maps"
	"net/netip"
	"testing"

	"culvert/dataplane"
	"culvert/dataplane/removal"
)

var lostEvents = removal.Event{Kind: removal.Lost}

func TestOnlyWhatIsOursComesBack(t *testing.T) {
	p, k := newTestPlumber("192.0.2.1/24")
	set(t, p, inEveryWay(t)...)
	var some route
	for some = range k.routes {
		break
	}
	clear(k.routes)
	gone := func(table int, remote netip.Prefix) removal.Event {
		return removal.Event{Kind: removal.Route, Table: table, Remote: remote}
	}
	happen(p, gone(some.table, netip.MustParsePrefix("198.51.100.0/24")), gone(firstTable-1, some.remote))
	if len(k.routes) != 0 {
		t.Errorf("routes %v", k.routes)
	}
	happen(p, gone(some.table, some.remote))
	if !k.routes[some] || len(k.routes) != 1 {
		t.Errorf("routes %v, want %v", k.routes, some)
	}
}

func TestLostNewsIsAReasonToLookAtEverything(t *testing.T) {
	p, k := newTestPlumber("192.0.2.1/24")
	set(t, p, inEveryWay(t)...)
	rules, routes, addresses := maps.Clone(k.rules), maps.Clone(k.routes), maps.Clone(k.addresses)
	var told []dataplane.Restored
	p.SetRestored(func(r dataplane.Restored) { told = append(told, r) })
	clear(k.rules)
	clear(k.routes)
	clear(k.addresses)
	k.breached = true
	happen(p, lostEvents)
	if !maps.Equal(rules, k.rules) || !maps.Equal(routes, k.routes) || !maps.Equal(addresses, k.addresses) || k.breached {
		t.Errorf("rules %v, routes %v, addresses %v, breached %v", k.rules, k.routes, k.addresses, k.breached)
	}
	want := dataplane.Restored{Rules: len(rules), Routes: len(routes), Addresses: len(addresses), Filters: 1}
	if len(told) != 1 || told[0] != want {
		t.Errorf("told %+v, want %+v", told, want)
	}
	happen(p, lostEvents)
	if len(told) != 1 {
		t.Errorf("nothing was missing, and yet %+v", told)
	}
}

func TestNothingIsPutBackWithoutTheDevice(t *testing.T) {
	p, k := newTestPlumber("192.0.2.1/24")
	set(t, p, inEveryWay(t)...)
	clear(k.rules)
	k.bereft = true
	happen(p, lostEvents)
	if len(k.rules) != 0 {
		t.Errorf("rules %v", k.rules)
	}
}

// However much is removed, what is kept about it is bounded.
func TestManyRemovalsBecomeOneLookAtEverything(t *testing.T) {
	p, _ := newTestPlumber("192.0.2.1/24")
	for i := range 10 * mostMissing {
		remote := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24)
		for _, e := range []removal.Event{
			{Kind: removal.Route, Table: firstTable, Remote: remote}, {Kind: removal.Rule, Preference: firstPreference, Table: i},
		} {
			if !p.missing.note(&p.config, e) {
				t.Fatalf("%+v means nothing", e)
			}
		}
	}
	f := p.missing.take()
	if len(f.rules)+len(f.routes) > 0 || !f.everyRule || !f.everyRoute {
		t.Errorf("%d rules, %d routes, %v, %v", len(f.rules), len(f.routes), f.everyRule, f.everyRoute)
	}
}
