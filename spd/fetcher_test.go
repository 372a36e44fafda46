package spd

import (
	"net/netip"
	"testing"
)

// What is fetched is what a look-up comes to: the shelf of the longest prefix around the destination.
func TestFetchingFollowsTheLookUp(t *testing.T) {
	any4, any6 := netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")
	db := &Database[int]{}
	for i, remote := range []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "10.1.2.4/30", "2001:db8::/32", "2001:db8::7/128"} {
		local := any4
		if i > 3 {
			local = any6
		}
		var err error
		p := Policy{ID: uint32(i + 1), Action: Protect, Selectors: Selectors{Local: []Selector{Prefix(local)}, Remote: []Selector{Prefix(netip.MustParsePrefix(remote))}}}
		if db, err = db.With(p, i+1); err != nil {
			t.Fatal(err)
		}
	}
	f := NewFetcher[int](1)
	for to, want := range map[string]uint32{
		"10.9.9.9": 1, "10.1.9.9": 2, "10.1.2.3": 3, "10.1.2.5": 4, "11.0.0.1": 0, "2001:db8:1::1": 5, "2001:db8::7": 6, "2001:db9::": 0,
	} {
		flow := Flow{Destination: netip.MustParseAddr(to)}
		f.Add(db, &flow)
		f.Add(db, &flow)
		f.fetch()
		for _, w := range f.ways {
			got := uint32(0)
			if w.shelf != nil {
				got = w.shelf.few[0].entry.ID
			}
			if got != want {
				t.Errorf("%s: fetched policy %d, want %d", to, got, want)
			}
		}
		if f.Fetch(); len(f.ways) != 0 {
			t.Errorf("%s: %d flows left", to, len(f.ways))
		}
	}
}

func TestFetchingTakesWhatHasNoPolicies(t *testing.T) {
	f := NewFetcher[int](4)
	for _, db := range []*Database[int]{nil, {}} {
		f.Add(db, &Flow{})
		f.Add(db, &Flow{Destination: netip.MustParseAddr("192.0.2.1")})
		f.Add(db, &Flow{Destination: netip.MustParseAddr("2001:db8::1")})
	}
	f.Fetch()
}

func TestTheCacheKnowsWhatItWasAsked(t *testing.T) {
	db, err := (&Database[int]{}).With(Policy{ID: 1, Selectors: Selectors{Local: []Selector{anyV4()}, Remote: []Selector{anyV4()}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	c := NewCache[int](4)
	flow := Flow{Source: netip.MustParseAddr("192.0.2.1"), Destination: netip.MustParseAddr("192.0.2.2")}
	if e := c.Known(db, &flow); e != nil {
		t.Errorf("got %v before it was asked", e)
	}
	if e := c.Outbound(db, flow); e == nil || c.Known(db, &flow) != e {
		t.Errorf("got %v, want %v", c.Known(db, &flow), e)
	}
	if e := c.Known(&Database[int]{}, &flow); e != nil {
		t.Errorf("got %v of another database", e)
	}
}

func anyV4() Selector { return Prefix(netip.MustParsePrefix("0.0.0.0/0")) }
