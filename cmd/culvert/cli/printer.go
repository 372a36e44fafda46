package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"culvert/legible"
)

// A printer writes what people read.
type printer struct {
	w      io.Writer
	colour bool
	width  int
}

// printer returns a printer. Only a terminal gets colours, unless NO_COLOR says otherwise.
func (a *app) printer(w io.Writer) *printer {
	width := a.Width
	if width <= 0 {
		width = 80
	}
	return &printer{w: w, colour: a.Terminal && a.Getenv("NO_COLOR") == "" && !a.dumb(), width: width}
}

// dumb tells of a terminal that knows no sequences, such as a shell in an editor.
func (a *app) dumb() bool { return a.Getenv("TERM") == "dumb" }

// out is the printer of results.
func (a *app) out() *printer { return a.printer(a.Out) }

// printJSON writes one JSON document on a line of its own. What would command a terminal is escaped, which changes nothing for
// programs.
func (a *app) printJSON(v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	_, _ = io.WriteString(a.Out, escaped(b.String())) // whoever reads it may have gone
}

// show writes a result: the document with --json, else what words writes. Its error is nil, so that commands end with it.
func (a *app) show(document any, words func()) error {
	if a.json {
		a.printJSON(document)
	} else {
		words()
	}
	return nil
}

// escaped writes runes of JSON as JSON escapes them if a terminal would obey them; ends of documents stay.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || !legible.Commands(r) && !legible.Mark(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// line writes a line. What peers and files say can neither command the terminal nor begin a line of its own.
func (p *printer) line(format string, args ...any) {
	for i, arg := range args {
		switch arg := arg.(type) {
		case styled, int, uint64, float64:
		default:
			args[i] = legible.OneLine(fmt.Sprint(arg))
		}
	}
	fmt.Fprintln(p.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// styled is text that is clean and may hold colours.
type styled string

func (p *printer) paint(code, s string) styled {
	if s = legible.OneLine(s); !p.colour || s == "" {
		return styled(s)
	}
	return styled("\x1b[" + code + "m" + s + "\x1b[0m")
}

func (p *printer) good(s string) styled  { return p.paint("32", s) }
func (p *printer) warn(s string) styled  { return p.paint("33", s) }
func (p *printer) bad(s string) styled   { return p.paint("31", s) }
func (p *printer) faint(s string) styled { return p.paint("2", s) }
func (p *printer) bold(s string) styled  { return p.paint("1", s) }

// A cell is a text with the colour of its own.
type cell struct {
	text  string
	paint func(string) styled // nil: none
}

func plain(s string) cell { return cell{text: s} }

// table writes rows below a header, in columns as wide as they need. The last column takes what is left of the line and goes
// on below itself.
func (p *printer) table(header []string, rows [][]cell) {
	head := make([]cell, len(header))
	for i, h := range header {
		head[i] = cell{h, p.bold}
	}
	rows = append([][]cell{head}, rows...)
	widths := make([]int, len(header))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], legible.Width(c.text))
		}
	}
	for _, row := range rows {
		p.row(row, widths)
	}
}

const columnGap = 2

func (p *printer) row(row []cell, widths []int) {
	var b strings.Builder
	indent := 0
	last := len(row) - 1
	for i, c := range row[:last] {
		b.WriteString(string(c.styled()))
		b.WriteString(strings.Repeat(" ", widths[i]-legible.Width(c.text)+columnGap))
		indent += widths[i] + columnGap
	}
	for i, part := range p.wrap(row[last].text, indent) {
		if i > 0 {
			b.WriteString("\n" + strings.Repeat(" ", indent))
		}
		b.WriteString(string(cell{part, row[last].paint}.styled()))
	}
	p.line("%s", styled(b.String()))
}

func (c cell) styled() styled {
	if c.paint == nil {
		return styled(legible.OneLine(c.text))
	}
	return c.paint(c.text)
}

// indented writes a text in lines that fit, the first one behind a mark, the others below its beginning.
func (p *printer) indented(mark, text string) { p.hanging(mark, plain(text)) }

// hanging is indented for a text with a colour.
func (p *printer) hanging(mark string, c cell) {
	indent := legible.Width(mark)
	for i, part := range p.wrap(c.text, indent) {
		if i > 0 {
			mark = strings.Repeat(" ", indent)
		}
		p.line("%s%s", mark, cell{part, c.paint}.styled())
	}
}

// wrap breaks a text into lines that fit behind an indentation.
func (p *printer) wrap(text string, indent int) []string {
	const narrowest = 20
	return legible.Wrap(text, max(narrowest, p.width-indent))
}
