package top

import (
	"errors"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"culvert/api"
	"culvert/legible"
)

// A style paints text, or leaves it as it is.
type style struct{ good, bad, warn, faint, bold, chosen func(string) string }

func newStyle(colour bool) style {
	paint := func(s lipgloss.Style) func(string) string {
		return func(text string) string {
			if !colour {
				return text
			}
			return s.Render(text)
		}
	}
	s := lipgloss.NewStyle()
	return style{
		good: paint(s.Foreground(lipgloss.Color("2"))), bad: paint(s.Foreground(lipgloss.Color("1"))), warn: paint(s.Foreground(lipgloss.Color("3"))),
		faint: paint(s.Faint(true)), bold: paint(s.Bold(true)), chosen: paint(s.Reverse(true)),
	}
}

// fit makes text exactly as wide as a column, at the left of it.
func fit(text string, width int) string {
	text = ansi.Truncate(legible.Line(text), max(width, 0), "…")
	return text + strings.Repeat(" ", max(0, width-ansi.StringWidth(text)))
}

// right is fit at the right of the column.
func right(text string, width int) string {
	text = ansi.Truncate(legible.Line(text), max(width, 0), "…")
	return strings.Repeat(" ", max(0, width-ansi.StringWidth(text))) + text
}

// reason is the sentence of an error.
func reason(err error) string {
	var p *api.Problem
	if errors.As(err, &p) {
		return p.Detail
	}
	return err.Error()
}
