package metrics

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/metrics.md anew")

// The page has the families as they are.
func TestReferenceIsUpToDate(t *testing.T) {
	const page, begin, end = "../docs/metrics.md", "<!-- families: go test ./metrics -run Reference -update -->\n", "<!-- end of families -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the page has no place for the families")
	}
	if old == Reference() {
		return
	}
	if !*update {
		t.Fatal("docs/metrics.md is stale: go test ./metrics -run Reference -update")
	}
	if err := os.WriteFile(page, []byte(before+begin+Reference()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
