package config

import (
	"strings"
	"testing"
	"time"
)

func iptfsSamples() []sample {
	const on = `mode = "controlled"`
	return []sample{
		{option: "mode", value: `"off"`},
		{option: "mode", value: `"controlled"`},
		{option: "mode", value: `"as-needed"`},
		{option: "mode", value: `"constant"`, with: `rate = "10Mbit"`},
		{option: "mode", value: `"constant"`, code: clash},
		{option: "mode", value: `"constnt"`, code: badValue},
		{option: "mode", value: `true`, code: wrongType},
		{option: "require", value: `false`, with: on},
		{option: "require", value: `"no"`, code: wrongType, with: on},
		{option: "require", value: `true`, code: clash},
		{option: "rate", value: `"10Mbit"`, with: on},
		{option: "rate", value: `"1.5Gbit"`, text: `"1500Mbit"`, with: on},
		{option: "rate", value: `0`, with: on},
		{option: "rate", value: `"10Mbit"`, code: clash, with: `mode = "as-needed"`},
		{option: "rate", value: `"10"`, code: badValue, with: on},
		{option: "rate", value: `"10Mbyte"`, code: badValue, with: on},
		{option: "rate", value: `"10Mbit1"`, code: badValue, with: on},
		{option: "rate", value: `"7bit"`, code: badValue, with: on},
		{option: "rate", value: `"9000Gbit"`, code: badValue, with: on},
		{option: "rate", value: `10`, code: wrongType, with: on},
		{option: "packet_size", value: `1400`, with: on},
		{option: "packet_size", value: `0`, with: on},
		{option: "packet_size", value: `100`, code: badValue, with: on},
		{option: "packet_size", value: `"1400"`, code: wrongType, with: on},
		{option: "dont_fragment", value: `true`, with: on},
		{option: "dont_fragment", value: `1`, code: wrongType, with: on},
		{option: "max_aggregation_time", value: `"5ms"`, with: on},
		{option: "max_aggregation_time", value: `"0s"`, with: `mode = "as-needed"`},
		{option: "max_aggregation_time", value: `"0s"`, code: clash, with: on},
		{option: "max_aggregation_time", value: `"11s"`, code: badValue, with: on},
		{option: "max_aggregation_time", value: `5`, code: wrongType, with: on},
		{option: "dscp", value: `46`, with: on},
		{option: "dscp", value: `64`, code: badValue, with: on},
		{option: "dscp", value: `"ef"`, code: wrongType, with: on},
		{option: "breaker_loss", value: `0.05`, with: on + "\nbreaker_time = \"30s\""},
		{option: "breaker_loss", value: `0.05`, code: clash, with: on},
		{option: "breaker_loss", value: `1.5`, code: badValue, with: on},
		{option: "breaker_loss", value: `"5%"`, code: wrongType, with: on},
		{option: "breaker_time", value: `"30s"`, with: on + "\nbreaker_loss = 0.05"},
		{option: "breaker_time", value: `"30s"`, code: clash, with: on},
		{option: "breaker_time", value: `"25h"`, code: badValue, with: on},
		{option: "breaker_time", value: `30`, code: wrongType, with: on},
		{option: "accept_fragments", value: `false`, with: on},
		{option: "accept_fragments", value: `0`, code: wrongType, with: on},
		{option: "window_size", value: `0`, with: on},
		{option: "window_size", value: `1024`, with: on},
		{option: "window_size", value: `1025`, code: badValue, with: on},
		{option: "window_size", value: `"3"`, code: wrongType, with: on},
		{option: "send_immediately", value: `true`, with: on},
		{option: "send_immediately", value: `"yes"`, code: wrongType, with: on},
		{option: "lost_packet_timer", value: `"20ms"`, with: on},
		{option: "lost_packet_timer", value: `"0s"`, code: badValue, with: on},
		{option: "lost_packet_timer", value: `20`, code: wrongType, with: on},
	}
}

// child returns a child of which this is written.
func childOf(t *testing.T, text string) *Child {
	t.Helper()
	c, found := newShelf(t).load("culvert.hcl", "connection \"a\" {\nremote { address = \"192.0.2.9\" }\nchild \"c\" {\n"+text+"\n}\n}\nsecret \"a\" { psk = file(\"office.psk\") }\n")
	if c == nil {
		t.Fatal(found)
	}
	return c.Connection("a").Child("c")
}

func TestIPTFSDefaults(t *testing.T) {
	if f := childOf(t, "").IPTFS; f.Mode != IPTFSOff {
		t.Errorf("without block: %+v", f)
	}
	f := childOf(t, `iptfs { mode = "controlled" }`).IPTFS
	if f.Mode != IPTFSControlled || !f.Require || !f.AcceptFragments || f.WindowSize != 3 || f.MaxAggregationTime != tunnelTime || f.LostPacketTimer != 100*time.Millisecond {
		t.Errorf("%+v", f)
	}
	if f := childOf(t, `iptfs { mode = "as-needed" }`).IPTFS; f.MaxAggregationTime != 0 {
		t.Errorf("as needed: %+v", f)
	}
}

func TestIPTFSContradictsWithOtherOptions(t *testing.T) {
	for text, want := range map[string]string{
		"mode = \"transport\"\niptfs { mode = \"controlled\" }": "tunnel mode",
		"tfc = 1000\niptfs { mode = \"controlled\" }":           "no effect",
		"tfc_rate = 10\niptfs { mode = \"controlled\" }":        "no effect",
	} {
		_, found := newShelf(t).load("culvert.hcl", "connection \"a\" {\nremote { address = \"192.0.2.9\" }\nchild \"c\" {\n"+text+"\n}\n}\nsecret \"a\" { psk = file(\"office.psk\") }\n")
		if len(found) != 1 || !strings.Contains(found[0].Message, want) {
			t.Errorf("%s: %v", text, found)
		}
	}
}
