package lease

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// drawRanges makes ranges within 10.0.0.0/26.
func drawRanges(t *rapid.T, label string, most int) []Range {
	var ranges []Range
	for range rapid.IntRange(0, most).Draw(t, label) {
		first := rapid.IntRange(0, 63).Draw(t, "first")
		last := rapid.IntRange(first, 63).Draw(t, "last")
		ranges = append(ranges, Range{First: low(first), Last: low(last)})
	}
	return ranges
}

func low(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}) }

// covered counts the addresses in some ranges and in none of others, one by one.
func covered(in, out []Range) int64 {
	var n int64
	for i := range 64 {
		if Contains(in, low(i)) && !Contains(out, low(i)) {
			n++
		}
	}
	return n
}

func TestCountCountsEachAddressOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, out := drawRanges(t, "ranges", 4), drawRanges(t, "exclusions", 4)
		if got, want := Count(in, out).Int64(), covered(in, out); got != want {
			t.Fatalf("%v without %v: got %d, want %d", in, out, got, want)
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
			if out[i-1].Overlaps(out[i]) || !out[i-1].Last.Less(out[i].First) {
				t.Fatalf("%v became %v", ranges, out)
			}
		}
	})
}

func TestRangesOfDifferentFamiliesDoNotOverlap(t *testing.T) {
	four := Range{First: netip.MustParseAddr("0.0.0.0"), Last: netip.MustParseAddr("255.255.255.255")}
	six := Range{First: netip.MustParseAddr("::"), Last: netip.MustParseAddr("ffff::")}
	if four.Overlaps(six) || six.Overlaps(four) || !six.Overlaps(six) {
		t.Error("families are mixed up")
	}
	if got := Count([]Range{four}, nil).String(); got != "4294967296" {
		t.Errorf("got %s", got)
	}
}
