package cli

import (
	"strings"
	"testing"

	"culvert/api/apitest"
)

func TestLiveViewNeedsATerminal(t *testing.T) {
	s := newShell(t)
	s.run(exitUsage, "top")
	if !strings.Contains(s.err.String(), "culvert status -w --json") {
		t.Errorf("got %s", s.err.String())
	}
	s.env.Terminal, s.env.In = true, strings.NewReader("")
	s.run(exitUsage, "top", "--interval", "1ms")
	if !strings.Contains(s.err.String(), "the least is 100ms") {
		t.Errorf("got %s", s.err.String())
	}
}

// A terminal that knows no sequences gets none.
func TestDumbTerminalsGetNoSequences(t *testing.T) {
	s := serving(t, apitest.New(1))
	s.env.Terminal, s.env.In, s.vars["TERM"] = true, strings.NewReader(""), "dumb"
	s.run(exitUsage, "top")
	if !strings.Contains(s.err.String(), "culvert status -w") || strings.Contains(s.err.String(), "\x1b") {
		t.Errorf("got %q", s.err.String())
	}
}
