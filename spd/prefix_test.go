package spd

import (
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

func TestPrefixesOfRanges(t *testing.T) {
	tests := []struct{ selector, want string }{
		{"10.0.0.0/24", "[10.0.0.0/24]"},
		{"0.0.0.0/0", "[0.0.0.0/0]"},
		{"::/0", "[::/0]"},
		{"10.0.0.1-10.0.0.9", "[10.0.0.1/32 10.0.0.2/31 10.0.0.4/30 10.0.0.8/31]"},
		{"255.255.255.254-255.255.255.255", "[255.255.255.254/31]"},
		{"10.0.0.255-10.0.1.0", "[10.0.0.255/32 10.0.1.0/32]"},
		{"2001:db8::1-2001:db8::4", "[2001:db8::1/128 2001:db8::2/127 2001:db8::4/128]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(sel(t, tt.selector).Prefixes(nil)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.selector, got, tt.want)
		}
	}
}

func TestPrefixesAreBounded(t *testing.T) {
	if n := len(sel(t, "0.0.0.1-255.255.255.254").Prefixes(nil)); n != 62 {
		t.Errorf("the worst IPv4 range takes %d prefixes, want 62", n)
	}
	if n := len(sel(t, "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe").Prefixes(nil)); n != 254 {
		t.Errorf("the worst IPv6 range takes %d prefixes, want 254", n)
	}
}

func TestPrefixesCoverTheRangeExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSelector(t)
		next := s.Start
		for _, p := range s.Prefixes(nil) {
			if p.Addr() != next || p.Masked() != p {
				t.Fatalf("%v: %v does not begin at %v", s, p, next)
			}
			next = lastAddr(p).Next()
		}
		if next != s.End.Next() {
			t.Fatalf("%v: the prefixes end before %v", s, next)
		}
	})
}

func TestCoveringPrefix(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1-10.0.0.9": "10.0.0.0/28", "10.0.0.7": "10.0.0.7/32", "127.255.255.255-128.0.0.0": "0.0.0.0/0",
		"2001:db8::1-2001:db8::2": "2001:db8::/126", "::1": "::1/128",
	} {
		if got := sel(t, text).covering(); got.String() != want {
			t.Errorf("%s: got %v, want %s", text, got, want)
		}
	}
	if p, ok := sel(t, "10.0.0.1-10.0.0.9").IsPrefix(); ok {
		t.Errorf("a range is the prefix %v", p)
	}
	if p, ok := sel(t, "10.0.0.0-10.0.0.127").IsPrefix(); !ok || p != netip.MustParsePrefix("10.0.0.0/25") {
		t.Errorf("got %v, %v", p, ok)
	}
}
