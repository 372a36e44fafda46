package swanctl

import (
	"slices"
	"testing"
)

func TestRangesOfAddressesBecomePrefixes(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string // nil: it is refused
	}{
		{"10.0.0.1-10.0.0.4", []string{"10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32"}},
		{"0.0.0.0-255.255.255.255", []string{"0.0.0.0/0"}},
		{"2001:db8::-2001:db8::ffff", []string{"2001:db8::/112"}},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", []string{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"}},
		{"10.0.0.4-10.0.0.1", nil},
		{"10.0.0.1-2001:db8::1", nil},
		{"fe80::1%eth0-fe80::9%eth0", nil},
		{"fe80::1-fe80::9%eth0", nil},
		{"10.0.0.1-", nil},
	} {
		got, err := prefixesOf(tt.text)
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("%s: got %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
}
