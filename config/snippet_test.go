package config

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"pgregory.net/rapid"
)

func TestCaretsStandUnderWhatTheyMean(t *testing.T) {
	tests := []struct {
		name, line     string
		column, length int
		want           string
	}{
		{"first column", "abc", 1, 2, "^^"},
		{"later column", "  abc", 3, 3, "  ^^^"},
		{"tabs stay tabs", "\ta = 1", 4, 1, "\t  ^"},
		{"letters of more octets", "ä = ö", 5, 1, "    ^"},
		{"end of the line", "abc", 4, 1, "   ^"},
		{"beyond the line", "abc", 40, 9, "   ^"},
		{"longer than the line", "abc", 2, 99, " ^^"},
		{"nothing known", "abc", 0, 0, "^"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := caret(tt.line, tt.column, tt.length); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLongLinesAreCutAroundTheCaret(t *testing.T) {
	line := strings.Repeat("a", 500) + "HERE" + strings.Repeat("b", 500)
	for _, column := range []int{1, 501, 1004} {
		window, at := focus(line, column)
		if n := utf8.RuneCountInString(window); n != 120 || at < 1 || at > 120 {
			t.Errorf("column %d: %d characters, column %d in them", column, n, at)
		}
		if want := line[column-1]; window[at-1] != want {
			t.Errorf("column %d shows %q, want %q", column, window[at-1], want)
		}
	}
	if window, at := focus("short", 3); window != "short" || at != 3 {
		t.Errorf("got %q and %d", window, at)
	}
}

func TestLinesAreShownWithoutSecrets(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"option of a secret", "secret \"a\" {\n  psk = \"x\"\n}", "secret \"a\" {\n  psk = [redacted]\n}"},
		{"on one line", `secret "a" { psk = "x" }`, `secret "a" { psk = [redacted]`},
		{"every option of a secret", "secret \"a\" {\n  ids = [\"b\",\n \"c\"]\n}", "secret \"a\" {\n  ids = [redacted]\n[redacted]\n}"},
		{"heredoc", "secret \"a\" {\n psk = <<E\nx\ny z\nE\n}", "secret \"a\" {\n psk = [redacted]\n[redacted]\n[redacted]\n[redacted]\n}"},
		{"the block behind it", "secret \"a\" {\n}\npool \"p\" {\n dns = \"1\"\n}", "secret \"a\" {\n}\npool \"p\" {\n dns = \"1\"\n}"},
		{"misplaced", "connection \"a\" {\n psk = \"x\"\n Password = \"y\"\n passwd=\"z\"\n id = \"w\"\n}", "connection \"a\" {\n psk = [redacted]\n Password = [redacted]\n passwd= [redacted]\n id = \"w\"\n}"},
		{"JSON", "{\"secret\": {\n \"a\": {\n  \"psk\": \"x\"}},\n\"pool\": {\"p\": {\"dns\": \"1\"}}}", "{\"secret\": [redacted]\n \"a\": [redacted]\n  \"psk\": [redacted]\n\"pool\": {\"p\": {\"dns\": \"1\"}}}"},
		{"preshared keys against quantum computers", "connection \"c\" {\n  ppk = \"a\"\n  dns = 1\n}\nppk \"a\" {\n  key = \"x\"\n}", "connection \"c\" {\n  ppk = \"a\"\n  dns = 1\n}\nppk \"a\" {\n  key = [redacted]\n}"},
		{"keys of a SIM", "sim = \"k=1 opc=2\"\nk=1\nopc=2\nOP=3\nsimple = 1", "sim = [redacted]\nk= [redacted]\nopc= [redacted]\nOP= [redacted]\nsimple = 1"},
		{"control characters", "a = \"\x1b[2J\u009b\r\"", "a = \"\ufffd[2J\ufffd\ufffd\""},
		{"invalid octets", "a = \"\xff\"", "a = \"\ufffd\""},
		{"Windows lines", "a = 1\r\nb = 2\r", "a = 1\nb = 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(presentable(strings.Split(tt.text, "\n")), "\n"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestTextsOutsideOfFilesAreEmpty(t *testing.T) {
	d := &decoder{texts: map[string]*text{"f": {raw: []byte("one\ntwo")}}}
	for _, r := range []hcl.Range{
		{Filename: "none"},
		{Filename: "f", Start: hcl.Pos{Byte: -1}},
		{Filename: "f", Start: hcl.Pos{Byte: 3}, End: hcl.Pos{Byte: 2}},
		{Filename: "f", End: hcl.Pos{Byte: 8}},
	} {
		if got := d.source(r); got != "" {
			t.Errorf("%v: got %q", r, got)
		}
	}
	if got := d.source(hcl.Range{Filename: "f", Start: hcl.Pos{Byte: 4}, End: hcl.Pos{Byte: 7}}); got != "two" {
		t.Errorf("got %q", got)
	}
	for number, want := range map[int]string{0: "", 1: "one", 2: "two", 3: ""} {
		if got := d.line("f", number); got != want {
			t.Errorf("line %d: got %q", number, got)
		}
	}
	if got := d.line("none", 1); got != "" {
		t.Errorf("got %q", got)
	}
}

// Whatever the line, the caret is below a character of the window or right behind it.
func TestCaretsAreNeverOutsideOfTheWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringN(0, 300, -1).Draw(t, "line")
		window, at := focus(printable(line), rapid.IntRange(-5, 400).Draw(t, "column"))
		marks := caret(window, at, rapid.IntRange(-5, 400).Draw(t, "length"))
		if n := utf8.RuneCountInString(marks); n < 1 || n > utf8.RuneCountInString(window)+1 {
			t.Fatalf("%d characters below %d", n, utf8.RuneCountInString(window))
		}
	})
}
