package legible

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestLongWordsAreBroken(t *testing.T) {
	if got, want := Wrap("ab "+strings.Repeat("x", 45)+" cd", 20), []string{"ab", strings.Repeat("x", 20), strings.Repeat("x", 20), "xxxxx cd"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Wrap("", 20); !slices.Equal(got, []string{""}) {
		t.Errorf("got %q", got)
	}
}

// Wrapped text has the same words, and lines that fit.
func TestWrappingLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.StringMatching(`[a-zäß]{1,30}`)).Draw(t, "words")
		width := rapid.IntRange(0, 60).Draw(t, "width")
		lines := Wrap(strings.Join(words, " "), width)
		if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.Join(words, ""); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > max(width, 1) {
				t.Fatalf("%q is longer than %d", line, width)
			}
		}
	})
}

func TestNothingThatATerminalObeysIsLeft(t *testing.T) {
	const hostile = "a\x1b[2Jb\u009b31mc\rd\ne\tf\xffä"
	if got, want := Clean(hostile), "a\ufffd[2Jb\ufffd31mc\ufffdd\ne\tf\ufffdä"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Line(hostile), "a\ufffd[2Jb\ufffd31mc\ufffdd\ufffde\ufffdf\ufffdä"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
