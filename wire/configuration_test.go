package wire

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Configuration payloads of strongSwan: what a client asks for and what the gateway gives.
const (
	addressRequest = "01000000 00010000 00080000"
	addressReply   = "02000000 00010004 0a030001 00080011 fd03000000000000000000000000000140" +
		"0019000b 6578616d706c652e636f6d 00030004 0a020035 70040008 0a020000ffffff00"
)

func TestConfigurationForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"request", addressRequest, &Configuration{ConfigType: ConfigRequest, Attributes: []Attribute{
			{Type: AttrInternalIP4Address}, {Type: AttrInternalIP6Address},
		}}},
		{"reply", addressReply, &Configuration{ConfigType: ConfigReply, Attributes: []Attribute{
			{AttrInternalIP4Address, []byte{10, 3, 0, 1}},
			{AttrInternalIP6Address, octets(t, "fd03000000000000000000000000000140")},
			{AttrInternalDNSDomain, []byte("example.com")},
			{AttrInternalIP4DNS, []byte{10, 2, 0, 53}},
			{AttrUnitySplitInclude, []byte{10, 2, 0, 0, 255, 255, 255, 0}},
		}}},
		{"empty acknowledgement", "04000000", &Configuration{ConfigType: ConfigAck}},
	})
}

func TestConfigurationIgnoresReservedBits(t *testing.T) {
	p, err := parseOne(PayloadCP, octets(t, "01ffffff 80010000"))
	if err != nil {
		t.Fatal(err)
	}
	c := p.(*Configuration)
	if c.ConfigType != ConfigRequest || c.Attributes[0].Type != AttrInternalIP4Address {
		t.Errorf("got %+v", c)
	}
	if got := AppendPayload(nil, &Configuration{Attributes: []Attribute{{Type: 0x8001}}}); got[4] != 0 {
		t.Errorf("reserved bit sent: %x", got)
	}
}

func TestConfigurationRefused(t *testing.T) {
	checkRefused(t, PayloadCP, map[string]refusal{
		"half an attribute header":   {"01000000 0001", errShort},
		"attribute above content":    {"01000000 00010005 01020304", errShort},
		"1025 attributes":            {"01000000" + strings.Repeat("00010000", MaxAttributes+1), errAttributes},
		"octet after the attributes": {"01000000 00010000 00", errShort},
	})
	body := octets(t, "01000000"+strings.Repeat("00010000", MaxAttributes))
	if _, err := parseOne(PayloadCP, body); err != nil {
		t.Errorf("%d attributes: %v", MaxAttributes, err)
	}
}

func TestConfigurationIdentity(t *testing.T) {
	attributes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Attribute {
		return Attribute{
			Type:  AttributeType(rapid.Uint16Max(attributeTypeMask).Draw(t, "type")),
			Value: anyOctets(40).Draw(t, "value"),
		}
	}), 0, 20)
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *Configuration {
		return &Configuration{
			ConfigType: ConfigType(rapid.Byte().Draw(t, "type")),
			Attributes: attributes.Draw(t, "attributes"),
		}
	}))
}

func TestConfigurationPrefixes(t *testing.T) {
	body := octets(t, addressReply)
	ends := map[int]bool{4: true, 12: true, 33: true, 48: true, 56: true}
	for i := range body {
		if _, err := parseOne(PayloadCP, body[:i]); (err == nil) != ends[i] {
			t.Errorf("%d of %d octets: got %v", i, len(body), err)
		}
	}
}

func FuzzConfiguration(f *testing.F) { fuzzPayload(f, PayloadCP) }
