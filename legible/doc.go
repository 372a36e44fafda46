// Package legible writes text, volumes and times so that people can read them on a terminal, and no foreign text can command it.
package legible

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean replaces what a terminal would obey or show otherwise than it is: control characters, but for ends of lines and tabulators,
// characters that turn or hide others (Unicode's category Cf, to which the bidirectional controls belong), and marks beyond the
// first few on one letter, which would paint over the lines around.
func Clean(s string) string {
	return without(s, func(r rune) bool { return Commands(r) && r != '\n' && r != '\t' })
}

// Line is Clean for what has to stay in one line: it replaces all control characters.
func Line(s string) string { return without(s, Commands) }

// OneLine is Line with spaces for ends of lines and tabulators.
func OneLine(s string) string {
	return Line(strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(s))
}

// Commands tells of a rune that changes how others are shown, where they stand, or what the terminal does next.
func Commands(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Mark tells of a rune that is drawn over the one before it.
func Mark(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me) }

// mostMarks is how many marks a letter may have: no language writes more.
const mostMarks = 4

func without(s string, bad func(rune) bool) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		if Mark(r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case bad(r):
			return utf8.RuneError
		case marks > mostMarks:
			return -1
		}
		return r
	}, s)
}
