package config

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files and docs/configuration.md anew")

// golden compares a text with a file, or writes it.
func golden(t testing.TB, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is stale; look at the difference and run go test ./config -update. Got\n%s", path, got)
	}
}

func TestReferencePageIsUpToDate(t *testing.T) {
	golden(t, "../docs/configuration.md", Reference())
}

func TestEveryOptionIsDocumented(t *testing.T) {
	for _, s := range schemas() {
		if s.doc == "" || !strings.HasSuffix(s.doc, ".") {
			t.Errorf("%s: doc %q is no sentence", s.kind, s.doc)
		}
		seen := map[string]bool{}
		for _, o := range s.options {
			if o.doc == "" || !strings.HasSuffix(strings.TrimSuffix(o.doc, "`"), ".") || o.slot.kind() == "" {
				t.Errorf("%s.%s: doc %q is no sentence", s.kind, o.name, o.doc)
			}
			if seen[o.name] {
				t.Errorf("%s.%s is there twice", s.kind, o.name)
			}
			seen[o.name] = true
		}
		for _, n := range s.blocks {
			if seen[n.kind] {
				t.Errorf("%s.%s is an option and a block", s.kind, n.kind)
			}
		}
	}
}
