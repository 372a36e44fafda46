package config

import (
	"strings"
	"testing"

	"culvert/internal/golden"
)

func TestReferencePageIsUpToDate(t *testing.T) {
	golden.File(t, "../docs/configuration.md", Reference())
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
