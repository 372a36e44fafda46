package interop_test

import (
	"strings"
	"testing"
)

// IPv4 and IPv6, inside and outside, in every combination.
func TestIPv6(t *testing.T) {
	inner4, inner6 := [2]string{"10.1.0.1", "10.2.0.1"}, [2]string{"fd01::1", "fd02::1"}
	tests := []struct {
		name   string
		outer6 bool
		inner  [][2]string
	}{
		{"IPv6 in IPv4", false, [][2]string{inner6}},
		{"IPv4 in IPv6", true, [][2]string{inner4}},
		{"IPv6 in IPv6", true, [][2]string{inner6}},
		{"both in IPv6", true, [][2]string{inner4, inner6}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bothRoles(t, func(t *testing.T, initiator who) {
				s := newScene(t)
				r := strings.NewReplacer(families(tt.outer6, tt.inner)...)
				s.start(r.Replace(pskConf("", "")), r.Replace(pskSwan("", "")))
				s.prove(initiator, tt.inner...)
			})
		})
	}
}

// families returns the replacements that give a configuration other addresses.
func families(outer6 bool, inner [][2]string) []string {
	var pairs []string
	if outer6 {
		pairs = append(pairs, "10.99.0.1", "fd99::1", "10.99.0.2", "fd99::2")
	}
	if inner[0][0] == "fd01::1" {
		pairs = append(pairs, "10.1.0.0/24", "fd01::/64", "10.2.0.0/24", "fd02::/64")
	}
	if len(inner) == 2 {
		pairs = append(pairs,
			`"10.1.0.0/24"`, `"10.1.0.0/24", "fd01::/64"`, `"10.2.0.0/24"`, `"10.2.0.0/24", "fd02::/64"`,
			"10.1.0.0/24", "10.1.0.0/24,fd01::/64", "10.2.0.0/24", "10.2.0.0/24,fd02::/64")
	}
	return pairs
}
