package cli

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"culvert/api/apitest"
)

// A full disk takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestAResultThatCannotBeWrittenIsAFailure(t *testing.T) {
	s := serving(t, &apitest.Fake{Now: sampleStatus()})
	s.env.Out = full{}
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"explain"}, {"explain", "IKE-TIMEOUT"}, {"help"}, {"version"}} {
		s.run(exitFailure, args...)
		if !strings.Contains(s.err.String(), "the output is not whole: no space left on device") || !strings.Contains(s.err.String(), "[MANAGE-FILE]") {
			t.Errorf("%q says %s", args, s.err.String())
		}
	}
	s.env.Terminal = true // who looks at it sees what is there
	s.run(exitOK, "status")
}

func TestAFileThatCannotBeWrittenSaysSo(t *testing.T) {
	s := serving(t, &apitest.Fake{})
	s.run(exitFailure, "capture", "-o", filepath.Join(t.TempDir(), "nowhere", "c.pcapng"))
	if !strings.Contains(s.err.String(), "no such file or directory") || !strings.Contains(s.err.String(), "[MANAGE-FILE]") {
		t.Error(s.err.String())
	}
}

func TestNumbersAndWordsTooManyAreMistakesOfTheCommand(t *testing.T) {
	s := serving(t, &apitest.Fake{})
	for want, line := range map[string]string{
		"--snap is a number of octets, not -1":        "capture --snap -1",
		"-n is a number of lines, not -5":             "log -n -5",
		"culvert trace takes one word at most":        "trace a b c",
		"culvert status takes one word at most":       "status a b",
		"culvert decrypt takes one file, as in":       "decrypt",
		"culvert explain takes one word at most":      "explain IKE-TIMEOUT office",
		"culvert capture takes one word at most, the": "capture a b",
	} {
		s.run(exitUsage, strings.Fields(line)...)
		if !strings.Contains(s.err.String(), want) {
			t.Errorf("%s: %s", line, s.err.String())
		}
	}
}
