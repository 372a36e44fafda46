package config

import (
	"bytes"
	"maps"
	"path"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"

	"culvert/explain"
)

// parse returns the body of a file, as far as it can be parsed, or nil.
func (d *decoder) parse(name string, raw []byte) *section {
	whole := &section{at: hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}}
	if !d.readable(name, raw) {
		return nil
	}
	if tooComplex(name, raw) {
		d.report(explain.ConfigSyntax, whole.at, finding{message: "brackets are nested too deeply", hint: "a block in a block in a block is as deep as it goes"})
		return nil
	}
	var diags hcl.Diagnostics
	if path.Ext(name) == ".json" {
		whole.object, diags = json.ParseExpression(raw, name)
		d.syntax(diags)
		if diags.HasErrors() {
			return nil
		}
		return whole
	}
	if whole.native, diags = parseNative(name, raw, hcl.InitialPos); diags.HasErrors() {
		refused := diags
		if whole.native, diags = parsePieces(name, raw); !diags.HasErrors() {
			diags = refused // the parts are right, the file is not
		}
	}
	d.syntax(diags)
	return whole
}

func parseNative(name string, raw []byte, start hcl.Pos) (*hclsyntax.Body, hcl.Diagnostics) {
	parsed, diags := hclsyntax.ParseConfig(raw, name, start)
	if parsed != nil {
		if body, ok := parsed.Body.(*hclsyntax.Body); ok {
			return body, diags
		}
	}
	return &hclsyntax.Body{}, diags
}

// parsePieces parses each part of a file that begins with a word at the beginning of a line by itself: the parser does not
// find its way back after a mistake, and the blocks behind it are worth a look as well.
func parsePieces(name string, raw []byte) (*hclsyntax.Body, hcl.Diagnostics) {
	whole := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}}
	var all hcl.Diagnostics
	lines := regexp.MustCompile(`\n[A-Za-z]`)
	begin := 0 // what stands before the first such line is a part as well
	for begin < len(raw) {
		end := len(raw)
		if next := lines.FindIndex(raw[begin:]); next != nil {
			end = begin + next[0] + 1
		}
		start := hcl.Pos{Line: 1 + bytes.Count(raw[:begin], []byte("\n")), Column: 1, Byte: begin}
		body, diags := parseNative(name, raw[begin:end], start)
		all = append(all, diags...)
		maps.Copy(whole.Attributes, body.Attributes)
		whole.Blocks = append(whole.Blocks, body.Blocks...)
		begin = end
	}
	return whole, all
}

// syntax reports what the parser has to say: the first thing of each place, and of a string that does not end only where it
// begins, as every line below it is then taken for another one.
func (d *decoder) syntax(diags hcl.Diagnostics) {
	const openString = "Invalid multi-line string"
	seen := make(map[hcl.Pos]bool)
	line := -1 // of the last open string
	for _, diag := range diags {
		if diag.Subject == nil || seen[diag.Subject.Start] {
			continue
		}
		at := *diag.Subject
		seen[at.Start] = true
		follows := diag.Summary == openString && at.Start.Line == line+1
		if diag.Summary == openString {
			line = at.Start.Line
		}
		switch {
		case follows:
		case diag.Summary == "Attribute redefined":
			d.report(explain.ConfigDuplicate, at, finding{message: "the option is given twice", hint: "remove one of the two"})
		default:
			d.broken = true
			d.report(explain.ConfigSyntax, at, syntaxFinding(diag))
		}
	}
}

// syntaxFinding puts the most frequent mistakes into our own words.
func syntaxFinding(diag *hcl.Diagnostic) finding {
	const oneLine = "put each option and each block on a line of its own"
	switch diag.Summary {
	case "Invalid single-argument block definition":
		return finding{message: "a block on one line holds at most one option", hint: oneLine}
	case "Argument definition required":
		return finding{message: "a block on one line holds no other block", hint: oneLine}
	case "Missing newline after argument", "Missing newline after block definition":
		return finding{message: "something follows on the same line", hint: oneLine}
	case "Invalid multi-line string":
		return finding{message: "a string does not end on its line", hint: "add the closing quote"}
	}
	return finding{message: lowered(diag.Summary), hint: strings.Join(strings.Fields(diag.Detail), " ")}
}

func lowered(s string) string { return strings.ToLower(s[:1]) + s[1:] }
