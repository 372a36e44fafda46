package config

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// A text is a file that was read.
type text struct {
	raw   []byte
	lines []string // as they may be shown; nil until one is asked for
}

// source returns the text of a range.
func (d *decoder) source(r hcl.Range) string {
	t := d.texts[r.Filename]
	if t == nil || r.Start.Byte < 0 || r.End.Byte > len(t.raw) || r.Start.Byte > r.End.Byte {
		return ""
	}
	return string(t.raw[r.Start.Byte:r.End.Byte])
}

// line returns a line of a file as it may be shown.
func (d *decoder) line(path string, number int) string {
	t := d.texts[path]
	if t == nil {
		return ""
	}
	if t.lines == nil {
		t.lines = presentable(strings.Split(string(t.raw), "\n"))
	}
	if number < 1 || number > len(t.lines) {
		return ""
	}
	return t.lines[number-1]
}

// presentable returns lines without control characters and without what may be a secret.
func presentable(lines []string) []string {
	hidden := sensitive(lines)
	for i, line := range lines {
		line = strings.TrimSuffix(line, "\r")
		if hidden[i] {
			line = concealed(line)
		}
		lines[i] = printable(line)
	}
	return lines
}

// sensitive tells which lines may have a secret: whatever names one or stands in a block secret or ppk. It looks at the text
// alone, because a file that does not parse has no blocks.
func sensitive(lines []string) []bool {
	names := regexp.MustCompile(`(?i)psk|secret|passw|nt_hash|cleartext|\bsim\b|\bk=|\bopc?=|\\u[0-9a-f]{4}`) // an escape may be part of a name
	opens := regexp.MustCompile(`[=:(]\s*$`)                                                                  // a value that begins below
	block := regexp.MustCompile(`^\s*[{,]*\s*"?(daemon|api|role|connection|pool|secret|radius|users|user|policy|include)"?\b`)
	ppk := regexp.MustCompile(`^\s*[{,]*\s*"?ppk(\s+"|"\s*:\s*\{)`) // not where a connection names one
	hidden, inSecret, goesOn := make([]bool, len(lines)), false, false
	for i, line := range lines {
		if found := block.FindStringSubmatch(line); found != nil {
			inSecret = found[1] == "secret"
		} else if ppk.MatchString(line) {
			inSecret = true
		}
		hidden[i] = goesOn || inSecret || names.MatchString(line)
		goesOn = hidden[i] && (opens.MatchString(line) || goesOn && strings.TrimSpace(line) == "")
	}
	return hidden
}

// concealed cuts a line behind its first "=" or ":", where a secret may begin, if nothing but blocks that open and a name stand
// before it. Other lines may be the middle of one, as those in base64 with "=" at their end, unless they have nothing but brackets
// and name a block.
func concealed(line string) string {
	const mark = "[redacted]"
	names := regexp.MustCompile(`(?i)^\s*((secret|ppk|connection|local|remote|eap|users?|radius|server)(\s+"[^"]*")*\s*\{)?[{,]*\s*([a-z_]{1,16}|"[a-z_]{1,16}")\s*$`)
	if i := strings.IndexAny(line, "=:"); i >= 0 && names.MatchString(line[:i]) {
		return line[:i+1] + " " + mark
	}
	if regexp.MustCompile(`^\s*((secret|ppk)(\s+"[^"]*")*)?\s*[{}\[\],]*\s*$`).MatchString(line) {
		return line
	}
	return mark
}

// printable replaces what a terminal would obey or not show.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r != utf8.RuneError && unicode.IsPrint(r):
			return r
		}
		return '\ufffd'
	}, s)
}

// focus cuts a long line to what surrounds a column, and returns the column in it.
func focus(line string, column int) (string, int) {
	const width = 120
	runes := []rune(line)
	if len(runes) <= width {
		return line, column
	}
	start := max(0, min(column-1-width/2, len(runes)-width))
	return string(runes[start : start+width]), column - start
}

// caret returns the line that marks length characters from a column of the line above.
func caret(line string, column, length int) string {
	runes := []rune(line)
	column = max(1, min(column, len(runes)+1))
	length = max(1, min(length, len(runes)+1-column))
	var b strings.Builder
	for _, r := range runes[:column-1] {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String() + strings.Repeat("^", length)
}
