package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"culvert/explain"
	"culvert/legible"
)

// Severity tells what keeps a configuration from being used from what merely deserves a look, or may do so.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note" // what only some need to know
)

// A Diagnostic is one thing that is wrong with a configuration.
type Diagnostic struct {
	Severity Severity     `json:"severity"`
	Code     explain.Code `json:"code"`
	Place
	Length   int    `json:"length"`             // characters that are meant, from Column on; 0 is unknown
	Message  string `json:"message"`            // what is wrong
	Expected string `json:"expected,omitempty"` // what could stand there
	Hint     string `json:"hint,omitempty"`     // what to do
	Source   string `json:"source,omitempty"`   // the line, without secrets
}

// String returns the diagnostic as people read it: place, message and code, the line with a caret below, and what to do.
func (d Diagnostic) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s [%s]\n", d.Place, d.Severity, d.Message, d.Code)
	if d.Source != "" {
		line := fmt.Sprint(d.Line)
		window, column := focus(d.Source, d.Column)
		fmt.Fprintf(&b, "  %s | %s\n", line, window)
		fmt.Fprintf(&b, "  %s | %s\n", strings.Repeat(" ", len(line)), caret(window, column, d.Length))
	}
	if d.Expected != "" {
		fmt.Fprintf(&b, "  expected: %s\n", d.Expected)
	}
	if d.Hint != "" {
		fmt.Fprintf(&b, "  hint: %s\n", d.Hint)
	}
	return b.String()
}

// Diagnostics is all that is wrong with a configuration, in the order of files and lines.
type Diagnostics []Diagnostic

// Errors reports whether there is an error among the diagnostics.
func (ds Diagnostics) Errors() bool { return ds.count(Error) > 0 }

// String returns all diagnostics and their number.
func (ds Diagnostics) String() string {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.String())
	}
	b.WriteString(ds.Summary())
	return b.String()
}

// Summary returns "2 errors, 1 warning", and notes if there are any.
func (ds Diagnostics) Summary() string {
	s := legible.Count(ds.count(Error), "error") + ", " + legible.Count(ds.count(Warning), "warning")
	if n := ds.count(Note); n > 0 {
		s += ", " + legible.Count(n, "note")
	}
	return s
}

// Concern returns the diagnostics that are more than notes.
func (ds Diagnostics) Concern() Diagnostics {
	return slices.DeleteFunc(slices.Clone(ds), func(d Diagnostic) bool { return d.Severity == Note })
}

// Err returns the diagnostics as an error, or nil when there is no error among them.
func (ds Diagnostics) Err() error {
	if !ds.Errors() {
		return nil
	}
	return &InvalidError{ds}
}

// An InvalidError says that a configuration was refused.
type InvalidError struct{ Diagnostics Diagnostics }

// Error names the first error; all of them are in Diagnostics.
func (e *InvalidError) Error() string {
	i := slices.IndexFunc(e.Diagnostics, func(d Diagnostic) bool { return d.Severity == Error })
	first := e.Diagnostics[i]
	return fmt.Sprintf("configuration refused with %s; the first: %s: %s [%s]", e.Diagnostics.Summary(), first.Place, first.Message, first.Code)
}

func (ds Diagnostics) count(s Severity) int {
	n := 0
	for _, d := range ds {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// A finding is what a check has to say about a place.
type finding struct{ message, expected, hint string }

func (d *decoder) report(code explain.Code, span hcl.Range, f finding) { d.add(Error, code, span, f) }
func (d *decoder) warn(code explain.Code, span hcl.Range, f finding)   { d.add(Warning, code, span, f) }
func (d *decoder) note(code explain.Code, span hcl.Range, f finding)   { d.add(Note, code, span, f) }

// mostFindings bounds the diagnostics: whoever has 1000 mistakes has one that matters.
const mostFindings = 1000

// add appends a diagnostic, whose words may come from the file.
func (d *decoder) add(s Severity, code explain.Code, span hcl.Range, f finding) {
	if s == Error {
		d.errors++
	}
	if len(d.findings) == mostFindings {
		return
	}
	length := 1
	if span.Start.Line == span.End.Line {
		length = max(1, span.End.Column-span.Start.Column)
	}
	source := d.line(span.Filename, span.Start.Line)
	d.findings = append(d.findings, Diagnostic{
		Severity: s, Code: code, Place: placeOf(span), Length: length,
		Message: printable(f.message), Expected: printable(f.expected), Hint: printable(f.hint), Source: source,
	})
}

// contradiction reports an option that cannot be together with others.
func (d *decoder) contradiction(o *Origin, option, format string, args ...any) {
	d.report(explain.ConfigContradiction, o.span(option), finding{message: fmt.Sprintf(format, args...)})
}

// missing reports an option that others make necessary.
func (d *decoder) missing(o *Origin, block, option, why string) {
	if !d.broken {
		d.report(explain.ConfigMissingKey, o.block, finding{message: block + " lacks " + option, hint: why})
	}
}

// lacks reports a credential that others make necessary. What has loaded a fragment may load its credentials later.
func (d *decoder) lacks(o *Origin, block, option, why string) {
	if !d.fragment(o) {
		d.missing(o, block, option, why)
	}
}

// fragment tells whether a block was loaded by something that loads credentials apart from connections.
func (d *decoder) fragment(o *Origin) bool { return d.Loaders[o.block.Filename] != "" }

// sort puts the diagnostics in the order in which the files were read, then of lines. Files of users come after those of the
// configuration.
func (d *decoder) sort() {
	rank := make(map[string]int)
	for i, path := range d.config.Paths {
		rank[path] = i
	}
	for _, f := range d.findings {
		if _, ok := rank[f.File]; !ok {
			rank[f.File] = len(rank)
		}
	}
	slices.SortStableFunc(d.findings, func(a, b Diagnostic) int {
		if by := rank[a.File] - rank[b.File]; by != 0 {
			return by
		}
		if by := a.Line - b.Line; by != 0 {
			return by
		}
		return a.Column - b.Column
	})
}
