package service

import "testing"

// The notation is that of identification_t in strongSwan 5.9.8 and 6.0.6.
func TestIdentitiesArePrintedAsCharonDoes(t *testing.T) {
	for text, want := range map[string]string{
		"keyid:0x14f6510109f0b2ca338cbd727e15268437249410": "14:f6:51:01:09:f0:b2:ca:33:8c:bd:72:7e:15:26:84:37:24:94:10",
		"keyid:branch office":                              "branch office",
		"keyid:twenty octets of ids":                       "74:77:65:6e:74:79:20:6f:63:74:65:74:73:20:6f:66:20:69:64:73",
		"keyid:0x00ff":                                     "00:ff",
		"gw.example.org":                                   "gw.example.org",
		"192.0.2.1":                                        "192.0.2.1",
		"%any":                                             "%any",
		"keyid:":                                           "",
	} {
		if got := printedText(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
