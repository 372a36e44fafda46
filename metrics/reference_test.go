package metrics

import (
	"testing"

	"culvert/internal/golden"
)

// The page has the families as they are.
func TestReferenceIsUpToDate(t *testing.T) {
	golden.Part(t, "../docs/metrics.md", "<!-- families: go test ./metrics -run Reference -update -->\n", "<!-- end of families -->\n", Reference())
}
