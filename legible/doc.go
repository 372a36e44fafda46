// Package legible writes text, volumes and times so that people can read them on a terminal, and no foreign text can command it.
package legible

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean replaces control characters, which a terminal would obey, but for ends of lines and tabulators.
func Clean(s string) string {
	return without(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
}

// Line is Clean for what has to stay in one line: it replaces all control characters.
func Line(s string) string { return without(s, unicode.IsControl) }

func without(s string, bad func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if bad(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// Wrap breaks words into lines of at most width runes; less than 1 counts as 1. A word that is longer than a line is cut. There
// is always a line.
func Wrap(text string, width int) []string {
	width = max(width, 1)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		for utf8.RuneCountInString(word) > width {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			runes := []rune(word)
			lines, word = append(lines, string(runes[:width])), string(runes[width:])
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
