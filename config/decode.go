package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"culvert/explain"
	"culvert/keystore"
)

// A decoder reads the files of one configuration and collects what is wrong with them.
type decoder struct {
	Source
	config   *Config
	texts    map[string]*text // by path
	findings Diagnostics
	opened   map[string]hcl.Range // the blocks of all files
	exposed  map[string]bool      // files of secrets that everybody can read
	depth    int                  // of includes
	errors   int                  // among the findings
	main     string               // the first file; "": there is none
	known    []keystore.Module    // once a key has asked for them
	broken   bool                 // a file does not parse: what seems to be missing may stand in what was skipped

	modulesOnly bool // PKCS #11 modules are read, and nothing else
}

// body fills a block from the file. opened are the blocks that it has already.
func (d *decoder) body(s schema, in *section, opened map[string]hcl.Range) {
	s.origin.block, s.origin.present = in.at, true
	before := d.errors
	for _, e := range d.entries(&s, in) {
		if e.block != nil {
			d.block(&s, e, opened)
		} else {
			d.attribute(&s, e)
		}
	}
	d.required(&s, opened)
	for _, n := range s.blocks {
		if _, ok := opened[n.kind]; !ok && !n.many {
			d.absent(n.open(), in.at)
		}
	}
	if s.finish != nil && d.errors == before {
		s.finish(d) // otherwise it would complain of defaults that stand in for what is wrong
	}
}

// absent finishes a block that is not in the file, at the place of the one around it.
func (d *decoder) absent(s schema, at hcl.Range) {
	s.origin.block = at
	for _, n := range s.blocks {
		if !n.many {
			d.absent(n.open(), at)
		}
	}
	if s.finish != nil {
		s.finish(d)
	}
}

// attribute reads one option.
func (d *decoder) attribute(s *schema, e entry) {
	o := s.option(e.name)
	switch {
	case o == nil:
		d.unknown(s, e)
	case s.origin.Given(o.name):
		d.report(explain.ConfigDuplicate, e.span, finding{
			message: fmt.Sprintf("%s has the option %s twice", s.title(), o.name), hint: "it stands at " + s.origin.Place(o.name).String() + " already"})
	default:
		o.slot.read(d, o, s.origin, e.expr)
	}
}

// block reads one inner block.
func (d *decoder) block(s *schema, e entry, opened map[string]hcl.Range) {
	n := s.nested(e.name)
	if n == nil {
		d.unknown(s, e)
		return
	}
	inner := n.open()
	d.setLabel(&inner, e)
	title := inner.title()
	if first, twice := opened[title]; twice {
		d.report(explain.ConfigDuplicate, e.block.at, finding{
			message: fmt.Sprintf("%s has a second block %s", s.title(), title), hint: "the first one is at " + placeOf(first).String()})
		if !n.many {
			return
		}
	}
	opened[title] = e.block.at
	d.body(inner, e.block, make(map[string]hcl.Range))
}

// setLabel gives a block its label.
func (d *decoder) setLabel(s *schema, e entry) {
	labels := e.block.labels
	switch {
	case s.label == nil && len(labels) > 0:
		d.report(explain.ConfigBadName, labels[0].span, finding{message: fmt.Sprintf("a block %s has no name", s.kind), hint: "remove " + quote(labels[0].text)})
	case s.label == nil:
	case len(labels) != 1:
		d.report(explain.ConfigBadName, e.span, finding{message: fmt.Sprintf("a block %s has one name", s.kind), hint: fmt.Sprintf(`write %s "name" {`, s.kind)})
	default:
		*s.label = labels[0].text
		check, expected := checkName, nameExpected
		if s.free {
			check, expected = checkFreeName, freeNameExpected
		}
		if err := check(labels[0].text); err != nil {
			d.report(explain.ConfigBadName, labels[0].span, finding{message: fmt.Sprintf("a %s cannot have this name: %v", s.kind, err), expected: expected})
		}
	}
}

// required reports the options and blocks that are not there.
func (d *decoder) required(s *schema, opened map[string]hcl.Range) {
	if d.broken {
		return
	}
	for _, o := range s.options {
		if o.required && !s.origin.Given(o.name) {
			d.report(explain.ConfigMissingKey, s.origin.block, finding{message: s.title() + " lacks " + o.name, expected: o.slot.kind(), hint: firstSentence(o.doc)})
		}
	}
	for _, n := range s.blocks {
		if _, ok := opened[n.kind]; n.required && !ok {
			d.report(explain.ConfigMissingKey, s.origin.block, finding{message: s.title() + " lacks the block " + n.kind})
		}
	}
}

func firstSentence(doc string) string {
	if i := strings.Index(doc, ". "); i >= 0 {
		return doc[:i+1]
	}
	return doc
}

// unknown reports an option or block that does not exist, and looks for what was meant.
func (d *decoder) unknown(s *schema, e entry) {
	if len(d.findings) == mostFindings {
		d.errors++ // without looking for what nobody will read
		return
	}
	what, code := "option", explain.ConfigUnknownKey
	if e.block != nil {
		what, code = "block", explain.ConfigUnknownBlock
	}
	if slices.ContainsFunc(d.findings, func(f Diagnostic) bool { return f.Code == explain.ConfigSyntax }) {
		d.report(code, e.span, finding{message: s.title() + " has no such " + what, hint: otherFormat(s, e)}) // its name may be a secret that has lost its quotes
		return
	}
	d.report(code, e.span, finding{
		message: fmt.Sprintf("%s has no %s %s", s.title(), what, quote(e.name)),
		hint:    suggest(s, e),
	})
}
