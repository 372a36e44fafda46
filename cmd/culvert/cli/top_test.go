package cli

import (
	"strings"
	"testing"
)

func TestLiveViewNeedsATerminal(t *testing.T) {
	s := newShell(t)
	s.run(exitUsage, "top")
	if !strings.Contains(s.err.String(), "culvert status -w --json") {
		t.Errorf("got %s", s.err.String())
	}
	s.env.Terminal, s.env.In = true, strings.NewReader("")
	s.run(exitUsage, "top", "--interval", "1ms")
	if !strings.Contains(s.err.String(), "100ms is the least") {
		t.Errorf("got %s", s.err.String())
	}
}
