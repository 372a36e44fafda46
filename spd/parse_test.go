package spd

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseSelector(t *testing.T) {
	tests := []struct {
		text       string
		start, end string
		protocol   uint8
		from, to   uint16
		canonical  string // empty: text
	}{
		{"10.1.0.0/16", "10.1.0.0", "10.1.255.255", 0, 0, 65535, ""},
		{"10.1.2.3", "10.1.2.3", "10.1.2.3", 0, 0, 65535, ""},
		{"10.1.2.3/32", "10.1.2.3", "10.1.2.3", 0, 0, 65535, "10.1.2.3"},
		{"0.0.0.0/0", "0.0.0.0", "255.255.255.255", 0, 0, 65535, ""},
		{"2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0, 65535, ""},
		{"10.0.0.1-10.0.0.9[udp/1000-2000]", "10.0.0.1", "10.0.0.9", 17, 1000, 2000, ""},
		{"10.0.0.0..10.0.0.255", "10.0.0.0", "10.0.0.255", 0, 0, 65535, "10.0.0.0/24"},
		{" 10.1.0.0/16 [ tcp / 443 ] ", "10.1.0.0", "10.1.255.255", 6, 443, 443, "10.1.0.0/16[tcp/443]"},
		{"10.1.0.0/16[TCP]", "10.1.0.0", "10.1.255.255", 6, 0, 65535, "10.1.0.0/16[tcp]"},
		{"10.1.0.0/16[tcp/5-5]", "10.1.0.0", "10.1.255.255", 6, 5, 5, "10.1.0.0/16[tcp/5]"},
		{"10.1.0.0/16[/53]", "10.1.0.0", "10.1.255.255", 0, 53, 53, ""},
		{"10.1.0.0/16[any/53]", "10.1.0.0", "10.1.255.255", 0, 53, 53, "10.1.0.0/16[/53]"},
		{"10.1.0.0/16[tcp/any]", "10.1.0.0", "10.1.255.255", 6, 0, 65535, "10.1.0.0/16[tcp]"},
		{"10.1.0.0/16[tcp/opaque]", "10.1.0.0", "10.1.255.255", 6, 65535, 0, ""},
		{"10.1.0.0/16[icmp/8]", "10.1.0.0", "10.1.255.255", 1, 0x0800, 0x08ff, ""},
		{"10.1.0.0/16[icmp/3-5]", "10.1.0.0", "10.1.255.255", 1, 0x0300, 0x05ff, ""},
		{"10.1.0.0/16[icmp/3(4)]", "10.1.0.0", "10.1.255.255", 1, 0x0304, 0x0304, ""},
		{"10.1.0.0/16[icmp/3(1)-3(4)]", "10.1.0.0", "10.1.255.255", 1, 0x0301, 0x0304, ""},
		{"10.1.0.0/16[icmp/2048]", "10.1.0.0", "10.1.255.255", 1, 0x0800, 0x0800, "10.1.0.0/16[icmp/8(0)]"},
		{"::/0[ipv6-icmp/128-129]", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 58, 0x8000, 0x81ff, "::/0[icmpv6/128-129]"},
		{"::1[mh/5]", "::1", "::1", 135, 0x0500, 0x0500, ""},
		{"::1[mh/5(1)]", "::1", "::1", 135, 0x0501, 0x0501, ""},
		{"::1[200/7]", "::1", "::1", 200, 7, 7, ""},
		{"::1[gre]", "::1", "::1", 47, 0, 65535, ""},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got := sel(t, tt.text)
			want := Selector{netip.MustParseAddr(tt.start), netip.MustParseAddr(tt.end), tt.protocol, tt.from, tt.to}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if tt.canonical == "" {
				tt.canonical = tt.text
			}
			if s := got.String(); s != tt.canonical {
				t.Errorf("String() = %q, want %q", s, tt.canonical)
			}
		})
	}
}

func TestParseSelectorSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "no address"},
		{"[icmp/8]", "no address"},
		{"10.1.2.3/16", "write 10.1.0.0/16"},
		{"10.1.0.0/33", "prefix"},
		{"fe80::1%eth0", "zone"},
		{"::ffff:10.0.0.1", "write 10.0.0.1"},
		{"::ffff:10.0.0.0/104", "IPv6 form"},
		{"10.0.0.9-10.0.0.1", "write 10.0.0.1-10.0.0.9"},
		{"10.0.0.1-::1", "address family"},
		{"x-10.0.0.1", `"x" is no IP address`},
		{"10.0.0.1-y", `"y" is no IP address`},
		{"10.0.0.1[tcp", "closing bracket"},
		{"10.0.0.1[tpc]", `unknown protocol "tpc"`},
		{"10.0.0.1[256]", "unknown protocol"},
		{"10.0.0.1[tcp/65536]", "between 0 and 65535"},
		{"10.0.0.1[tcp/http]", "between 0 and 65535"},
		{"10.0.0.1[tcp/9-5]", "backwards"},
		{"10.0.0.1[tcp/9-x]", `"x"`},
		{"10.0.0.1[icmp/3(4]", "closing bracket"},
		{"10.0.0.1[icmp/300(4)]", "between 0 and 255"},
		{"10.0.0.1[icmp/3(400)]", "between 0 and 255"},
		{"::1[mh/256]", "between 0 and 255"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			_, err := ParseSelector(tt.text)
			if !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestFormatOfInvalidSelectorDoesNotPanic(t *testing.T) {
	if got := (Selector{}).String(); got != "invalid selector" {
		t.Errorf("got %q", got)
	}
	mixed := Selector{Start: netip.MustParseAddr("10.0.0.0"), End: netip.IPv6LinkLocalAllNodes()}
	if got := mixed.String(); !strings.Contains(got, "-") {
		t.Errorf("got %q", got)
	}
}

// genSelector draws valid selectors, often close to each other.
func genSelector(t *rapid.T) Selector {
	var s Selector
	a, b := rapid.Uint8().Draw(t, "a"), rapid.Uint8().Draw(t, "b")
	if a > b {
		a, b = b, a
	}
	if rapid.Bool().Draw(t, "IPv6") {
		s.Start, s.End = netip.AddrFrom16([16]byte{0x20, 15: a}), netip.AddrFrom16([16]byte{0x20, 15: b})
	} else {
		s.Start, s.End = netip.AddrFrom4([4]byte{10, 0, 0, a}), netip.AddrFrom4([4]byte{10, 0, 0, b})
	}
	s.Protocol = rapid.SampledFrom([]uint8{0, 0, 1, 6, 17, 58, 135, 250}).Draw(t, "protocol")
	switch rapid.IntRange(0, 3).Draw(t, "ports") {
	case 0:
		s.StartPort, s.EndPort = OpaqueStart, OpaqueEnd
	case 1:
		s.EndPort = 65535
	default:
		s.StartPort = rapid.Uint16Range(0, 700).Draw(t, "start")
		s.EndPort = s.StartPort + rapid.Uint16Range(0, 700).Draw(t, "more")
	}
	return s
}

func TestParseReadsWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSelector(t)
		got, err := ParseSelector(s.String())
		if err != nil || got != s {
			t.Fatalf("%+v is written %q and read %+v, %v", s, s.String(), got, err)
		}
	})
}

func FuzzParseSelector(f *testing.F) {
	for _, seed := range []string{"10.1.0.0/16[tcp/443]", "::/0[icmpv6/128-129]", "10.0.0.1-10.0.0.9[/opaque]", "::1[mh/5(1)]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSelector(text)
		if err != nil {
			return
		}
		if !s.Valid() {
			t.Fatalf("%q is read as %+v, which is not valid", text, s)
		}
		if again, err := ParseSelector(s.String()); err != nil || again != s {
			t.Fatalf("%q is read as %+v, written %q, read %+v, %v", text, s, s.String(), again, err)
		}
	})
}
