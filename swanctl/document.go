package swanctl

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A block is one of Culvert's configuration, or with the empty kind all of a file.
type block struct {
	origin
	kind, label string
	comments    []string // above it
	options     []option
	blocks      []*block
}

// An option is one line of a block.
type option struct {
	origin
	name, value string
	comments    []string
}

// set gives an option its value, as a file has it.
func (b *block) set(at origin, name, value string) {
	o := option{origin: at, name: name, value: value}
	if i := slices.IndexFunc(b.options, func(o option) bool { return o.name == name }); i >= 0 {
		b.options[i] = o
		return
	}
	b.options = append(b.options, o)
}

func (b *block) has(name string) bool {
	return slices.ContainsFunc(b.options, func(o option) bool { return o.name == name })
}

// note puts a comment above the block.
func (b *block) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(b.comments, text) {
		b.comments = append(b.comments, text)
	}
}

// open appends an empty block.
func (b *block) open(at origin, kind, label string) *block {
	inner := &block{origin: at, kind: kind, label: label}
	b.blocks = append(b.blocks, inner)
	return inner
}

// empty tells whether nothing is in the block.
func (b *block) empty() bool { return len(b.options) == 0 && len(b.blocks) == 0 }

// A text is a file that is written line by line, with the origin of each line.
type text struct {
	strings.Builder
	lines []origin
}

func (t *text) line(at origin, depth int, s string) {
	t.WriteString(strings.Repeat("  ", depth) + s + "\n")
	t.lines = append(t.lines, at)
}

// write appends a block as configuration has it. Blocks without contents are left out unless they have a label.
func (b *block) write(t *text, depth int) {
	if b.kind != "" {
		for _, c := range b.comments {
			t.line(b.origin, depth, "# "+c)
		}
		head := b.kind
		if b.label != "" {
			head += " " + quote(b.label)
		}
		t.line(b.origin, depth, head+" {")
		depth++
	}
	b.writeOptions(t, depth)
	for _, inner := range b.blocks {
		if inner.label != "" || !inner.empty() {
			inner.write(t, depth)
		}
	}
	if b.kind != "" {
		t.line(b.origin, depth-1, "}")
	}
}

// writeOptions aligns the values, as hclfmt does.
func (b *block) writeOptions(t *text, depth int) {
	width := 0
	for _, o := range b.options {
		width = max(width, len(o.name))
	}
	for _, o := range b.options {
		for _, c := range o.comments {
			t.line(o.origin, depth, "# "+c)
		}
		t.line(o.origin, depth, fmt.Sprintf("%-*s = %s", width, o.name, o.value))
	}
}

// quote writes a string as HCL has it.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// list writes strings as a list.
func list(values ...string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
