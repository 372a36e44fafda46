package wire

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// dualTS is the TSi of a client of strongSwan that asks for everything.
const dualTS = "02000000 070000100000ffff00000000ffffffff" +
	"080000280000ffff00000000000000000000000000000000ffffffffffffffffffffffffffffffff"

// ipRange is a selector of all protocols and ports.
func ipRange(start, end string) TrafficSelector {
	s := TrafficSelector{TSType: TSIPv4AddrRange, EndPort: 65535, Start: netip.MustParseAddr(start), End: netip.MustParseAddr(end)}
	if s.Start.Is6() {
		s.TSType = TSIPv6AddrRange
	}
	return s
}

func TestTSForeign(t *testing.T) {
	rfc := ipRange("198.51.100.66", "198.51.100.66") // RFC 7296, Section 3.13: UDP ports 100 and 200
	rfc.Protocol, rfc.StartPort, rfc.EndPort = 17, 100, 100
	second := rfc
	second.StartPort, second.EndPort = 200, 200
	opaque := ipRange("10.1.0.0", "10.1.0.255")
	opaque.StartPort, opaque.EndPort = OpaqueStartPort, OpaqueEndPort
	checkForeign(t, []foreign{
		{"one network", "01000000 070000100000ffff0a0100000a0100ff", &TS{PayloadTSi, []TrafficSelector{
			ipRange("10.1.0.0", "10.1.0.255"),
		}}},
		{"everything, IPv4 and IPv6", dualTS, &TS{PayloadTSr, []TrafficSelector{
			ipRange("0.0.0.0", "255.255.255.255"), ipRange("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
		}}},
		{"RFC 7296 example", "02000000 0711001000640064c6336442c6336442 0711001000c800c8c6336442c6336442",
			&TS{PayloadTSi, []TrafficSelector{rfc, second}}},
		{"OPAQUE ports", "01000000 07000010ffff00000a0100000a0100ff", &TS{PayloadTSi, []TrafficSelector{opaque}}},
		{"security label (RFC 9478)", "01000000 0a000008 61626364", &TS{PayloadTSi, []TrafficSelector{
			{TSType: TSSecLabel, Raw: []byte("abcd")},
		}}},
	})
}

func TestTSRefused(t *testing.T) {
	const zero6, one6 = "00000000000000000000000000000000", "00000000000000000000000000000001"
	checkRefused(t, PayloadTSi, map[string]refusal{
		"no selector":                      {"00000000", errNoSelectors},
		"more selectors than content":      {"ff000000 070000100000ffff0a0100000a0100ff", errShort},
		"fewer selectors than content":     {"01000000 070000100000ffff0a0100000a0100ff 0a000004", errLength},
		"start port above end port":        {"01000000 07060010005000000a0100000a0100ff", errPorts},
		"OPAQUE start only":                {"01000000 07060010ffff00010a0100000a0100ff", errPorts},
		"start address above end address":  {"01000000 070000100000ffff0a0101000a0100ff", errAddresses},
		"IPv6 addresses in reverse":        {"01000000 080000280000ffff" + one6 + zero6, errAddresses},
		"IPv4 selector of IPv6 length":     {"01000000 070000280000ffff" + zero6 + zero6, errSelectorSize},
		"IPv6 selector of IPv4 length":     {"01000000 080000100000ffff0a0100000a0100ff", errSelectorSize},
		"selector length below its header": {"01000000 0a000003", errSelectorSize},
		"selector length above content":    {"01000000 0a000009 61626364", errShort},
		"second selector cut off":          {"02000000 070000100000ffff0a0100000a0100ff 0700", errShort},
	})
}

func TestTSIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *TS {
		return &TS{
			Payload:   rapid.SampledFrom([]PayloadType{PayloadTSi, PayloadTSr}).Draw(t, "payload"),
			Selectors: rapid.SliceOfN(rapid.Custom(drawSelector), 1, 20).Draw(t, "selectors"),
		}
	}))
}

// drawSelector generates a valid selector of any type.
func drawSelector(t *rapid.T) TrafficSelector {
	kind := rapid.SampledFrom([]TSType{TSIPv4AddrRange, TSIPv6AddrRange, TSSecLabel, 200}).Draw(t, "type")
	s := TrafficSelector{TSType: kind, Protocol: rapid.Byte().Draw(t, "protocol")}
	size := kind.addressLen()
	if size == 0 {
		s.Raw = anyOctets(30).Draw(t, "raw")
		return s
	}
	address := rapid.Map(rapid.SliceOfN(rapid.Byte(), size, size), func(b []byte) netip.Addr {
		a, _ := netip.AddrFromSlice(b)
		return a
	})
	s.Start, s.End = address.Draw(t, "start"), address.Draw(t, "end")
	if s.End.Less(s.Start) {
		s.Start, s.End = s.End, s.Start
	}
	s.StartPort, s.EndPort = rapid.Uint16().Draw(t, "start port"), rapid.Uint16().Draw(t, "end port")
	if s.StartPort > s.EndPort {
		s.StartPort, s.EndPort = s.EndPort, s.StartPort
	}
	return s
}

func TestTSPrefixes(t *testing.T) {
	checkPrefixes(t, PayloadTSi, dualTS, 60)
	checkPrefixes(t, PayloadTSr, "01000000 0a000008 61626364", 12)
}

func TestTrafficSelectorString(t *testing.T) {
	dns := ipRange("10.0.0.1", "10.0.0.9")
	dns.Protocol, dns.StartPort, dns.EndPort = 17, 53, 53
	low := ipRange("10.0.0.1", "10.0.0.1")
	low.EndPort = 1023
	opaque := ipRange("::1", "::1")
	opaque.Protocol, opaque.StartPort, opaque.EndPort = 6, OpaqueStartPort, OpaqueEndPort
	tests := []struct {
		name     string
		selector TrafficSelector
		want     string
	}{
		{"all ports", ipRange("10.0.0.0", "10.0.0.255"), "10.0.0.0-10.0.0.255"},
		{"one port", dns, "10.0.0.1-10.0.0.9 proto 17 ports 53-53"},
		{"ports from zero", low, "10.0.0.1-10.0.0.1 ports 0-1023"},
		{"OPAQUE", opaque, "::1-::1 proto 6 ports OPAQUE"},
		{"label", TrafficSelector{TSType: TSSecLabel, Raw: []byte{0xab}}, "TS_SECLABEL ab"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.selector.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzTS(f *testing.F) { fuzzPayload(f, PayloadTSi) }
