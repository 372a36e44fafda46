package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"culvert/explain"
	"culvert/ike"
	"culvert/suite"
)

func quantumSamples() []sample {
	return []sample{
		{option: "post_quantum", value: `"prefer"`},
		{option: "post_quantum", value: `"require"`},
		{option: "post_quantum", value: `"off"`},
		{option: "post_quantum", value: `"on"`, code: badValue},
		{option: "post_quantum", value: `true`, code: wrongType},
		{option: "ppk", value: `["q"]`},
		{option: "ppk", value: `"absent"`, code: explain.ConfigReference},
		{option: "ppk", value: `["q", "q"]`, code: clash},
		{option: "ppk", value: `"a b"`, code: badValue},
		{option: "ppk_required", value: `true`, with: `ppk = "q"`},
		{option: "ppk_required", value: `true`, code: clash},
		{option: "ppk_required", value: `"yes"`, with: `ppk = "q"`, code: wrongType},
		{option: "ppk_exchange", value: `"intermediate"`, with: `ppk = "q"`},
		{option: "ppk_exchange", value: `"auth"`, with: `ppk = "q"`},
		{option: "ppk_exchange", value: `"auth"`, code: clash},
		{option: "ppk_exchange", value: `"child"`, with: `ppk = "q"`, code: badValue},
		{option: "downgrade_prevention", value: `false`},
		{option: "downgrade_prevention", value: `"no"`, code: wrongType},
	}
}

func ppkSamples() []sample {
	const key = `key = file("x.ppk")`
	return []sample{
		{option: "key", value: `"swordfish"`, text: "-"},
		{option: "key", value: `file("x.ppk")`, text: "-"},
		{option: "key", value: `credential("partner")`, text: "-"},
		{option: "key", value: `"0x010"`, code: badValue},
		{option: "key", value: `file("absent.ppk")`, code: noFile},
		{option: "key", value: `1`, code: wrongType},
		{option: "keys", value: `credential("ppks")`, text: "-"},
		{option: "keys", value: `file("bad.ppks")`, code: badValue},
		{option: "keys", value: `file("none.ppks")`, code: badValue},
		{option: "keys", value: `"= x"`, code: badValue},
		{option: "keys", value: `"a = 0x1"`, code: badValue},
		{option: "keys", value: `"a = b"`, with: key, code: clash},
		{option: "keys", value: `"a = b\na = c"`, code: clash},
		{option: "id", value: `"gw"`, with: key},
		{option: "id", value: `"0x0102"`, with: key},
		{option: "id", value: `"0xzz"`, with: key, code: badValue},
		{option: "id", value: `""`, with: key, code: badValue},
		{option: "id", value: `"gw"`, code: missing},
		{option: "id", value: `"gw"`, with: `keys = credential("ppks")`, code: clash},
		{option: "id", value: `7`, with: key, code: wrongType},
		{option: "id_type", value: `"opaque"`, with: key},
		{option: "id_type", value: `"random"`, with: key, code: badValue},
	}
}

const ppkConfiguration = `
connection "a" {
  ppk = ["new", "old"]
}
secret "a" { psk = file("office.psk") }
ppk "old" {
  id      = "0x0102"
  id_type = "opaque"
  key     = "0x00010203"
}
ppk "new" { keys = credential("ppks") }
`

func TestPPKsOfAConnection(t *testing.T) {
	c, found := newShelf(t).load("culvert.hcl", ppkConfiguration)
	if c == nil {
		t.Fatal(found)
	}
	var got []string
	for _, p := range c.PPKsOf(c.Connection("a")) {
		got = append(got, fmt.Sprintf("%s %x %x", p.Name, p.ID, []byte(p.Key)))
	}
	want := []string{"new 026e6577 00010203", "0x0a0b 020a0b 0102", "old 010102 00010203"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := strings.Count(found.String(), string(explain.AuthPSKWeak)); n != 3 {
		t.Errorf("%d warnings of short keys:\n%s", n, found)
	}
}

// What stands in a file of keys is read anew, and told apart by Diff.
func TestChangedFileOfPPKsIsADifference(t *testing.T) {
	files := newShelf(t)
	old, found := files.load("culvert.hcl", ppkConfiguration)
	if old == nil {
		t.Fatal(found)
	}
	files["credentials/ppks"] = strings.Replace(files["credentials/ppks"], "new = 0x00010203", "new = 0x00010204", 1)
	new, found := files.load("culvert.hcl", ppkConfiguration)
	if new == nil {
		t.Fatal(found)
	}
	if got := changes(Diff(old, new)); got != "~ppk new [keys]" {
		t.Errorf("difference %q", got)
	}
}

func TestUnusedPPKIsShown(t *testing.T) {
	_, found := newShelf(t).load("culvert.hcl", "ppk \"x\" { key = file(\"x.ppk\") }\n")
	if !has(found, explain.ConfigUnused, 1) {
		t.Errorf("found %s", found)
	}
}

func TestMistakesInPPKsDoNotShowKeys(t *testing.T) {
	_, found := newShelf(t).load("culvert.hcl", "ppk \"x\" { keys = file(\"bad.ppks\") }\n")
	if !strings.Contains(found.String(), "line 1") || strings.Contains(found.String(), "00010203") {
		t.Errorf("found %s", found)
	}
}

func TestQuantumDefaults(t *testing.T) {
	c := newConnection(LoadedByFile)
	if c.PostQuantum != suite.PostQuantumPrefer || c.PPKExchange != ike.PPKAny || !c.DowngradePrevention || c.PPKRequired {
		t.Errorf("defaults %+v", c)
	}
}
