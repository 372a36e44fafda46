package config

import (
	"slices"
	"testing"
	"testing/fstest"
)

func TestSecretsAreFoundWhereNothingParses(t *testing.T) {
	files := fstest.MapFS{
		"etc/culvert/culvert.hcl": {Data: []byte(`
include = ["more/*.hcl", "[", "lost.hcl"]
connection "office" {
  remote { address = "192.0.2.9" }
  psk = "in the wrong place"
}
secret "office" {
  ids = ["a.example.org"]
  pks = "mistyped \"name\""
  psk = file("office.psk")
  psk = "no end
}
`)},
		"etc/culvert/office.psk":    {Data: []byte("from a file\n")},
		"etc/culvert/more/one.hcl":  {Data: []byte("include = \"/etc/culvert/culvert.hcl\"\nradius \"r\" {\n  secret = \"radius\"\n}\nppk \"p\" {\n  key = <<E\nlong key\nE\n}\n")},
		"etc/culvert/more/two.json": {Data: []byte(`{"secret": {"a": {"psk": "not included"}}}`)},
	}
	found := SecretsIn(files, "/etc/culvert/culvert.hcl")
	got := make([]string, len(found))
	for i, b := range found {
		got[i] = string(b)
	}
	for _, want := range []string{"in the wrong place", `mistyped "name"`, "from a file", "no end", "radius", "long key"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	for _, not := range []string{"192.0.2.9", "a.example.org", "office", "not included", "office.psk"} {
		if slices.Contains(got, not) {
			t.Errorf("%q is in %q", not, got)
		}
	}
	if found := SecretsIn(files, "/nonexistent"); len(found) != 0 {
		t.Errorf("found %q", found)
	}
}
