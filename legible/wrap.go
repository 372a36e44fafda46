package legible

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width is how many columns of a terminal a text takes: two for a wide letter, none for a mark on another one.
func Width(s string) int { return ansi.StringWidth(s) }

// Pad makes a text at least so many columns wide.
func Pad(s string, width int) string { return s + strings.Repeat(" ", max(0, width-Width(s))) }

// Wrap breaks words into lines of at most width columns; less than 2 counts as 2. A word that is longer than a line is cut. There
// is always a line.
func Wrap(text string, width int) []string {
	width = max(width, 2) // that a wide letter takes
	var lines []string
	line, taken := "", 0
	for _, word := range strings.Fields(text) {
		size := Width(word)
		if size > width && line != "" {
			lines, line, taken = append(lines, line), "", 0
		}
		for size > width {
			head := first(word, width)
			lines, word = append(lines, head), word[len(head):]
			size = Width(word)
		}
		switch {
		case line == "":
			line, taken = word, size
		case taken+1+size > width:
			lines, line, taken = append(lines, line), word, size
		default:
			line, taken = line+" "+word, taken+1+size
		}
	}
	return append(lines, line)
}

// first is the beginning of a word that fits into so many columns. It has a rune at least.
func first(word string, width int) string {
	taken := 0
	for i, r := range word {
		if taken += Width(string(r)); taken > width && i > 0 {
			return word[:i]
		}
	}
	return word
}
