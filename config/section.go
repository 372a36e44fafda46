package config

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"culvert/explain"
)

// A section is the body of a file or block, in one of the two syntaxes.
type section struct {
	native *hclsyntax.Body
	object hcl.Expression // of JSON
	labels []label
	at     hcl.Range // of the header
}

// A label is the name of a block.
type label struct {
	text string
	span hcl.Range
}

// An entry is an option or a block as it stands in a section.
type entry struct {
	name  string
	span  hcl.Range // of the name
	expr  hcl.Expression
	block *section // nil for an option
}

// entries lists what stands in a section, in the order of the file.
func (d *decoder) entries(s *schema, in *section) []entry {
	var list []entry
	if in.native != nil {
		list = nativeEntries(in.native)
	} else {
		list = d.jsonEntries(s, in.object)
	}
	slices.SortStableFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(s.rank(a), s.rank(b)), a.span.Start.Byte-b.span.Start.Byte)
	})
	return list
}

// rank is 0 for the entry that is read first.
func (s *schema) rank(e entry) int {
	if e.name == s.first && e.block == nil {
		return 0
	}
	return 1
}

func nativeEntries(body *hclsyntax.Body) []entry {
	var list []entry
	for _, a := range body.Attributes {
		list = append(list, entry{name: a.Name, span: a.NameRange, expr: a.Expr})
	}
	for _, b := range body.Blocks {
		inner := &section{native: b.Body, at: b.DefRange()}
		for i, text := range b.Labels {
			inner.labels = append(inner.labels, label{text, b.LabelRanges[i]})
		}
		list = append(list, entry{name: b.Type, span: b.TypeRange, block: inner})
	}
	return list
}

// jsonEntries tells blocks from options by the schema, as JSON has objects for both. The key "//" is a comment.
func (d *decoder) jsonEntries(s *schema, object hcl.Expression) []entry {
	var list []entry
	for _, p := range d.pairs(s.title(), object) {
		switch n := s.nested(p.text); {
		case p.text == "//":
		case n == nil:
			list = append(list, entry{name: p.text, span: p.span, expr: p.value})
		case n.many:
			for _, labelled := range d.pairs(p.text, p.value) {
				list = append(list, jsonBlocks(p, labelled.value, labelled.label)...)
			}
		default:
			list = append(list, jsonBlocks(p, p.value)...)
		}
	}
	return list
}

// jsonBlocks returns the block of an object, or the blocks of a list of objects.
func jsonBlocks(p pair, value hcl.Expression, labels ...label) []entry {
	var list []entry
	for _, e := range elements(value) {
		at := p.span
		if len(labels) > 0 {
			at = labels[0].span
		}
		list = append(list, entry{name: p.text, span: at, block: &section{object: e, labels: labels, at: at}})
	}
	return list
}

// A pair is a member of an object.
type pair struct {
	label
	value hcl.Expression
}

// pairs lists the members of an object that stands for what is named.
func (d *decoder) pairs(what string, object hcl.Expression) []pair {
	members, diags := hcl.ExprMap(object)
	if diags.HasErrors() {
		d.report(explain.ConfigWrongType, object.Range(), finding{message: what + " takes an object"})
		return nil
	}
	var list []pair
	for _, m := range members {
		if key, ok := stringOf(m.Key); ok {
			list = append(list, pair{label{key, m.Key.Range()}, m.Value})
			continue
		}
		d.report(explain.ConfigWrongType, m.Key.Range(), finding{message: what + ": a key is a name in quotes"})
	}
	return list
}
