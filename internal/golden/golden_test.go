package golden

import (
	"os"
	"path/filepath"
	"testing"
)

// A recorder is a test that notes whether it has failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.md")
	Write(t, path, text)
	return path
}

// updating says for the time of a test whether files are written.
func updating(t *testing.T, on bool) {
	was := *update
	*update = on
	t.Cleanup(func() { *update = was })
}

func TestFileIsHeldAgainstTheText(t *testing.T) {
	updating(t, false)
	path := file(t, "as it was\n")
	for _, tt := range []struct {
		got   string
		stale bool
	}{{"as it was\n", false}, {"as it is\n", true}} {
		r := &recorder{TB: t}
		if File(r, path, tt.got); r.failed != tt.stale {
			t.Errorf("%q: stale %v, want %v", tt.got, r.failed, tt.stale)
		}
	}
}

func TestFirstDifferenceIsShown(t *testing.T) {
	for _, tt := range []struct {
		was, is string
		line    int
	}{{"a\nb\nc\n", "a\nx\nc\n", 2}, {"a\n", "a\nb\n", 2}, {"a\nb\n", "a\n", 2}, {"a", "a\n", 1}, {"", "a", 1}} {
		if n, was, is := firstDifference(tt.was, tt.is); n != tt.line {
			t.Errorf("%q and %q differ in line %d: %q and %q", tt.was, tt.is, n, was, is)
		}
	}
}

func TestPartLeavesTheRest(t *testing.T) {
	path := file(t, "before\n<!-- rows -->\nold\n<!-- end -->\nbehind\n")
	updating(t, true)
	Part(t, path, "<!-- rows -->\n", "<!-- end -->\n", "new\n")
	text, err := os.ReadFile(path)
	if want := "before\n<!-- rows -->\nnew\n<!-- end -->\nbehind\n"; err != nil || string(text) != want {
		t.Errorf("%q, %v", text, err)
	}
}
