package diagram

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"culvert/api"
	"culvert/legible"
)

// Measures of the picture, in pixels. Letters are of one width.
const (
	svgWidth   = 960
	svgLeft    = 110 // lifeline of us
	svgRight   = svgWidth - 30
	svgTop     = 76
	svgLine    = 18
	svgColumns = (svgRight - svgLeft - 40) * 10 / 72 // letters between the lifelines
)

// svgStyle follows the reader's choice of light or dark; colours have a contrast of 4.5 and more with their ground.
const svgStyle = `text{font:12px ui-monospace,monospace;fill:#1b1f24}.h{font-weight:bold}.p,.c{fill:#57606a}.s{stroke:#1b1f24}.w{fill:#a40e26}.x{stroke:#a40e26}.l{stroke:#8c959f}.g{fill:#fff}` +
	`@media(prefers-color-scheme:dark){text{fill:#e6edf3}.p,.c{fill:#9da7b3}.s{stroke:#e6edf3}.w{fill:#ff8182}.x{stroke:#ff8182}.l{stroke:#6e7681}.g{fill:#0d1117}}`

// A picture is an SVG that grows downwards.
type picture struct {
	b     strings.Builder
	start time.Time
	y     int
}

// SVG draws a trace as a picture that stands alone.
func SVG(t *api.Trace) string {
	p := &picture{start: t.Started, y: svgTop}
	steps(t, p.message, p.mark)
	if t.Forgotten > 0 {
		p.lines("p", []string{gap(t)})
	}
	height := p.y + svgLine
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %d" role="img" aria-labelledby="title desc">`+"\n", svgWidth, height, height)
	fmt.Fprintf(&b, `<title id="title">%s</title><desc id="desc">%s</desc><style>%s</style>`+"\n", escape(title(t)), escape(description(t)), svgStyle)
	fmt.Fprintf(&b, `<rect class="g" width="%d" height="%d"/>`+"\n", svgWidth, height)
	fmt.Fprintf(&b, `<text class="h" x="12" y="22">%s</text>`+"\n", escape(title(t)))
	fmt.Fprintf(&b, `<text class="h" x="%d" y="48">us %s</text><text class="h" x="%d" y="48" text-anchor="end">%s</text>`+"\n", svgLeft, escape(t.Local), svgRight, escape(peer(t)))
	for _, x := range []int{svgLeft, svgRight} {
		fmt.Fprintf(&b, `<line class="l" x1="%d" y1="56" x2="%[1]d" y2="%d"/>`+"\n", x, height-4)
	}
	return b.String() + p.b.String() + "</svg>\n"
}

// message draws an arrow with its words: what it is above, what is in it below.
func (p *picture) message(m *api.TraceMessage) {
	p.b.WriteString("<g>")
	fmt.Fprintf(&p.b, `<text class="c" x="12" y="%d">%s</text>`, p.y, clock(m.Time.Sub(p.start)))
	p.word("h", svgLeft+16, "start", head(m))
	p.word("p", svgRight-16, "end", facts(m))
	p.y += 8
	p.arrow(m)
	p.y += svgLine - 4
	p.lines("p", legible.Wrap(strings.Join(contents(m), ", "), svgColumns))
	p.b.WriteString("</g>\n")
	p.y += 6
}

func (p *picture) word(class string, x int, anchor, text string) {
	fmt.Fprintf(&p.b, `<text class="%s" x="%d" y="%d" text-anchor="%s">%s</text>`, class, x, p.y, anchor, escape(text))
}

func (p *picture) arrow(m *api.TraceMessage) {
	from, to, class, dash := svgLeft, svgRight, "s", ""
	if m.Direction == api.TraceReceived {
		from, to = to, from
	}
	if m.Response {
		dash = ` stroke-dasharray="6 3"`
	}
	if m.Dropped != "" {
		class, to = "x", (svgLeft+svgRight)/2
	}
	back := 7
	if from > to {
		back = -7
	}
	fmt.Fprintf(&p.b, `<line class="%s" x1="%d" y1="%d" x2="%d" y2="%[3]d"%[5]s/>`, class, from, p.y, to, dash)
	fmt.Fprintf(&p.b, `<path class="%s" fill="none" d="M%d %dl%d -4m%[5]d 4l%[4]d 4"/>`, class, to, p.y, -back, back)
}

// lines writes text between the lifelines.
func (p *picture) lines(class string, lines []string) {
	for _, line := range lines {
		if line != "" {
			p.word(class, svgLeft+16, "start", line)
			p.y += svgLine - 2
		}
	}
}

func (p *picture) mark(m *api.TraceMark) {
	class := "h"
	if m.Problem != nil {
		class = "w"
	}
	fmt.Fprintf(&p.b, `<g><text class="c" x="12" y="%d">%s</text>`, p.y, clock(m.Time.Sub(p.start)))
	p.lines(class, legible.Wrap(m.Text, svgColumns))
	p.b.WriteString("</g>\n")
	p.y += 6
}

// escape makes a text of XML, without what is no character of it.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(legible.OneLine(s))) // a Builder takes everything
	return b.String()
}
