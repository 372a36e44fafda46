package legible

import (
	"slices"
	"strings"
	"testing"

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
		words := rapid.SliceOf(rapid.StringMatching(`[a-zäß北京]{1,30}`)).Draw(t, "words")
		width := rapid.IntRange(0, 60).Draw(t, "width")
		lines := Wrap(strings.Join(words, " "), width)
		if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.Join(words, ""); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		for _, line := range lines {
			if Width(line) > max(width, 2) {
				t.Fatalf("%q is longer than %d", line, width)
			}
		}
	})
}

// What stands in columns stands straight, whatever letters are in it.
func TestWideLettersTakeTwoColumns(t *testing.T) {
	for text, want := range map[string]int{"abc": 3, "北京": 4, "a\u0308": 1, "": 0} {
		if got := Width(text); got != want {
			t.Errorf("%q takes %d columns, want %d", text, got, want)
		}
		if got := Width(Pad(text, 6)); got != 6 {
			t.Errorf("%q is padded to %d", text, got)
		}
	}
	if got, want := Wrap("北京北京 xy", 5), []string{"北京", "北京", "xy"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
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

// What is shown turned, hidden or piled up could pass for something else.
func TestNothingIsShownOtherwiseThanItIs(t *testing.T) {
	for hostile, want := range map[string]string{
		"a\u202etxt.exe":                     "a\ufffdtxt.exe",
		"x\u2066y\u2069":                     "x\ufffdy\ufffd",
		"gw\u200b.example\ufeff":             "gw\ufffd.example\ufffd",
		"one\u2028two\u2029":                 "one\ufffdtwo\ufffd",
		"tag\U000e0041":                      "tag\ufffd",
		"Z" + strings.Repeat("\u0335", 5000): "Z" + strings.Repeat("\u0335", mostMarks),
		"na\u0308ive \u5317\u4eac":           "na\u0308ive \u5317\u4eac",
	} {
		if got := Line(hostile); got != want {
			t.Errorf("%.40q: got %.40q, want %.40q", hostile, got, want)
		}
		if got := Clean(hostile); got != want {
			t.Errorf("%.40q: got %.40q, want %.40q", hostile, got, want)
		}
	}
}
