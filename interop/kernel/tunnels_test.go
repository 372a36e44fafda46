package kernel_test

import (
	"strings"
	"testing"
)

// IPv4 and IPv6 inside and outside, both modes (but no fragments in transport mode, which carries none: RFC 4301, Section 7), ESP in UDP, and padding against traffic analysis.
func TestTunnels(t *testing.T) {
	const transport = "mode = transport"
	inner4, inner6 := [2]string{"10.1.0.1", "10.2.0.1"}, [2]string{"fd01::1", "fd02::1"}
	outer4, outer6 := [2]string{"10.99.0.1", "10.99.0.2"}, [2]string{"fd99::1", "fd99::2"}
	pairs := func(p ...[2]string) [][2]string { return p }
	encapsulated := link{ours: "force_encapsulation = true", theirs: "encap = yes"}
	tests := []struct {
		name  string
		link  link
		child child
	}{
		{"IPv6 in IPv4", link{}, child{inner: pairs(inner6)}},
		{"both in IPv6", link{outer6: true}, child{inner: pairs(inner4, inner6)}},
		{"transport, IPv4", link{}, child{inner: pairs(outer4), ours: `mode = "transport"`, theirs: transport}},
		{"transport, IPv6", link{outer6: true}, child{inner: pairs(outer6), ours: `mode = "transport"`, theirs: transport}},
		{"in UDP", encapsulated, child{inner: pairs(inner4, inner6)}},
		{"in UDP over IPv6", link{outer6: true, ours: encapsulated.ours, theirs: encapsulated.theirs}, child{inner: pairs(inner4)}},
		{"transport in UDP", encapsulated, child{inner: pairs(outer4), ours: `mode = "transport"`, theirs: transport}},
		{"padded", link{}, child{inner: pairs(inner4), ours: "tfc = 700", theirs: "tfc_padding = 800"}},
		{"padded to the path MTU", link{}, child{inner: pairs(inner4), ours: `tfc = "mtu"`, theirs: "tfc_padding = mtu"}},
	}
	eachBackend(t, func(t *testing.T, s *scene) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				defer s.lend(t)()
				tt.child.name = "net"
				if strings.HasPrefix(tt.name, "transport") {
					tt.child.largest = 1300
				}
				tt.link.children = []child{tt.child}
				s.prove(tt.link)
			})
		}
	})
}
