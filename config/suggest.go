package config

import (
	"fmt"
	"slices"
	"strings"

	"culvert/legible"
)

// suggest says what an unknown name probably meant: a misspelt one, one in the wrong syntax, one of another block, or
// one of strongSwan's.
func suggest(s *schema, e entry) string {
	if hint := otherFormat(s, e); hint != "" {
		return hint
	}
	if e.block != nil && s.option(e.name) != nil {
		return fmt.Sprintf("%s is an option here: write %[1]s = ...", e.name)
	}
	if e.block == nil && s.nested(e.name) != nil {
		return fmt.Sprintf("%s is a block here: write %[1]s { ... }", e.name)
	}
	if near := legible.Closest(e.name, s.names()); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if hint := otherBlock(s, e); hint != "" {
		return hint
	}
	switch o, home := lookup(s, e.name); {
	case o == nil:
	case o.name == e.name:
		return fmt.Sprintf("%s belongs in the block %s", o.name, home.kind)
	case home.kind == s.kind:
		return fmt.Sprintf("it is called %s here", o.name)
	default:
		return fmt.Sprintf("it is called %s here, in the block %s", o.name, home.kind)
	}
	return "there are " + strings.Join(s.names(), ", ")
}

// otherFormat tells a file that is strongSwan's by its first section.
func otherFormat(s *schema, e entry) string {
	if s.kind == configurationKind && e.block != nil && len(e.block.labels) == 0 && (e.name == "connections" || e.name == "secrets") {
		return "this looks like swanctl.conf: read it with --swanctl, or turn it into culvert.hcl with `culvert import swanctl`"
	}
	return ""
}

// otherBlock says what an unknown block probably meant: strongSwan's children, or a block of another block.
func otherBlock(s *schema, e entry) string {
	if e.block == nil {
		return ""
	}
	for _, n := range s.blocks {
		if strings.HasPrefix(e.name, n.kind) {
			return fmt.Sprintf("did you mean %q?", n.kind)
		}
	}
	for _, home := range schemas() {
		if home.nested(e.name) != nil {
			return fmt.Sprintf("%s belongs in the block %s", e.name, home.kind)
		}
	}
	return ""
}

// names lists the options and blocks of a block.
func (s *schema) names() []string {
	var names []string
	for _, o := range s.options {
		names = append(names, o.name)
	}
	for _, n := range s.blocks {
		names = append(names, n.kind)
	}
	return names
}

// lookup finds the first option that has a name, here or with strongSwan, and the block that has it: in the block itself before
// all others, and in those that lie deep inside of others last.
func lookup(here *schema, name string) (*option, schema) {
	others := schemas()
	slices.SortStableFunc(others, func(a, b schema) int { return depth(a) - depth(b) })
	for _, s := range append([]schema{*here}, others...) {
		for i := range s.options {
			if o := &s.options[i]; o.name == name || o.knownAs(name) {
				return o, s
			}
		}
	}
	return nil, schema{}
}

// depth tells blocks that lie deep inside of others, such as local.eap.tls, from all else.
func depth(s schema) int { return max(1, strings.Count(s.path, ".")) }

// knownAs reports whether strongSwan has the option under this name: "local.certs" is looked for as "certs" too.
func (o *option) knownAs(name string) bool {
	return o.aka == name || strings.HasSuffix(o.aka, "."+name)
}

// schemas lists every kind of block, outermost first, each bound to a fresh value.
func schemas() []schema {
	var list []schema
	var walk func(s schema)
	walk = func(s schema) {
		list = append(list, s)
		for _, n := range s.blocks {
			walk(n.open())
		}
	}
	walk(new(file).schema(newConfig()))
	return list
}
