package config

import (
	"strings"
	"testing"
	"unicode/utf16"

	"culvert/explain"
)

// site is a configuration in which a mistake is made.
const site = `connection "office" {
  local { address = "198.51.100.1" }
  remote { address = "192.0.2.9" }
  child "net" {
    local  = ["10.1.0.0/16"]
    remote = ["10.2.0.0/16"]
    start  = "start"
  }
}
secret "office" { psk = "9b1c6f2d8e3a4750c1b2a3948576f0e1" }
`

// What people get wrong is told with its line and what to do about it.
func TestFrequentMistakesSayWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		name, old, instead string
		code               explain.Code
		line               int
		action             string
	}{
		{"misspelt", "remote =", "remotes =", explain.ConfigUnknownKey, 6, `did you mean "remote"?`},
		{"no unit", `start  = "start"`, `rekey_time = "90"`, explain.ConfigBadValue, 7, `such as "3h12m"`},
		{"IPv6 in brackets", "192.0.2.9", "[2001:db8::1]", explain.ConfigBadValue, 3, "write 2001:db8::1, without brackets"},
		{"port behind an address", "192.0.2.9", "192.0.2.9:500", explain.ConfigBadValue, 3, "write 192.0.2.9; ports are options of their own"},
		{"port behind brackets", "192.0.2.9", "[2001:db8::1]:500", explain.ConfigBadValue, 3, "write 2001:db8::1; ports are options of their own"},
		{"mask", "10.1.0.0/16", "10.1.0.5/255.255.0.0", explain.ConfigBadValue, 5, "write 10.1.0.0/16"},
		{"mask with holes", "10.1.0.0/16", "10.1.0.0/255.0.255.0", explain.ConfigBadValue, 5, "255.0.255.0 is no mask of a network"},
		{"length", "10.1.0.0/16", "10.1.0.0/33", explain.ConfigBadValue, 5, "a length goes from 0 to 32"},
		{"list in one text", "10.1.0.0/16", "10.1.0.0/16, 10.3.0.0/16", explain.ConfigBadValue, 5, "write each prefix by itself"},
		{"no selectors", `["10.1.0.0/16"]`, "[]", explain.ConfigContradiction, 5, "leave the option out"},
		{"families", "10.2.0.0/16", "fd00::/64", explain.ConfigContradiction, 6, "give both sides selectors of IPv4"},
		{"given twice", `start  = "start"`, "start = \"trap\"\n start = \"start\"", explain.ConfigDuplicate, 8, "remove one of the two"},
		{"no secret", `secret "office"`, `secret "branch"`, explain.ConfigNoSecret, 1, `add secret "office"`},
		{"strongSwan's file", site, "connections {\n  office {\n    version = 2\n  }\n}\n", explain.ConfigUnknownBlock, 1, "culvert import swanctl"},
		{"strongSwan's file that does not parse", site, "connections {\n  office {\n    local_addrs = 1.2.3.4\n  }\n}\n", explain.ConfigUnknownBlock, 1, "culvert import swanctl"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, found := load(strings.Replace(site, tt.old, tt.instead, 1))
			if !has(found, tt.code, tt.line) || !strings.Contains(found.String(), tt.action) {
				t.Error(found)
			}
		})
	}
}

// A file of which no line begins with a word cannot be parsed in parts: what is wrong with it is still wrong.
func TestMistakesBeforeTheFirstBlockAreSeen(t *testing.T) {
	indented := "  " + strings.ReplaceAll(site, "\n", "\n  ")
	for name, text := range map[string]string{
		"a brace before all blocks":  "}\n" + site,
		"a quote before all blocks":  "\"\n" + site,
		"an indented file":           strings.Replace(indented, `"198.51.100.1" }`, `"198.51.100.1" port = 500 }`, 1),
		"a mark of order and a list": "\ufeff" + strings.Replace(site, `16"]`, `16"`, 1),
		"one brace":                  "{",
	} {
		if c, found := load(text); c != nil || !found.Errors() {
			t.Errorf("%s: got %v", name, found)
		}
	}
}

func TestTextInUTF16IsRefusedOnceAndNotShown(t *testing.T) {
	for name, mark := range map[string]string{"with a mark of order": "\ufeff", "without": ""} {
		var little, big []byte
		for _, u := range utf16.Encode([]rune(mark + site)) {
			little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
		}
		for _, text := range [][]byte{little, big} {
			_, found := load(string(text))
			if len(found) != 1 || !has(found, explain.ConfigSyntax, 1) || !strings.Contains(found.String(), "save it as UTF-8") || found[0].Source != "" {
				t.Errorf("%s: got %v", name, found)
			}
		}
	}
}
