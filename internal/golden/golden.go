// Package golden holds what code makes against files that people read: pages of the documentation, and texts in testdata. A
// test that runs with -update writes the files instead; the difference is then looked at as any other change.
package golden

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files and generated pages anew")

// Updating reports whether files are to be written rather than read.
func Updating() bool { return *update }

// File holds a text against a file, whose path is from the folder of the test.
func File(t testing.TB, path, got string) {
	t.Helper()
	if Updating() {
		Write(t, path, got)
		return
	}
	if want := read(t, path); got != want {
		n, was, is := firstDifference(want, got)
		t.Errorf("%s is stale; run the test with -update and look at the difference, which begins in line %d:\n- %s\n+ %s", path, n, was, is)
	}
}

// firstDifference returns the number of the first line in which two texts differ, and that line of either.
func firstDifference(a, b string) (n int, ofA, ofB string) {
	for n = 1; ; n++ {
		ofA, a, _ = strings.Cut(a, "\n")
		ofB, b, _ = strings.Cut(b, "\n")
		if ofA != ofB || a == b {
			return n, ofA, ofB
		}
	}
}

// Part is File for what stands between two lines of a file, whose texts are given with their ends.
func Part(t testing.TB, path, begin, end, got string) {
	t.Helper()
	before, rest, ok := strings.Cut(read(t, path), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place between %q and %q", path, begin, end)
	}
	File(t, path, before+begin+got+end+after)
}

// Write writes a file anew.
func Write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
