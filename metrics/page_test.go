package metrics

import (
	"fmt"
	"strings"
	"testing"

	"culvert/internal/golden"
)

// The page has the families as they are.
func TestReferenceIsUpToDate(t *testing.T) {
	golden.Part(t, "../docs/metrics.md", "<!-- families: go test ./metrics -run Reference -update -->\n", "<!-- end of families -->\n", reference())
}

// reference documents all families as a table in Markdown.
func reference() string {
	var b strings.Builder
	b.WriteString("| metric | kind | labels | meaning |\n|---|---|---|---|\n")
	for _, f := range families() {
		labels := ""
		if len(f.labels) > 0 {
			labels = "`" + strings.Join(f.labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.name, f.kind, labels, f.help)
	}
	return b.String()
}
