package config

import (
	"net/netip"
	"testing"

	"culvert/lease"
)

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
