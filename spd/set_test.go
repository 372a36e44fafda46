package spd

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMerge(t *testing.T) {
	tests := []struct {
		name       string
		list, want []string
	}{
		{"nothing", nil, nil},
		{"duplicates", []string{"10.0.0.0/24", "10.0.0.0/24"}, []string{"10.0.0.0/24"}},
		{"neighbours", []string{"10.0.1.0/24", "10.0.0.0/24"}, []string{"10.0.0.0/23"}},
		{"overlap", []string{"10.0.0.1-10.0.0.9", "10.0.0.5-10.0.0.20"}, []string{"10.0.0.1-10.0.0.20"}},
		{"contained", []string{"10.0.0.0/8", "10.1.0.0/16[tcp/5]"}, []string{"10.0.0.0/8"}},
		{"gap", []string{"10.0.0.0/25", "10.0.1.0/24"}, []string{"10.0.0.0/25", "10.0.1.0/24"}},
		{"ports", []string{"10.0.0.1[tcp/1-5]", "10.0.0.1[tcp/6-9]", "10.0.0.1[tcp/8]"}, []string{"10.0.0.1[tcp/1-9]"}},
		{"ports apart", []string{"10.0.0.1[tcp/1-5]", "10.0.0.1[tcp/7-9]"}, []string{"10.0.0.1[tcp/1-5]", "10.0.0.1[tcp/7-9]"}},
		{"ranges do not become ANY", []string{"10.0.0.1[tcp/0-5]", "10.0.0.1[tcp/6-65535]"}, []string{"10.0.0.1[tcp/0-5]", "10.0.0.1[tcp/6-65535]"}},
		{"ANY swallows opaque", []string{"10.0.0.1[tcp/opaque]", "10.0.0.1[tcp]", "10.0.0.1[tcp/3]"}, []string{"10.0.0.1[tcp]"}},
		{"ports of other addresses", []string{"10.0.0.1[tcp/1-5]", "10.0.0.1-10.0.0.2[tcp/6-9]"}, []string{"10.0.0.1[tcp/1-5]", "10.0.0.1-10.0.0.2[tcp/6-9]"}},
		{"ports of addresses with one end", []string{"10.0.0.1-10.0.0.3[tcp/1-5]", "10.0.0.2-10.0.0.3[tcp/6-9]"}, []string{"10.0.0.1-10.0.0.3[tcp/1-5]", "10.0.0.2/31[tcp/6-9]"}},
		{"families", []string{"::/0", "0.0.0.0/0"}, []string{"0.0.0.0/0", "::/0"}},
		{"the end of the space", []string{"255.255.255.255", "255.255.255.254", "::"}, []string{"255.255.255.254/31", "::"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := sels(t, tt.list...)
			before := slices.Clone(list)
			if got, want := fmt.Sprint(Merge(list)), fmt.Sprint(tt.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if !slices.Equal(list, before) {
				t.Error("Merge changed its argument")
			}
		})
	}
}

func TestIntersectOfLists(t *testing.T) {
	tests := []struct {
		name       string
		a, b, want []string
	}{
		{"narrowed to policy", []string{"0.0.0.0/0"}, []string{"10.1.0.0/16", "10.3.0.0/16"}, []string{"10.1.0.0/16", "10.3.0.0/16"}},
		{"specific first", []string{"10.1.0.5[tcp/80]", "10.0.0.0/8"}, []string{"10.1.0.0/16"}, []string{"10.1.0.0/16"}},
		{"protocols", []string{"10.0.0.0/8[tcp]", "10.0.0.0/8[udp]"}, []string{"10.0.0.0/8[udp/53]"}, []string{"10.0.0.0/8[udp/53]"}},
		{"nothing in common", []string{"10.0.0.0/8"}, []string{"192.168.0.0/16", "::/0"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, want := fmt.Sprint(Intersect(sels(t, tt.a...), sels(t, tt.b...))), fmt.Sprint(tt.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestCovers(t *testing.T) {
	tests := []struct {
		name         string
		outer, inner []string
		want         bool
	}{
		{"nothing is covered by nothing", nil, nil, true},
		{"something is not", nil, []string{"10.0.0.1"}, false},
		{"by one", []string{"10.0.0.0/8"}, []string{"10.1.0.0/16[tcp]", "10.2.0.0/16"}, true},
		{"by two together", []string{"10.0.0.0/9", "10.128.0.0/9"}, []string{"10.0.0.0/8"}, true},
		{"with a hole", []string{"10.0.0.0/9", "10.128.0.1-10.255.255.255"}, []string{"10.0.0.0/8"}, false},
		{"by ports together", []string{"10.0.0.0/8[tcp/1-10]", "10.0.0.0/8[tcp/11-20]"}, []string{"10.0.0.0/8[tcp/5-15]"}, true},
		{"all ports but not opaque", []string{"10.0.0.0/8[tcp/0-10]", "10.0.0.0/8[tcp/11-65535]"}, []string{"10.0.0.0/8[tcp]"}, false},
		{"all ports and opaque", []string{"10.0.0.0/8[tcp/0-10]", "10.0.0.0/8[tcp/11-65535]", "10.0.0.0/8[tcp/opaque]"}, []string{"10.0.0.0/8[tcp]"}, true},
		{"any protocol by one", []string{"10.0.0.0/8[tcp]"}, []string{"10.0.0.0/8"}, false},
		{"the other family", []string{"::/0"}, []string{"10.0.0.0/8"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Covers(sels(t, tt.outer...), sels(t, tt.inner...)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// difference is what subtract leaves, in the form of Merge; everything when that shatters.
func difference(from, what []Selector) []Selector {
	left, ok := subtract(from, what)
	if !ok {
		return Merge(from)
	}
	return Merge(left)
}

func TestSubtract(t *testing.T) {
	tests := []struct {
		name             string
		from, what, want []string
	}{
		// The example of RFC 7296, Section 2.9.1.
		{"one host out of a network", []string{"198.51.100.0/24"}, []string{"198.51.100.66"}, []string{"198.51.100.0-198.51.100.65", "198.51.100.67-198.51.100.255"}},
		{"nothing", []string{"10.0.0.0/8"}, nil, []string{"10.0.0.0/8"}},
		{"everything", []string{"10.0.0.0/8"}, []string{"0.0.0.0/0"}, nil},
		{"a port", []string{"10.0.0.0/8[tcp/20-30]"}, []string{"0.0.0.0/0[tcp/25]"}, []string{"10.0.0.0/8[tcp/20-24]", "10.0.0.0/8[tcp/26-30]"}},
		{"a port of all", []string{"10.0.0.1[tcp]"}, []string{"10.0.0.1[tcp/0]"}, []string{"10.0.0.1[tcp/1-65535]", "10.0.0.1[tcp/opaque]"}},
		{"a protocol of all cannot be said", []string{"10.0.0.0/8"}, []string{"10.0.0.0/8[tcp]"}, []string{"10.0.0.0/8"}},
		{"hidden ports of all cannot be said", []string{"10.0.0.0/8[tcp]"}, []string{"10.0.0.0/8[tcp/opaque]"}, []string{"10.0.0.0/8[tcp]"}},
		{"the other family", []string{"10.0.0.0/8"}, []string{"::/0"}, []string{"10.0.0.0/8"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, want := fmt.Sprint(difference(sels(t, tt.from...), sels(t, tt.what...))), fmt.Sprint(tt.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// everyOther is n selectors of single ports with gaps between them.
func everyOther(t testing.TB, n int) []Selector {
	var list []Selector
	for i := range n {
		s := sel(t, "10.0.0.0/8[tcp]")
		s.StartPort, s.EndPort = uint16(i*8+1), uint16(i*8+1)
		list = append(list, s)
	}
	return list
}

func TestSetsOfPeersAreBounded(t *testing.T) {
	var hosts []Selector
	for n := range 255 {
		hosts = append(hosts, Host(netip.AddrFrom4([4]byte{10, 0, byte(n), 1})))
	}
	if n := len(Intersect(hosts, everyOther(t, 255))); n != maxSet {
		t.Errorf("the intersection has %d selectors", n)
	}
	whole := sels(t, "10.0.0.0/8[tcp]")
	if got := difference(whole, everyOther(t, 1500)); fmt.Sprint(got) != fmt.Sprint(whole) {
		t.Errorf("the difference has %d selectors", len(got))
	}
}

func TestCoversIsBounded(t *testing.T) {
	if Covers(everyOther(t, 1500), sels(t, "10.0.0.0/8[tcp]")) {
		t.Error("covered")
	}
}

// genFlow draws flows that often match what genSelector draws.
func genFlow(t *rapid.T) Flow {
	a, b := rapid.Uint8().Draw(t, "source"), rapid.Uint8().Draw(t, "destination")
	f := Flow{Source: netip.AddrFrom4([4]byte{10, 0, 0, a}), Destination: netip.AddrFrom4([4]byte{10, 0, 0, b})}
	if rapid.Bool().Draw(t, "IPv6 flow") {
		f.Source, f.Destination = netip.AddrFrom16([16]byte{0x20, 15: a}), netip.AddrFrom16([16]byte{0x20, 15: b})
	}
	f.Protocol = rapid.SampledFrom([]uint8{1, 6, 17, 58, 135, 250}).Draw(t, "protocol")
	if f.Opaque = rapid.Bool().Draw(t, "opaque"); !f.Opaque {
		f.SourcePort, f.DestinationPort = rapid.Uint16Range(0, 1500).Draw(t, "from"), rapid.Uint16Range(0, 1500).Draw(t, "to")
	}
	return f
}

func TestSetsMatchTheFlowsTheyShould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.Custom(genSelector), 0, 6).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Custom(genSelector), 0, 6).Draw(t, "b")
		merged, both, covered, without := Merge(a), Intersect(a, b), Covers(a, b), difference(a, b)
		for range 20 {
			f := genFlow(t)
			inA, inB := anySource(a, f), anySource(b, f)
			if got := anySource(merged, f); got != inA {
				t.Fatalf("Merge = %v: matches %v: %v, want %v", merged, f, got, inA)
			}
			if got := anySource(both, f); got != (inA && inB) {
				t.Fatalf("Intersect = %v: matches %v: %v, want %v", both, f, got, inA && inB)
			}
			if got := anySource(without, f); inA && !inB && !got || !inA && got {
				t.Fatalf("Subtract = %v: matches %v: %v", without, f, got)
			}
			if covered && inB && !inA {
				t.Fatalf("Covers, but %v is matched by the inner set only", f)
			}
		}
		if !Covers(a, both) || !Covers(b, both) || !Covers(merged, a) && !Covers(a, merged) {
			t.Fatalf("the intersection %v is not inside both, or %v is not its merged form", both, a)
		}
		if again := Merge(merged); !slices.Equal(again, merged) {
			t.Fatalf("Merge twice: %v, then %v", merged, again)
		}
	})
}
