package config

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"culvert/lease"
)

// drawRanges makes ranges within 10.0.0.0/26.
func drawRanges(t *rapid.T, label string, most int) []lease.Range {
	var ranges []lease.Range
	for range rapid.IntRange(0, most).Draw(t, label) {
		first := rapid.IntRange(0, 63).Draw(t, "first")
		last := rapid.IntRange(first, 63).Draw(t, "last")
		ranges = append(ranges, lease.Range{First: low(first), Last: low(last)})
	}
	return ranges
}

func low(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}) }

// covered counts the addresses in some ranges and in none of others, one by one.
func covered(in, out []lease.Range) int64 {
	var n int64
	for i := range 64 {
		if inRanges(in, low(i)) && !inRanges(out, low(i)) {
			n++
		}
	}
	return n
}

func TestSizeCountsEachAddressOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Pool{Addresses: merged(drawRanges(t, "ranges", 4)), Exclude: drawRanges(t, "exclusions", 4)}
		if got, want := p.Size().Int64(), covered(p.Addresses, p.Exclude); got != want {
			t.Fatalf("%v without %v: got %d, want %d", p.Addresses, p.Exclude, got, want)
		}
	})
}

func TestMergedRangesAreApartAndHoldTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ranges := drawRanges(t, "ranges", 6)
		out := merged(ranges)
		if got, want := covered(out, nil), covered(ranges, nil); got != want {
			t.Fatalf("%v became %v: %d addresses, want %d", ranges, out, got, want)
		}
		for i := 1; i < len(out); i++ {
			if overlap(out[i-1], out[i]) || !out[i-1].Last.Less(out[i].First) {
				t.Fatalf("%v became %v", ranges, out)
			}
		}
	})
}

func TestRangesOfDifferentFamiliesDoNotOverlap(t *testing.T) {
	four := lease.Range{First: netip.MustParseAddr("0.0.0.0"), Last: netip.MustParseAddr("255.255.255.255")}
	six := lease.Range{First: netip.MustParseAddr("::"), Last: netip.MustParseAddr("ffff::")}
	if overlap(four, six) || overlap(six, four) || !overlap(six, six) {
		t.Error("families are mixed up")
	}
	if got := rangeSize(four).String(); got != "4294967296" {
		t.Errorf("got %s", got)
	}
}

// Of a prefix, what is left out is no host: a brute-force reading of the rule.
func TestPrefixesKeepTheirHosts(t *testing.T) {
	tests := []struct{ text, first, last string }{
		{"10.0.0.0/24", "10.0.0.1", "10.0.0.254"},
		{"10.0.0.0/29", "10.0.0.1", "10.0.0.6"},
		{"10.0.0.4/30", "10.0.0.5", "10.0.0.6"},
		{"10.0.0.4/31", "10.0.0.4", "10.0.0.5"},
		{"10.0.0.4/32", "10.0.0.4", "10.0.0.4"},
		{"0.0.0.0/0", "0.0.0.1", "255.255.255.254"},
		{"2001:db8::/64", "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"},
		{"2001:db8::/126", "2001:db8::1", "2001:db8::3"},
		{"2001:db8::/127", "2001:db8::", "2001:db8::1"},
		{"2001:db8::/128", "2001:db8::", "2001:db8::"},
		{"10.0.0.0-10.0.0.255", "10.0.0.0", "10.0.0.255"},
		{"10.0.0.9", "10.0.0.9", "10.0.0.9"},
	}
	for _, tt := range tests {
		got, err := parseRange(tt.text)
		want := lease.Range{First: netip.MustParseAddr(tt.first), Last: netip.MustParseAddr(tt.last)}
		if err != nil || got != want {
			t.Errorf("%s: got %v and %v, want %v", tt.text, got, err, want)
		}
	}
}
