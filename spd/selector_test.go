package spd

import (
	"net/netip"
	"testing"
)

func sel(t testing.TB, text string) Selector {
	t.Helper()
	s, err := ParseSelector(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sels(t testing.TB, texts ...string) []Selector {
	t.Helper()
	var list []Selector
	for _, text := range texts {
		list = append(list, sel(t, text))
	}
	return list
}

func TestSelectorContains(t *testing.T) {
	tests := []struct {
		name, outer, inner string
		want               bool
	}{
		{"itself", "10.0.0.0/8[tcp/443]", "10.0.0.0/8[tcp/443]", true},
		{"a longer prefix", "10.0.0.0/8", "10.1.0.0/16", true},
		{"a shorter prefix", "10.1.0.0/16", "10.0.0.0/8", false},
		{"a range that reaches out", "10.0.0.0/24", "10.0.0.250-10.0.1.1", false},
		{"any protocol contains one", "10.0.0.0/8", "10.0.0.0/8[udp]", true},
		{"one protocol does not contain any", "10.0.0.0/8[udp]", "10.0.0.0/8", false},
		{"ports inside", "10.0.0.0/8[udp/10-20]", "10.0.0.0/8[udp/12-20]", true},
		{"ports outside", "10.0.0.0/8[udp/10-20]", "10.0.0.0/8[udp/12-21]", false},
		{"any port contains opaque", "10.0.0.0/8[udp]", "10.0.0.0/8[udp/opaque]", true},
		{"a range does not contain opaque", "10.0.0.0/8[udp/1-65535]", "10.0.0.0/8[udp/opaque]", false},
		{"opaque contains opaque", "10.0.0.0/8[udp/opaque]", "10.0.0.0/8[udp/opaque]", true},
		{"opaque does not contain a port", "10.0.0.0/8[udp/opaque]", "10.0.0.0/8[udp/7]", false},
		{"opaque does not contain any", "10.0.0.0/8[udp/opaque]", "10.0.0.0/8[udp]", false},
		{"the other family", "0.0.0.0/0", "::/0", false},
		{"IPv6", "2001:db8::/32", "2001:db8:1::-2001:db8:2::", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := sel(t, tt.outer).Contains(sel(t, tt.inner)); got != tt.want {
				t.Errorf("(%s).Contains(%s) = %v, want %v", tt.outer, tt.inner, got, tt.want)
			}
		})
	}
}

func TestSelectorIntersect(t *testing.T) {
	tests := []struct{ name, a, b, want string }{
		{"prefixes nest", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16"},
		{"ranges overlap", "10.0.0.1-10.0.0.9", "10.0.0.5-10.0.0.20", "10.0.0.5-10.0.0.9"},
		{"addresses apart", "10.0.0.0/24", "10.0.1.0/24", ""},
		{"protocol narrows any", "10.0.0.0/8[tcp]", "10.0.0.0/8", "10.0.0.0/8[tcp]"},
		{"protocols apart", "10.0.0.0/8[tcp]", "10.0.0.0/8[udp]", ""},
		{"ports overlap", "10.0.0.0/8[tcp/1-100]", "10.0.0.0/8[tcp/50-200]", "10.0.0.0/8[tcp/50-100]"},
		{"ports apart", "10.0.0.0/8[tcp/1-9]", "10.0.0.0/8[tcp/10-20]", ""},
		{"any port and opaque", "10.0.0.0/8[tcp]", "10.0.0.0/8[tcp/opaque]", "10.0.0.0/8[tcp/opaque]"},
		{"opaque and opaque", "10.0.0.0/8[tcp/opaque]", "10.0.0.0/8[/opaque]", "10.0.0.0/8[tcp/opaque]"},
		{"a port and opaque", "10.0.0.0/8[tcp/5]", "10.0.0.0/8[tcp/opaque]", ""},
		{"families apart", "0.0.0.0/0", "::/0", ""},
		{"port of any protocol", "10.0.0.0/8[/53]", "10.0.0.0/8[udp]", "10.0.0.0/8[udp/53]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := sel(t, tt.a), sel(t, tt.b)
			for _, pair := range [][2]Selector{{a, b}, {b, a}} {
				got, ok := pair[0].Intersect(pair[1])
				if ok != (tt.want != "") {
					t.Fatalf("ok = %v, want %q", ok, tt.want)
				}
				if ok && got != sel(t, tt.want) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			}
		})
	}
}

func TestSelectorMatchesFlows(t *testing.T) {
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.1.0.1")
	tcp := Flow{Source: a, Destination: b, Protocol: 6, SourcePort: 1000, DestinationPort: 443}
	hidden := Flow{Source: a, Destination: b, Protocol: 6, Opaque: true}
	echo := Flow{Source: a, Destination: b, Protocol: 1, SourcePort: 0x0800, DestinationPort: 0x0800}
	gre := Flow{Source: a, Destination: b, Protocol: 47, Opaque: true}
	tests := []struct {
		name                string
		source, destination string
		flow                Flow
		want                bool
	}{
		{"addresses only", "10.0.0.0/24", "10.1.0.0/24", tcp, true},
		{"wrong source", "10.0.1.0/24", "10.1.0.0/24", tcp, false},
		{"wrong destination", "10.0.0.0/24", "10.2.0.0/24", tcp, false},
		{"destination port", "10.0.0.0/24[tcp]", "10.1.0.0/24[tcp/443]", tcp, true},
		{"the port is not the source's", "10.0.0.0/24[tcp/443]", "10.1.0.0/24[tcp]", tcp, false},
		{"wrong protocol", "10.0.0.0/24[udp]", "10.1.0.0/24[udp]", tcp, false},
		{"hidden ports match any port", "10.0.0.0/24[tcp]", "10.1.0.0/24[tcp]", hidden, true},
		{"hidden ports match opaque", "10.0.0.0/24[tcp/opaque]", "10.1.0.0/24[tcp/opaque]", hidden, true},
		{"hidden ports match no port", "10.0.0.0/24[tcp]", "10.1.0.0/24[tcp/0-443]", hidden, false},
		{"visible ports do not match opaque", "10.0.0.0/24[tcp/opaque]", "10.1.0.0/24[tcp]", tcp, false},
		{"ICMP by the sender's selector", "10.0.0.0/24[icmp/8]", "10.1.0.0/24[icmp/opaque]", echo, true},
		{"ICMP that may not be sent", "10.0.0.0/24[icmp/opaque]", "10.1.0.0/24[icmp/8]", echo, false},
		{"ICMP of another type", "10.0.0.0/24[icmp/0]", "10.1.0.0/24[icmp]", echo, false},
		{"a protocol without ports is opaque", "10.0.0.0/24[gre/opaque]", "10.1.0.0/24[gre/opaque]", gre, true},
		{"a protocol without ports has no port", "10.0.0.0/24[/0-9]", "10.1.0.0/24", gre, false},
		{"the other family", "::/0", "::/0", tcp, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Selectors{Local: sels(t, tt.source), Remote: sels(t, tt.destination)}
			if got := s.Outbound(tt.flow); got != tt.want {
				t.Errorf("Outbound = %v, want %v", got, tt.want)
			}
			back := Selectors{Local: s.Remote, Remote: s.Local}
			if got := back.Inbound(tt.flow); got != tt.want {
				t.Errorf("Inbound = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSelectorOfPrefixesAndHosts(t *testing.T) {
	p := Prefix(netip.MustParsePrefix("10.1.2.3/16"))
	if p != sel(t, "10.1.0.0/16") {
		t.Errorf("Prefix = %v", p)
	}
	if h := Host(netip.MustParseAddr("::1")); h != sel(t, "::1") || h.Is4() {
		t.Errorf("Host = %v", h)
	}
	if Prefix(netip.Prefix{}).Valid() {
		t.Error("the selector of no prefix is valid")
	}
}

func TestSelectorValid(t *testing.T) {
	good := sel(t, "10.0.0.0/8[tcp/1-2]")
	tests := []struct {
		name   string
		change func(*Selector)
	}{
		{"no start", func(s *Selector) { s.Start = netip.Addr{} }},
		{"no end", func(s *Selector) { s.End = netip.Addr{} }},
		{"mixed families", func(s *Selector) { s.End = netip.IPv6Unspecified() }},
		{"backwards", func(s *Selector) { s.End = netip.MustParseAddr("9.0.0.0") }},
		{"ports backwards", func(s *Selector) { s.StartPort = 3 }},
		{"zone", func(s *Selector) {
			s.Start, s.End = netip.MustParseAddr("fe80::1%a"), netip.MustParseAddr("fe80::1%a")
		}},
	}
	if !good.Valid() || !sel(t, "::/0[udp/opaque]").Valid() {
		t.Fatal("a good selector is not valid")
	}
	for _, tt := range tests {
		bad := good
		tt.change(&bad)
		if bad.Valid() {
			t.Errorf("%s: valid", tt.name)
		}
	}
}

func TestFlowSelectors(t *testing.T) {
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.1.0.1")
	f := Flow{Source: a, Destination: b, Protocol: 17, SourcePort: 1000, DestinationPort: 53}
	if got := f.SourceSelector(); got != sel(t, "10.0.0.1[udp/1000]") {
		t.Errorf("source: %v", got)
	}
	if got := f.DestinationSelector(); got != sel(t, "10.1.0.1[udp/53]") {
		t.Errorf("destination: %v", got)
	}
	f.Opaque = true
	if got := f.SourceSelector(); got != sel(t, "10.0.0.1[udp]") {
		t.Errorf("hidden ports: %v", got)
	}
	if r := f.Reverse(); r.Source != b || r.DestinationPort != 1000 || r.Reverse() != f {
		t.Errorf("Reverse = %v", r)
	}
}
