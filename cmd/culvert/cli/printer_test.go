package cli

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"culvert/legible"
)

func printerOf(colour bool, width int) (*printer, *bytes.Buffer) {
	b := new(bytes.Buffer)
	return &printer{w: b, colour: colour, width: width}, b
}

func TestTablesAlignTheirColumns(t *testing.T) {
	p, b := printerOf(false, 40)
	p.table([]string{"NAME", "STATE", "MORE"}, [][]cell{
		{plain("office"), {"up", p.good}, plain("")},
		{plain("a-longer-name"), plain("waiting"), plain("the last column goes on below itself when it is long")},
		{plain("zürich"), plain(""), plain("x")},
	})
	want := `NAME           STATE    MORE
office         up
a-longer-name  waiting  the last column goes
                        on below itself when
                        it is long
zürich                  x
` // the last column is never narrower than twenty characters
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestColoursDoNotDisturbColumns(t *testing.T) {
	rows := func(p *printer) [][]cell {
		return [][]cell{{{"up", p.good}, plain("one")}, {{"waiting", p.warn}, plain("two")}, {{"", p.bad}, {"three", p.faint}}}
	}
	bare, without := printerOf(false, 80)
	bare.table([]string{"A", "B"}, rows(bare))
	painted, with := printerOf(true, 80)
	painted.table([]string{"A", "B"}, rows(painted))
	if got := stripped(with.String()); got != without.String() {
		t.Errorf("got\n%q\nwant\n%q", got, without.String())
	}
	if !strings.Contains(with.String(), "\x1b[32mup\x1b[0m") {
		t.Errorf("no colour in %q", with.String())
	}
}

// stripped takes the colours off.
func stripped(s string) string {
	for {
		i := strings.Index(s, "\x1b[")
		if i < 0 {
			return s
		}
		s = s[:i] + s[i+strings.IndexByte(s[i:], 'm')+1:]
	}
}

func TestTextsHangFromTheirMarks(t *testing.T) {
	p, b := printerOf(false, 30)
	p.indented("warning: ", "this is more than fits on one line of thirty")
	want := "warning: this is more than\n         fits on one line of\n         thirty\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	p, b = printerOf(true, 30)
	p.hanging("> ", cell{"red from the first word to the last", p.bad})
	if got := b.String(); got != "> \x1b[31mred from the first word to\x1b[0m\n  \x1b[31mthe last\x1b[0m\n" {
		t.Errorf("got %q", got)
	}
}

// Whatever is printed, a terminal obeys nothing but our own colours.
func TestNothingButOurColoursReachesTheTerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + rapid.SampledFrom([]string{"", "\x1b[2J", "\x1b]0;x\a", "\u009b31m", "\r", "\xff\x9b"}).Draw(t, "attack")
		p, b := printerOf(true, 80)
		p.line("%s %v", text, p.good(text))
		p.indented(legible.Clean(text), text)
		p.table([]string{"A", "B"}, [][]cell{{plain(text), {text, p.bad}}})
		for _, r := range stripped(b.String()) {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				t.Fatalf("%q in %q", r, b.String())
			}
		}
	})
}
