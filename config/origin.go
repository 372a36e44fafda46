package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// A Place is a position in a file. Line and Column count from 1, columns in characters.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String returns "file:line:column", or the file alone when there is no line.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

func placeOf(r hcl.Range) Place { return Place{r.Filename, r.Start.Line, r.Start.Column} }

// An Origin remembers where a block and its options stand in the files.
type Origin struct {
	block   hcl.Range
	present bool
	options map[string]hcl.Range // of the values
}

// Place returns the position of an option's value, or of the block when the option is not given.
func (o *Origin) Place(option string) Place { return placeOf(o.span(option)) }

// Present reports whether the files have the block, rather than that everything in it is at its default.
func (o *Origin) Present() bool { return o.present }

// Given reports whether the files give the option, rather than leave it at its default.
func (o *Origin) Given(option string) bool {
	_, ok := o.options[option]
	return ok
}

func (o *Origin) span(option string) hcl.Range {
	if r, ok := o.options[option]; ok {
		return r
	}
	return o.block
}

// first returns the first of the options that the files give, or "".
func (o *Origin) first(options ...string) string {
	for _, name := range options {
		if o.Given(name) {
			return name
		}
	}
	return ""
}

func (o *Origin) record(option string, r hcl.Range) {
	if o.options == nil {
		o.options = make(map[string]hcl.Range)
	}
	o.options[option] = r
}
